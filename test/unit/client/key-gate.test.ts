import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeyGate } from '../../../src/client/key-gate.ts'
import { TimeoutError } from '../../../src/errors.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET, type Request } from '../../../src/protocol/request.ts'

const made: Request = { command: 'set', data: 'small', bytes: 5, clientFlags: 8, exptime: 0, cas: 0n }

/** A gate, what has passed it, and a way to make operations whose failures are kept. */
function open() {
  const passed: Operation[] = []
  const failures: unknown[] = []
  const gate = new KeyGate((operation) => passed.push(operation), { maxPending: 100, maxPendingBytes: 1000 })
  const operation = (key: string, timeoutMs = 1000): Operation => {
    const one = new Operation(GET, key, key, timeoutMs, () => undefined)
    one.reject = (reason) => failures.push(reason)
    return one
  }
  return { gate, passed, failures, operation }
}

describe('a key gate', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('lets commands for a key pass in order once its values are made', async () => {
    const { gate, passed, operation } = open()
    const [first, second, read] = [operation('a'), operation('a'), operation('a')]
    const slow = withResolvers<Request>()
    gate.prepare(first, slow.promise)
    gate.prepare(second, Promise.resolve(made))
    expect(gate.hold(read)).toBe(true)
    expect(gate.hold(operation('b'))).toBe(false)
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([])
    slow.resolve(made)
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([first, second, read])
    expect(first.request).toBe(made)
    expect(gate.closed).toBe(false)
  })

  it('lets the others pass when a value cannot be made', async () => {
    const { gate, passed, failures, operation } = open()
    const [broken, read] = [operation('a'), operation('a')]
    gate.prepare(broken, Promise.reject(new Error('no')))
    gate.hold(read)
    await vi.advanceTimersByTimeAsync(0)
    expect(failures).toEqual([new Error('no')])
    expect(passed).toEqual([read])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends commands whose time is up, or that are aborted, where they wait', async () => {
    const { gate, passed, failures, operation } = open()
    const slow = withResolvers<Request>()
    const [first, late, aborted] = [operation('a', 5000), operation('a', 50), operation('a')]
    gate.prepare(first, slow.promise)
    gate.hold(late)
    gate.hold(aborted)
    aborted.cancel('enough')
    await vi.advanceTimersByTimeAsync(60)
    expect(failures[0]).toBe('enough')
    expect(failures[1]).toBeInstanceOf(TimeoutError)
    expect((failures[1] as TimeoutError).delivery).toBe('not-sent')
    slow.resolve(made)
    await vi.advanceTimersByTimeAsync(0)
    expect(passed).toEqual([first])
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
