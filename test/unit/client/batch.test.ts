import { describe, expect, it } from 'vitest'
import { Batch, type BatchTarget } from '../../../src/client/batch.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET, type Request } from '../../../src/protocol/request.ts'

function operations(count: number, bodyBytes = 0): Operation[] {
  const request: Request =
    bodyBytes === 0 ? GET : { command: 'set', data: '', bytes: bodyBytes, clientFlags: 0, exptime: 0, cas: 0n }
  return Array.from(
    { length: count },
    (_, index) => new Operation(request, `k${index}`, `k${index}`, 1000, () => undefined),
  )
}

/** Where operations go, and those that a place is kept for. */
function to(dispatch: (operation: Operation) => void, reserved: Operation[] = []): BatchTarget {
  return { dispatch, reserve: (operation) => void reserved.push(operation) }
}

describe('Batch', () => {
  it('never has more under way than its window, and settles when all have', async () => {
    const underWay: Operation[] = []
    let most = 0
    const batch = new Batch(
      operations(95),
      { operations: 10, bytes: 1000 },
      to((operation) => {
        underWay.push(operation)
        most = Math.max(most, underWay.length)
      }),
    )
    let results = 0
    const run = batch.run(() => results++, undefined)
    while (underWay.length > 0) underWay.shift()!.succeed('value')
    await run
    expect([most, results]).toEqual([10, 95])
  })

  it('counts bytes too, but always lets one through', async () => {
    const underWay: Operation[] = []
    const batch = new Batch(
      operations(5, 600),
      { operations: 10, bytes: 500 },
      to((operation) => underWay.push(operation)),
    )
    const run = batch.run(() => undefined, undefined)
    for (let left = 5; left > 0; left--) {
      expect(underWay).toHaveLength(1)
      underWay.shift()!.succeed(true)
    }
    await run
  })

  it('gathers failures by key, also of operations that fail while they are handed over', async () => {
    const batch = new Batch(
      operations(30),
      { operations: 4, bytes: 1000 },
      to((operation) => {
        if (operation.index % 2 === 0) operation.succeed('value')
        else operation.fail(new Error('down'))
      }),
    )
    await batch.run(() => undefined, undefined)
    expect(batch.failed.size).toBe(15)
    expect(batch.failed.has('k1')).toBe(true)
  })

  it('of nothing is done at once', async () => {
    await new Batch(
      [],
      { operations: 4, bytes: 1000 },
      to(() => undefined),
    ).run(() => undefined, undefined)
  })

  it('ends at an abort, hands over no more, and takes its listener back', async () => {
    const controller = new AbortController()
    const underWay: Operation[] = []
    const all = operations(10)
    const batch = new Batch(
      all,
      { operations: 4, bytes: 1000 },
      to((operation) => underWay.push(operation)),
    )
    const run = batch.run(() => undefined, controller.signal)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(run).rejects.toBe(reason)
    expect(underWay).toHaveLength(4)
    expect(all.every((operation) => operation.settled)).toBe(true)
  })

  it('keeps places for what is not dispatched yet, and for nothing of a batch of one window', async () => {
    const underWay: Operation[] = []
    const reserved: Operation[] = []
    const window = { operations: 4, bytes: 1000 }
    const target = to((operation) => underWay.push(operation), reserved)
    const all = operations(6)
    const runs = [new Batch(all, window, target).run(() => undefined, undefined)]
    expect(reserved).toEqual(all.slice(4))
    runs.push(new Batch(operations(4), window, target).run(() => undefined, undefined))
    runs.push(new Batch(operations(20), window, target).run(() => undefined, undefined, false))
    expect(reserved).toHaveLength(2)
    while (underWay.length > 0) underWay.shift()!.succeed('value')
    await Promise.all(runs)
  })

  it('settles when what it has not dispatched is ended from outside', async () => {
    const underWay: Operation[] = []
    const all = operations(10)
    const batch = new Batch(
      all,
      { operations: 4, bytes: 1000 },
      to((operation) => underWay.push(operation)),
    )
    const run = batch.run(() => undefined, undefined)
    for (const operation of all.slice(4)) operation.fail(new Error('the end'))
    for (const operation of underWay) operation.fail(new Error('the end'))
    await run
    expect(underWay).toHaveLength(4)
    expect(batch.failed.size).toBe(10)
  })
})
