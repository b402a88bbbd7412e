import { describe, expect, it, vi } from 'vitest'
import {
  AuthError,
  ClientError,
  ConnectionClosedError,
  InvalidInputError,
  type MemcacheError,
  SerdeError,
  ServerDownError,
  ServerError,
  TimeoutError,
} from '../../../src/errors.ts'
import { type RetryOptions, withRetry } from '../../../src/middleware/retry.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET, type Request } from '../../../src/protocol/request.ts'

const notSent = new ServerDownError('down', { delivery: 'not-sent' })
const unknown = new ConnectionClosedError('lost', { delivery: 'unknown' })
const answered = new ServerError('out of memory', { delivery: 'answered' })
const incr: Request = { command: 'incr', delta: 1n }
const set: Request = { command: 'set', data: 'x', bytes: 1, clientFlags: 0, exptime: 0, cas: 0n }

/** Runs a command through `retry` over an executor that fails with `failures` one after the other, then succeeds. */
function run(
  options: RetryOptions,
  failures: readonly unknown[],
  request: Request = GET,
  timeoutMs = 1000,
): { operation: Operation; tries: Operation[]; outcome: Promise<unknown> } {
  const tries: Operation[] = []
  const executor = withRetry(options)({
    dispatch: (operation) => {
      if (operation.deadline === 0) operation.deadline = performance.now() + operation.timeoutMs
      const failure = failures[tries.push(operation) - 1]
      if (failure === 'silence') return
      if (failure === undefined) operation.succeed('done')
      else operation.fail(failure)
    },
  })
  const operation = new Operation(request, 'k', 'k', timeoutMs, () => undefined)
  const outcome = new Promise((resolve, reject) => {
    operation.resolve = resolve
    operation.reject = reject
  })
  executor.dispatch(operation)
  return { operation, tries, outcome }
}

describe('retry', () => {
  it('tries twice by default, and gives what came of the second', async () => {
    const { tries, outcome } = run({}, [notSent])
    expect(await outcome).toBe('done')
    expect(tries).toHaveLength(2)
  })

  it('tells its observer of every further attempt, before it begins', async () => {
    const told: string[] = []
    const operation = new Operation(GET, 'k', 'k', 1000, () => undefined)
    const failures = [notSent, new ServerDownError('down', { delivery: 'not-sent' })]
    const layer = withRetry({ attempts: 3 })
    const executor = layer(
      {
        dispatch: (inner) => {
          told.push('attempt')
          const failure = failures.shift()
          if (failure === undefined) inner.succeed('done')
          else inner.fail(failure)
        },
      },
      { retried: ({ callerKey }, attempt, error) => told.push(`${String(callerKey)}, ${attempt}, ${error.code}`) },
    )
    executor.dispatch(operation)
    expect(told).toEqual(['attempt', `k, 2, ${notSent.code}`, 'attempt', 'k, 3, MEMLANE_SERVER_DOWN', 'attempt'])
  })

  it('gives the last failure when all attempts have failed', async () => {
    const last = new ServerDownError('still down', { delivery: 'not-sent' })
    const { tries, outcome } = run({ attempts: 3 }, [notSent, notSent, last, unknown])
    await expect(outcome).rejects.toBe(last)
    expect(tries).toHaveLength(3)
  })

  it.each([
    ['an attempt that was not sent is no comfort behind one that may have run', [unknown, notSent], unknown],
    ['nor is one that was refused', [unknown, answered], unknown],
    ['nor one that was not sent behind one that was refused', [answered, notSent], answered],
    ['the last of those that may have run', [new TimeoutError('late', { delivery: 'unknown' }), unknown], unknown],
  ])('fails with what leaves the most doubt: %s', async (_what, failures, told) => {
    await expect(run({}, failures, set).outcome).rejects.toBe(told)
  })

  it('tries once with attempts 1', async () => {
    const { tries, outcome } = run({ attempts: 1 }, [notSent])
    await expect(outcome).rejects.toBe(notSent)
    expect(tries).toHaveLength(1)
  })

  it.each([
    ['incr', incr],
    ['append', { ...set, command: 'append' }],
    ['add', { ...set, command: 'add' }],
    ['cas', { ...set, command: 'cas' }],
    ['delete', { command: 'delete' }],
    ['an invalidation', { command: 'md', flags: { invalidate: true } }],
  ] as const)('never repeats %s that may have been carried out, and does what was not sent', async (_name, request) => {
    for (const failure of [unknown, answered]) {
      const once = run({ attempts: 5 }, [failure], request)
      await expect(once.outcome).rejects.toBe(failure)
      expect(once.tries).toHaveLength(1)
    }
    const twice = run({ attempts: 5 }, [notSent], request)
    expect(await twice.outcome).toBe('done')
  })

  it.each([
    ['of getOrSet', { command: 'mg', flags: { value: true, vivify: 10 } }],
    ['of has', { command: 'mg', flags: { size: true } }],
    [
      'of getOrSet in text mode, which adds a placeholder',
      { ...set, command: 'add', bytes: 0, data: '', clientFlags: 0x6d6c6b01 },
    ],
  ] as const)(
    'repeats a read %s after an error line, which carries no win token, and nothing else',
    async (_name, request) => {
      expect(await run({}, [answered], request).outcome).toBe('done')
      const always = { retryFor: () => true }
      expect(await run(always, [new ClientError('no', { delivery: 'answered' })], request).outcome).toBe('done')
      const unreadable = new SerdeError('the value came', { delivery: 'answered' })
      for (const failure of [unknown, unreadable, new TimeoutError('decompressing', { delivery: 'answered' })]) {
        const once = run({ ...always, attempts: 5 }, [failure], request)
        await expect(once.outcome).rejects.toBe(failure)
        expect(once.tries).toHaveLength(1)
      }
    },
  )

  it.each([
    ['get', GET],
    ['set', set],
    ['touch', { command: 'touch', exptime: 5 }],
  ] as const)('repeats %s also when it may have been carried out', async (_name, request) => {
    expect(await run({}, [unknown], request).outcome).toBe('done')
    expect(await run({}, [answered], request).outcome).toBe('done')
  })

  it.each<[MemcacheError]>([
    [new InvalidInputError('bad')],
    [new AuthError('wrong password')],
    [new ClientError('bad data chunk', { delivery: 'answered' })],
  ])('does not repeat what a moment does not change: %s', async (failure) => {
    await expect(run({}, [failure]).outcome).rejects.toBe(failure)
  })

  it('repeats what retryFor says, and nothing that must not be', async () => {
    const wrong = new AuthError('wrong password')
    expect(await run({ retryFor: (error) => error === wrong }, [wrong]).outcome).toBe('done')
    await expect(run({ retryFor: () => false }, [notSent]).outcome).rejects.toBe(notSent)
    await expect(run({ retryFor: () => true }, [unknown], incr).outcome).rejects.toBe(unknown)
  })

  it('rejects with what retryFor throws', async () => {
    const mistake = new Error('mistake')
    const retryFor = (): boolean => {
      throw mistake
    }
    await expect(run({ retryFor }, [notSent]).outcome).rejects.toBe(mistake)
  })

  it('does not repeat a call that was aborted', async () => {
    const { operation, tries, outcome } = run({ attempts: 5 }, ['silence'])
    const reason = new Error('no longer wanted')
    operation.cancel(reason)
    await expect(outcome).rejects.toBe(reason)
    expect(tries).toHaveLength(1)
    expect(tries[0]!.settled).toBe(true)
  })

  it('does not repeat a call that was aborted with an error like its own', async () => {
    const { operation, tries, outcome } = run({ attempts: 5 }, ['silence'])
    operation.cancel(unknown)
    await expect(outcome).rejects.toBe(unknown)
    expect(tries).toHaveLength(1)
  })

  it('gives all attempts the deadline of the first', async () => {
    const { tries, outcome } = run({ attempts: 4 }, [notSent, notSent, notSent])
    await outcome
    expect(new Set(tries.map((operation) => operation.deadline)).size).toBe(1)
  })

  it('is not settled by a late answer to an attempt that failed', async () => {
    const { tries, outcome } = run({}, [new TimeoutError('late', { delivery: 'unknown' }), 'silence'])
    tries[0]!.succeed('late')
    tries[1]!.succeed('in time')
    expect(await outcome).toBe('in time')
  })

  it('hands over all that decides where and how a command goes', () => {
    const executor = withRetry({})({
      dispatch: (inner) => {
        const { routingKey, homeOnly, quiet, deadline, key, callerKey } = inner
        expect([routingKey, homeOnly, quiet, deadline, key, callerKey]).toEqual(['r', true, true, 7, 'k', 'K'])
      },
    })
    const operation = new Operation(set, 'k', 'K', 100, () => undefined)
    Object.assign(operation, { routingKey: 'r', homeOnly: true, quiet: true, deadline: 7 })
    executor.dispatch(operation)
    expect.assertions(1)
  })
})

describe('the pauses between attempts', () => {
  it('are delayMs, doubled up to maxDelayMs', async () => {
    vi.useFakeTimers()
    try {
      const { tries, outcome } = run({ attempts: 5, delayMs: 10, maxDelayMs: 30 }, [unknown, unknown, unknown, unknown])
      for (const [index, pause] of [10, 20, 30, 30].entries()) {
        vi.advanceTimersByTime(pause - 1)
        expect(tries).toHaveLength(index + 1)
        vi.advanceTimersByTime(1)
        expect(tries).toHaveLength(index + 2)
      }
      expect(await outcome).toBe('done')
    } finally {
      vi.useRealTimers()
    }
  })

  it('are all the same without maxDelayMs', async () => {
    vi.useFakeTimers()
    try {
      const { tries } = run({ attempts: 4, delayMs: 10 }, [unknown, unknown, unknown])
      vi.advanceTimersByTime(30)
      expect(tries).toHaveLength(4)
    } finally {
      vi.useRealTimers()
    }
  })

  it('never outlast the call: it fails at once instead', async () => {
    const { tries, outcome } = run({ attempts: 5, delayMs: 2000 }, [notSent])
    await expect(outcome).rejects.toBe(notSent)
    expect(tries).toHaveLength(1)
  })

  it('end with an abort', async () => {
    const { operation, tries, outcome } = run({ attempts: 5, delayMs: 500 }, [notSent])
    const reason = new Error('no longer wanted')
    operation.cancel(reason)
    await expect(outcome).rejects.toBe(reason)
    expect(tries).toHaveLength(1)
  })
})

describe('the options of retry', () => {
  it.each<[object, RegExp]>([
    [{ attempts: 0 }, /retry\.attempts must be a whole number above 0, got 0/],
    [{ attempts: 1.5 }, /retry\.attempts/],
    [{ delayMs: -1 }, /retry\.delayMs must be a number of milliseconds, 0 or more, got -1/],
    [{ delayMs: Number.NaN }, /retry\.delayMs/],
    [{ delayMs: 10, maxDelayMs: 5 }, /retry\.maxDelayMs must be .* delayMs \(10\) or more, got 5/],
    [{ retryFor: true }, /retry\.retryFor must be a function, got true/],
    [{ tries: 3 }, /option retry has no "tries"/],
  ])('are refused by name: %o', (options, message) => {
    expect(() => withRetry(options)).toThrow(message)
  })
})
