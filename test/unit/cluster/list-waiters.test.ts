import { describe, expect, it } from 'vitest'
import { ListWaiters } from '../../../src/cluster/list-waiters.ts'
import { ClosedError, TimeoutError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'

const forever = Number.POSITIVE_INFINITY

function createWaiters(): ListWaiters {
  return new ListWaiters(
    (timeoutMs) => new TimeoutError(`nothing came within ${timeoutMs} ms`, { delivery: 'not-sent' }),
  )
}

describe('a wait for the list of servers', () => {
  it('ends when the list is there', async () => {
    const waiters = createWaiters()
    const waits = [waiters.wait(forever, undefined), waiters.wait(60_000, new AbortController().signal)]
    expect(waiters.size).toBe(2)
    waiters.release()
    await Promise.all(waits)
    expect(waiters.size).toBe(0)
  })

  it('ends when its time is up, and leaves the others waiting', async () => {
    const waiters = createWaiters()
    const other = waiters.wait(forever, undefined)
    expect((await rejection(waiters.wait(5, undefined))).message).toBe('nothing came within 5 ms')
    expect(waiters.size).toBe(1)
    waiters.release()
    await other
  })

  it('ends with the reason of its signal, also of one that aborted before', async () => {
    const waiters = createWaiters()
    const controller = new AbortController()
    const wait = waiters.wait(forever, controller.signal)
    const reason = new Error('no longer wanted')
    controller.abort(reason)
    expect(await rejection(wait)).toBe(reason)
    expect(await rejection(waiters.wait(forever, controller.signal))).toBe(reason)
    expect(waiters.size).toBe(0)
  })

  it('ends with the error when there will be no list', async () => {
    const waiters = createWaiters()
    const wait = rejection(waiters.wait(forever, undefined))
    const error = new ClosedError('the client is closed', { delivery: 'not-sent' })
    waiters.fail(error)
    expect(await wait).toBe(error)
    expect(waiters.size).toBe(0)
  })
})
