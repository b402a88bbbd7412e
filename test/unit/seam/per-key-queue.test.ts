import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ClosedError, OverloadedError, TimeoutError } from '../../../src/errors.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET, type Request } from '../../../src/protocol/request.ts'
import { PerKeyQueue } from '../../../src/seam/per-key-queue.ts'

const made: Request = { command: 'set', data: 'small', bytes: 5, clientFlags: 8, exptime: 0, cas: 0n }

/** A queue, what has passed it, and a way to make operations whose failures are kept. */
function open() {
  const passed: Operation[] = []
  const failures: unknown[] = []
  const queue = new PerKeyQueue((operation) => passed.push(operation), { maxPending: 100, maxPendingBytes: 1000 })
  const operation = (key: string, timeoutMs = 1000): Operation => {
    const one = new Operation(GET, key, key, timeoutMs, () => undefined)
    one.reject = (reason) => failures.push(reason)
    return one
  }
  return { queue, passed, failures, operation }
}

describe('a queue per key', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('lets commands for a key pass in order once its values are made', async () => {
    const { queue, passed, operation } = open()
    const [first, second, read] = [operation('a'), operation('a'), operation('a')]
    const slow = withResolvers<Request>()
    queue.prepare(first, slow.promise)
    queue.prepare(second, Promise.resolve(made))
    expect(queue.hold(read)).toBe(true)
    expect(queue.hold(operation('b'))).toBe(false)
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([])
    slow.resolve(made)
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([first, second, read])
    expect(first.request).toBe(made)
    expect(queue.closed).toBe(false)
  })

  it('lets the others pass when a value cannot be made', async () => {
    const { queue, passed, failures, operation } = open()
    const [broken, read] = [operation('a'), operation('a')]
    queue.prepare(broken, Promise.reject(new Error('no')))
    queue.hold(read)
    await vi.advanceTimersByTimeAsync(0)
    expect(failures).toEqual([new Error('no')])
    expect(passed).toEqual([read])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends commands whose time is up, or that are aborted, where they wait', async () => {
    const { queue, passed, failures, operation } = open()
    const slow = withResolvers<Request>()
    const [first, late, aborted] = [operation('a', 5000), operation('a', 50), operation('a')]
    queue.prepare(first, slow.promise)
    queue.hold(late)
    queue.hold(aborted)
    aborted.cancel('enough')
    await vi.advanceTimersByTimeAsync(60)
    expect(failures[0]).toBe('enough')
    expect(failures[1]).toBeInstanceOf(TimeoutError)
    expect((failures[1] as TimeoutError).delivery).toBe('not-sent')
    slow.resolve(made)
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([first])
  })

  it('keeps places for commands that are dispatched later', async () => {
    const { queue, passed, operation } = open()
    const [first, second, behindFirst, behindBoth] = [operation('a'), operation('b'), operation('a'), operation('b')]
    queue.reserve(first)
    queue.reserve(second)
    expect(queue.hold(behindFirst)).toBe(true)
    expect(queue.hold(behindBoth)).toBe(true)
    expect(queue.hold(operation('c'))).toBe(false)
    expect(passed).toEqual([])
    expect(queue.hold(second)).toBe(true)
    expect(passed).toEqual([second, behindBoth])
    queue.prepare(first, Promise.resolve(made))
    expect(passed).toEqual([second, behindBoth])
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([second, behindBoth, first, behindFirst])
    expect(queue.closed).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps the order of one key in several commands of a batch, whatever waits between them', () => {
    const { queue, passed, operation } = open()
    const [one, two, other] = [operation('a'), operation('a'), operation('a')]
    queue.reserve(one)
    queue.reserve(two)
    queue.hold(other)
    queue.hold(two)
    expect(passed).toEqual([])
    queue.hold(one)
    expect(passed).toEqual([one, two, other])
  })

  it('lets the others pass when a command with a place is aborted', () => {
    const { queue, passed, failures, operation } = open()
    const [first, second] = [operation('a'), operation('a')]
    queue.reserve(first)
    queue.hold(second)
    first.cancel('enough')
    expect(failures).toEqual(['enough'])
    expect(passed).toEqual([second])
    expect(queue.closed).toBe(false)
  })

  it('ends a command with a place whose time is up behind an earlier one', async () => {
    const { queue, passed, failures, operation } = open()
    const [first, late] = [operation('a', 5000), operation('a', 50)]
    queue.reserve(first)
    queue.reserve(late)
    queue.hold(late)
    await vi.advanceTimersByTimeAsync(60)
    expect(failures[0]).toBeInstanceOf(TimeoutError)
    queue.hold(first)
    expect(passed).toEqual([first])
  })

  it('counts what waits against its limits, and places not', () => {
    const { queue, failures, operation } = open()
    for (let place = 0; place < 200; place++) queue.reserve(operation('a'))
    for (let waiting = 0; waiting < 100; waiting++) queue.hold(operation('a'))
    expect(failures).toEqual([])
    expect(queue.hold(operation('a'))).toBe(true)
    expect(failures[0]).toBeInstanceOf(OverloadedError)
  })

  it('holds a key back, before what waits for it already, until it is let go', () => {
    const { queue, passed, operation } = open()
    const letGo = queue.block('a')
    const [first, second] = [operation('a'), operation('a')]
    queue.hold(first)
    queue.hold(second)
    expect(queue.hold(operation('b'))).toBe(false)
    letGo()
    letGo()
    expect(passed).toEqual([first, second])
    const again: { letGo?: () => void } = {}
    const order: Operation[] = []
    const blocking = new PerKeyQueue(
      (passing) => {
        order.push(passing)
        if (order.length === 1) again.letGo = blocking.block('a')
      },
      { maxPending: 10, maxPendingBytes: 10 },
    )
    const start = blocking.block('a')
    const [third, fourth] = [operation('a'), operation('a')]
    blocking.hold(third)
    blocking.hold(fourth)
    start()
    expect(order).toEqual([third])
    again.letGo!()
    expect(order).toEqual([third, fourth])
    expect(blocking.closed).toBe(false)
  })

  it('drains with the places that it keeps, and takes no others', async () => {
    const { queue, passed, failures, operation } = open()
    const [first, second] = [operation('a'), operation('b')]
    queue.reserve(first)
    queue.reserve(second)
    const closed = new ClosedError('closed', { delivery: 'not-sent' })
    const isDrained = vi.fn()
    const drained = queue.drain(closed).then(isDrained)
    queue.hold(operation('c'))
    expect(failures).toEqual([closed])
    queue.hold(first)
    await vi.advanceTimersByTimeAsync(0)
    expect(isDrained).not.toHaveBeenCalled()
    queue.hold(second)
    await drained
    expect(passed).toEqual([first, second])
  })

  it('fails everything that it holds or keeps a place for when it is destroyed', async () => {
    const { queue, passed, failures, operation } = open()
    const closed = new ClosedError('closed', { delivery: 'not-sent' })
    queue.reserve(operation('a'))
    queue.hold(operation('a'))
    queue.prepare(operation('b'), Promise.resolve(made))
    queue.destroy(closed)
    await vi.advanceTimersByTimeAsync(0)
    expect(failures).toEqual([closed, closed, closed])
    expect(passed).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  const settle: { resolve?: (value: T) => void } = {}
  const promise = new Promise<T>((resolve) => {
    settle.resolve = resolve
  })
  return { promise, resolve: (value) => settle.resolve!(value) }
}
