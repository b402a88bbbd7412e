import { describe, expect, it } from 'vitest'
import { UnsentQueue } from '../../../src/connection/unsent-queue.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'

function operation(deadline: number): Operation {
  const one = new Operation(GET, 'k', 'k', 1000, () => undefined)
  one.deadline = deadline
  return one
}

describe('UnsentQueue', () => {
  it('gives the calls of a long turn its time back, and the calls of earlier turns none', () => {
    const queue = new UnsentQueue()
    const [earlier, again, now] = [operation(100), operation(100), operation(100)]
    queue.push(earlier)
    queue.endTurn()
    queue.push(now)
    queue.unshift([again])
    queue.forgive(40)
    expect([earlier, again, now].map(({ deadline }) => deadline)).toEqual([100, 100, 140])
  })

  it('still tells the turns apart when some of the earlier calls have left or expired', () => {
    const queue = new UnsentQueue()
    const [left, expired, earlier] = [operation(500), operation(10), operation(500)]
    for (const one of [left, expired, earlier]) queue.push(one)
    queue.endTurn()
    queue.take(
      (next) => next === left,
      () => undefined,
      () => undefined,
    )
    queue.expire(20, (one) => one.fail('late'))
    const now = operation(500)
    queue.push(now)
    queue.forgive(40)
    expect([earlier, now].map(({ deadline }) => deadline)).toEqual([500, 540])
    expect(queue.drain()).toEqual([earlier, now])
  })
})
