import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { executorOf } from '../../src/client/executor-of.ts'
import type { Memcache } from '../../src/client/memcache.ts'
import { BatchError, ClosedError, InvalidInputError, SerdeError, ServerError, TimeoutError } from '../../src/errors.ts'
import { retry } from '../../src/middleware/layers.ts'
import { answer, fail } from '../../src/seam/answer.ts'
import { deriveOperation } from '../../src/seam/derive-operation.ts'
import { observe } from '../../src/seam/observe.ts'
import type { Middleware, Operation } from '../../src/seam/operation.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

let server: RealMemcached

beforeAll(async () => {
  server = await startMemcached()
})
beforeEach(() => faultClient(server.address, patient).flushAll())
afterAll(() => server.stop())

/** Middleware that does something of its own with the commands for one key, and hands the others on. */
function about(key: string, act: (operation: Operation, next: (operation: Operation) => void) => void): Middleware {
  return (next) => ({
    dispatch(operation) {
      if (operation.key === key) act(operation, (one) => next.dispatch(one))
      else next.dispatch(operation)
    },
  })
}

const fails: Middleware = () => {
  throw new RangeError('no')
}

const drops = about('bad', () => undefined)

const throws = about('bad', () => {
  throw new RangeError('not today')
})

const throwsAfterHandingOn = about('bad', (operation, next) => {
  next(operation)
  throw new RangeError('not today')
})

const keepsTheResult = about('bad', (operation, next) => {
  next(deriveOperation(operation, { settled: () => undefined }))
})

const handsOnTwice = about('bad', (operation, next) => {
  next(operation)
  next(operation)
})

const settlesTwice = about('bad', (operation, next) => {
  if (operation.isWrite) return next(operation)
  answer(operation, 'miss')
  answer(operation, { value: 5 })
  fail(operation, new Error('again'))
  next(operation)
})

const givesNonsense = about('bad', (operation, next) => {
  if (operation.isWrite) return next(operation)
  answer(operation, { data: Symbol('no data') as never, clientFlags: 0 })
})

const handsOnNonsense = about('bad', (operation, next) => {
  next({ ...operation })
})

/** Every wrapper that breaks the rules, and how a `get` through it ends: an error and its delivery, or undefined for well. */
interface Case {
  readonly name: string
  readonly middleware: Middleware
  readonly error?: abstract new (...args: never[]) => Error
  readonly delivery?: string
}

const WRAPPERS: readonly Case[] = [
  { name: 'drops a command', middleware: drops, error: TimeoutError, delivery: 'not-sent' },
  {
    name: 'drops what retry hands on',
    middleware: (next) => retry({ attempts: 3 })(drops(next)),
    error: TimeoutError,
    delivery: 'unknown',
  },
  { name: 'throws', middleware: throws, error: InvalidInputError, delivery: 'not-sent' },
  {
    name: 'throws after it has handed a command on',
    middleware: throwsAfterHandingOn,
    error: InvalidInputError,
    delivery: 'unknown',
  },
  { name: 'keeps the result to itself', middleware: keepsTheResult, error: TimeoutError, delivery: 'unknown' },
  { name: 'answers with nonsense', middleware: givesNonsense, error: SerdeError, delivery: 'not-sent' },
  { name: 'hands nonsense on', middleware: handsOnNonsense, error: InvalidInputError, delivery: 'not-sent' },
  { name: 'hands a command on twice', middleware: handsOnTwice },
  { name: 'settles a command twice', middleware: settlesTwice },
]

function open(middleware: Middleware): Memcache {
  return faultClient(server.address, { ...patient, middleware: [middleware] })
}

describe.each(WRAPPERS)('a middleware that $name', ({ middleware, error, delivery }) => {
  const bad = { timeoutMs: error === TimeoutError ? 60 : 10_000 }
  /** The good keys of a batch have no more time than the bad one. */
  const badBatch = { timeoutMs: error === TimeoutError ? 1000 : 10_000 }

  it('harms no call of the same turn, and its own ends as it should', async () => {
    const crashes = collectCrashes()
    const cache = open(middleware)
    await cache.setMany({ good: 1, other: 2 })
    const calls = [
      cache.get('good'),
      cache.get('bad', bad),
      cache.get('other'),
      cache.set('good', 3),
      cache.get('good'),
    ]
    const [before, own, other, set, after] = await settleAll(calls, 10_000)
    expect([before, other, set, after].map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value)).toEqual([
      1,
      2,
      true,
      3,
    ])
    if (error === undefined) expect(own).toEqual({ status: 'fulfilled', value: undefined })
    else {
      expect(own).toMatchObject({ status: 'rejected', reason: { delivery } })
      expect((own as PromiseRejectedResult).reason).toBeInstanceOf(error)
    }
    expect(await cache.get('good')).toBe(3)
    expect(cache.servers[0]!.pending).toBe(0)
    await turns()
    expect(crashes).toEqual([])
  })

  it('fails its own key of a batch, and of a batch without answers', async () => {
    const cache = open(middleware)
    const failures = collectCommandErrors(cache)
    await cache.setMany({ good: 1, other: 2 })
    const [read, written] = await settleAll<unknown>(
      [cache.getMany(['good', 'bad', 'other'], badBatch), cache.noreply.setMany({ other: 2, bad: 1 }, badBatch)],
      10_000,
    )
    if (error === undefined)
      expect((read as PromiseFulfilledResult<unknown>).value).toEqual(new Map([['good', 1], ['other', 2]])) // biome-ignore format: one expectation
    else {
      const { reason } = read as PromiseRejectedResult
      expect(reason).toBeInstanceOf(BatchError)
      expect((reason as BatchError).found).toEqual(new Map([['good', 1], ['other', 2]])) // biome-ignore format: one expectation
      expect([...(reason as BatchError).failed.keys()]).toEqual(['bad'])
      if (written!.status === 'rejected') expect(written!.reason).toBeInstanceOf(BatchError)
      expect(failures.flatMap(({ keys }) => keys)).toEqual(middleware === givesNonsense ? [] : ['bad'])
    }
  })
})

const misses: Middleware = (next) => ({
  dispatch(operation) {
    if (operation.isWrite) next.dispatch(operation)
    else answer(operation, 'miss')
  },
})

describe('a middleware', () => {
  it('that answers plain reads with a miss does not have getOrSet in text mode wait for itself', async () => {
    const cache = faultClient(server.address, { ...patient, protocol: 'text', middleware: [misses] })
    const [outcome] = await settleAll([cache.getOrSet('unseen', () => 'loaded', { leaseTtl: 30 })], 10_000)
    expect(outcome).toEqual({ status: 'fulfilled', value: 'loaded' })
  })

  it('leaves it to a batch to tell of a value that fails after its reply', async () => {
    const compression = { asyncBytes: 100 }
    const cache = faultClient(server.address, { ...patient, compression, middleware: [(next) => next] })
    const plain = faultClient(server.address, patient)
    // Client flag 8 says that it is compressed with zlib.
    await plain.set('damaged', Buffer.alloc(1000, 7), { clientFlags: 8 })
    await plain.set('good', 1)
    const [outcome] = await settleAll([cache.getMany(['good', 'damaged'])], 10_000)
    const { reason } = outcome as PromiseRejectedResult
    expect((reason as BatchError).found).toEqual(new Map([['good', 1]]))
    expect((reason as BatchError).failed.get('damaged')).toBeInstanceOf(SerdeError)
  })

  it('that hands a command on twice has it carried out once', async () => {
    const cache = open(handsOnTwice)
    await cache.set('bad', 5)
    expect(await cache.incr('bad')).toBe(6)
    expect(await cache.get('bad')).toBe(6)
  })

  it('that hands a command on too late has it not sent: its call was told so', async () => {
    const held: (() => void)[] = []
    const holds = about('bad', (operation, next) => void held.push(() => next(operation)))
    const cache = open(holds)
    const error = await rejection(cache.set('bad', 1, { timeoutMs: 50 }))
    expect(error).toMatchObject({ name: 'TimeoutError', delivery: 'not-sent' })
    for (const handOn of held) handOn()
    await cache.set('good', 1)
    expect(await faultClient(server.address, patient).get('bad')).toBeUndefined()
    expect(cache.servers[0]!.pending).toBe(0)
  })

  it('that takes its time takes it from the call', async () => {
    const deadlines: number[] = []
    const waits = about('bad', (operation, next) => {
      const handedOver = performance.now()
      setImmediate(() => {
        deadlines.push(operation.deadline - handedOver)
        next(operation)
      })
    })
    const cache = open(waits)
    await cache.get('bad', { timeoutMs: 5000 })
    expect(deadlines).toHaveLength(1)
    expect(deadlines[0]).toBeLessThanOrEqual(5000)
    expect(deadlines[0]).toBeGreaterThan(0)
  })

  it('that mirrors commands to another client has them carried out once, and harms neither', async () => {
    await using second = await startMemcached()
    const other = faultClient(second.address, patient)
    const cache = faultClient(server.address, {
      ...patient,
      middleware: [
        (next) => ({
          dispatch(operation) {
            next.dispatch(operation)
            executorOf(other).dispatch(operation)
          },
        }),
      ],
    })
    await cache.set('mirrored', 1)
    const calls = [cache.get('mirrored'), other.get('mirrored'), cache.incr('mirrored'), other.set('own', 2)]
    expect(await Promise.all(calls)).toEqual([1, undefined, 2, true])
    expect([cache.servers[0]!.pending, other.servers[0]!.pending]).toEqual([0, 0])
  })

  it('may throw an error of memlane, which the call then rejects with', async () => {
    const error = new ServerError('the circuit is open', { delivery: 'not-sent' })
    const breaks = about('bad', () => {
      throw error
    })
    expect(await rejection(open(breaks).get('bad'))).toBe(error)
  })

  it('that drops commands does not hold up close, nor destroy', async () => {
    const cache = open(drops)
    const calls = [
      cache.get('bad'),
      cache.get('bad', { timeoutMs: Number.POSITIVE_INFINITY }),
      cache.setMany({ bad: 1 }),
    ]
    const outcomes = settleAll<unknown>(calls, 5000)
    await cache.close()
    for (const outcome of await outcomes) {
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(ClosedError)
      expect(outcome).toMatchObject({ reason: { delivery: 'not-sent' } })
    }
    const another = open(keepsTheResult)
    const call = settleAll([another.get('bad')], 5000)
    another.destroy()
    expect(((await call)[0] as PromiseRejectedResult).reason).toBeInstanceOf(ClosedError)
  })

  it.each(['first', 'middle', 'last'])(
    'may destroy the client when it hears of the %s miss of a read line',
    async (key) => {
      const crashes = collectCrashes()
      const destroys = about(key, (operation, next) => {
        observe(operation, () => cache.destroy())
        next(operation)
      })
      const cache = open(destroys)
      await cache.connect()
      const calls = [cache.getMany(['first', 'middle', 'last']), cache.get('behind')]
      for (const outcome of await settleAll<unknown>(calls, 5000)) {
        expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(ClosedError)
      }
      await turns()
      expect(crashes).toEqual([])
    },
  )

  it('whose drop is aborted rejects with the reason of the signal', async () => {
    const controller = new AbortController()
    const call = open(drops).get('bad', { signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await rejection(call)).toBe(reason)
  })

  it('whose function throws while the client is made is bad input', () => {
    expect(() => open(fails)).toThrow(InvalidInputError)
  })
})
