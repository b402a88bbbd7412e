import { EventEmitter, once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { executorOf } from '../../../src/client/executor-of.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { ConnectError, InvalidInputError, SerdeError, ServerDownError } from '../../../src/errors.ts'
import { retry } from '../../../src/middleware/layers.ts'
import { answer, fail } from '../../../src/seam/answer.ts'
import { deriveOperation } from '../../../src/seam/derive-operation.ts'
import { observe } from '../../../src/seam/observe.ts'
import type { Middleware, Operation, OperationOutcome } from '../../../src/seam/operation.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { rejection } from '../../support/eventually.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'

let server: MemcachedServer

beforeAll(async () => {
  server = await MemcachedServer.start()
})

afterAll(() => server.close())

function client(
  dispatch: (operation: Operation, next: Parameters<Middleware>[0]) => void,
  options: MemcacheOptions = {},
) {
  const middleware: Middleware = (next) => ({ dispatch: (operation) => dispatch(operation, next) })
  const cache = new Memcache(server.address, { middleware: [middleware], ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

/** A client that tells the outcome of each operation, as `command result`. */
function observed(options: MemcacheOptions = {}): { cache: Memcache; seen: string[]; outcomes: OperationOutcome[] } {
  const seen: string[] = []
  const outcomes: OperationOutcome[] = []
  const cache = client((operation, next) => {
    observe(operation, (outcome) => {
      seen.push(`${operation.command} ${outcome.error === undefined ? outcome.result : 'failed'}`)
      outcomes.push(outcome)
    })
    next.dispatch(operation)
  }, options)
  return { cache, seen, outcomes }
}

describe('an operation in middleware', () => {
  it('can be read, and nothing else', async () => {
    const seen: Operation[] = []
    const cache = client((operation, next) => {
      seen.push(operation)
      next.dispatch(operation)
    })
    await cache.get('a', { routingKey: 'r', timeoutMs: 700 })
    await cache.noreply.set('b', 1)
    await cache.has('c')
    const [read, quiet, has] = seen
    expect(read).toMatchObject({
      command: 'get',
      key: 'a',
      routingKey: 'r',
      isWrite: false,
      quiet: false,
      timeoutMs: 700,
    })
    expect(quiet).toMatchObject({ command: 'set', key: 'b', isWrite: true, quiet: true })
    expect(has).toMatchObject({ command: 'has', isWrite: false })
    expect(Object.keys(read!)).toEqual([])
    expect(() => Object.assign(read!, { key: 'other' })).toThrow(TypeError)
  })

  it('cannot be made or copied', async () => {
    const errors: unknown[] = []
    const cache = client((operation, next) => {
      for (const use of [
        () => next.dispatch({ ...operation }),
        () => observe({ ...operation }, () => undefined),
        () => fail({} as Operation, new Error('no')),
      ]) {
        try {
          use()
        } catch (error) {
          errors.push(error)
        }
      }
      next.dispatch(operation)
    })
    expect(await cache.get('absent')).toBeUndefined()
    expect(errors).toHaveLength(3)
    for (const error of errors) expect(error).toBeInstanceOf(InvalidInputError)
  })
})

describe('observe', () => {
  it.each(['meta', 'text'] as const)('tells what each answer meant, in %s', async (protocol) => {
    const { cache, seen } = observed({ protocol, keyPrefix: `${protocol}:` })
    await cache.set('a', 'x')
    await cache.add('a', 'y')
    await cache.get('a')
    await cache.get('absent')
    await cache.getMany(['a', 'absent'])
    await cache.has('a')
    await cache.touch('absent', 10)
    await cache.delete('a')
    await cache.delete('a')
    await cache.incr('n', 1)
    await cache.set('n', 1)
    await cache.incr('n', 1)
    await cache.noreply.delete('n')
    expect(seen).toEqual([
      'set stored',
      'add notStored',
      'get hit',
      'get miss',
      'get hit',
      'get miss',
      'has hit',
      'touch notFound',
      'delete deleted',
      'delete notFound',
      'incr notFound',
      'set stored',
      'incr number',
      'delete sent',
    ])
  })

  it.each(['meta', 'text'] as const)('takes a placeholder for a miss, in %s', async (protocol) => {
    const { cache, seen } = observed({ protocol, keyPrefix: `placeholder-${protocol}:` })
    const gate = new EventEmitter()
    const loaded = once(gate, 'open')
    const load = cache.getOrSet('k', async () => {
      await loaded
      return 'value'
    })
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await cache.get('k')
    await cache.has('k')
    expect(seen.filter((one) => /^(?:get|has) /.test(one))).toEqual(['get miss', 'has miss'])
    gate.emit('open')
    expect(await load).toBe('value')
    expect(await cache.get('k')).toBe('value')
    expect(seen.at(-1)).toBe('get hit')
  })

  it('shows the value that the call gives, also of getOrSet, gets and compressed values', async () => {
    const { cache, outcomes } = observed({ compression: { minBytes: 10, asyncBytes: 20 } })
    const text = 'compressible '.repeat(1000)
    await cache.set('long', text)
    await cache.get('long')
    await cache.getOrSet('long', () => 'never')
    await cache.gets('long')
    expect(outcomes[1]).toEqual({ result: 'hit', value: text })
    expect(outcomes[2]).toEqual({ result: 'hit', value: text })
    expect(outcomes[3]).toMatchObject({ result: 'hit', value: { value: text } })
  })

  it('is called before the caller learns the result, and once', async () => {
    const order: string[] = []
    const cache = client((operation, next) => {
      observe(operation, () => order.push('observed'))
      next.dispatch(operation)
    })
    await cache.get('k').then(() => order.push('settled'))
    expect(order).toEqual(['observed', 'settled'])
  })

  it('tells failures, also those that the option failures absorbs', async () => {
    const { cache, outcomes } = observed({ failures: 'miss' })
    await server.close()
    try {
      expect(await cache.get('k')).toBeUndefined()
    } finally {
      server = await MemcachedServer.start()
    }
    expect(outcomes[0]?.error).toBeInstanceOf(ConnectError)
  })
})

describe('answer', () => {
  const found: Record<string, Parameters<typeof answer>[1]> = {
    text: { value: 'hello' },
    json: { value: { a: [1, 2] }, cas: 7n, ttl: 30 },
    bytes: { data: new Uint8Array([1, 2, 3]), clientFlags: 64 },
    none: 'miss',
  }
  const answering = (options: MemcacheOptions = {}): Memcache =>
    client((operation) => answer(operation, found[operation.key as string] ?? 'miss'), options)

  it('gives values as if they had been stored', async () => {
    const cache = answering()
    expect(await cache.getMany(['text', 'json', 'bytes', 'none'])).toEqual(
      new Map<string, unknown>([
        ['text', 'hello'],
        ['json', { a: [1, 2] }],
        ['bytes', Buffer.from([1, 2, 3])],
      ]),
    )
    expect(await cache.get('none', { default: 'nothing' })).toBe('nothing')
    expect(await cache.gets('json')).toEqual({ value: { a: [1, 2] }, cas: 7n })
    expect(await cache.gat('text', 10)).toBe('hello')
  })

  it('answers reads that travel as meta commands, too', async () => {
    const cache = answering()
    expect(await cache.has('text')).toBe(true)
    expect(await cache.has('none')).toBe(false)
    expect(await cache.inspect('json')).toMatchObject({ ttl: 30, cas: 7n, size: 11 })
    expect(await cache.getOrSet('text', () => 'never')).toBe('hello')
  })

  it('gives each caller a copy of its own', async () => {
    const cache = answering()
    const [one, two] = await Promise.all([cache.get<{ a: number[] }>('json'), cache.get<{ a: number[] }>('json')])
    expect(one).not.toBe(two)
  })

  it('refuses writes, and what is no answer', async () => {
    const errors: unknown[] = []
    const cache = client((operation, next) => {
      try {
        answer(operation, operation.isWrite ? 'miss' : ('maybe' as never))
      } catch (error) {
        errors.push(error)
      }
      next.dispatch(operation)
    })
    await cache.set('k', 1)
    await cache.get('k')
    expect(errors.map(String)).toEqual([
      expect.stringMatching(/answer\(\) is for reads; set "k" needs a server/),
      expect.stringMatching(/answer\(\) takes 'miss', \{ value \} or \{ data, clientFlags \}, got "maybe"/),
    ])
  })

  it('fails the call when the serde cannot store the value', async () => {
    const cache = client((operation) => answer(operation, { value: () => undefined }))
    expect(await rejection(cache.get('k'))).toBeInstanceOf(SerdeError)
  })
})

describe('fail', () => {
  it('rejects the call, or is absorbed where failures are', async () => {
    const down = new ServerDownError('the circuit is open', { delivery: 'not-sent' })
    const strict = client((operation) => fail(operation, down))
    expect(await rejection(strict.get('k'))).toBe(down)
    const lenient = client((operation) => fail(operation, down), { failures: 'miss' })
    expect(await lenient.get('k')).toBeUndefined()
    expect(await lenient.set('k', 1)).toBe(false)
  })
})

const tryAgain: Middleware = (next) => {
  const dispatch = (operation: Operation): void => {
    const attempt = deriveOperation(operation, {
      settled: ({ error }, settleFirst) => (error === undefined ? settleFirst() : dispatch(operation)),
    })
    next.dispatch(attempt)
  }
  return { dispatch }
}

describe('deriveOperation', () => {
  it('settles the first operation', async () => {
    const cache = client((operation, next) => next.dispatch(deriveOperation(operation)))
    expect(await cache.set('derived', 'x')).toBe(true)
    expect(await cache.get('derived')).toBe('x')
    expect(await cache.getMany(['derived'])).toEqual(new Map([['derived', 'x']]))
    await cache.noreply.set('derived', 'y')
    expect(await cache.getOrSet('derived', () => 'z')).toBe('y')
  })

  it('makes a wrapper that tries again', async () => {
    let attempts = 0
    const failing: Middleware = (next) => ({
      dispatch(operation) {
        attempts++
        if (attempts < 3) fail(operation, new ConnectError('not now'))
        else next.dispatch(operation)
      },
    })
    const cache = new Memcache(server.address, { middleware: [tryAgain, failing] })
    onTestFinished(() => cache.destroy())
    await cache.set('again', 'x')
    expect(attempts).toBe(3)
    expect(await cache.get('again')).toBe('x')
  })

  it('leaves the outcome for layers further out', async () => {
    const results: unknown[] = []
    const watching: Middleware = (next) => ({
      dispatch(operation) {
        observe(operation, ({ result }) => results.push(result))
        next.dispatch(operation)
      },
    })
    const cache = new Memcache(server.address, { middleware: [watching, retry()] })
    onTestFinished(() => cache.destroy())
    await cache.set('k', 1)
    await cache.get('k')
    await cache.get('absent')
    expect(results).toEqual(['stored', 'hit', 'miss'])
  })

  it('ends with its call when that is aborted, and the call ends too', async () => {
    const outcomes: OperationOutcome[] = []
    const cache = client(
      (operation) => void deriveOperation(operation, { settled: (outcome) => outcomes.push(outcome) }),
    )
    const reason = new Error('enough')
    const controller = new AbortController()
    const call = rejection(cache.get('k', { signal: controller.signal }))
    controller.abort(reason)
    expect(await call).toBe(reason)
    expect(outcomes).toEqual([{ error: reason }])
  })

  it('sends a copy of the bytes that a write stores', async () => {
    const second = await MemcachedServer.start()
    onTestFinished(() => second.close())
    const other = new Memcache(second.address)
    onTestFinished(() => other.destroy())
    let copied: Promise<void> | undefined
    const cache = client((operation, next) => {
      copied = new Promise((resolve) => {
        const copy = deriveOperation(operation, { settled: () => resolve() })
        next.dispatch(operation)
        void copied?.then(() => undefined)
        // The copy leaves when the call has settled and its bytes are the caller's again.
        observe(operation, () => undefined)
        setImmediate(() => setImmediate(() => executorOf(other).dispatch(copy)))
      })
    })
    const bytes = Buffer.alloc(100_000, 1)
    await cache.set('bytes', bytes)
    bytes.fill(2)
    await copied
    expect((await other.get<Buffer>('bytes'))?.equals(Buffer.alloc(100_000, 1))).toBe(true)
  })

  it('carries a command of another client, and refuses what it cannot', async () => {
    const second = await MemcachedServer.start()
    onTestFinished(() => second.close())
    const other = new Memcache(second.address)
    onTestFinished(() => other.destroy())
    await other.set('k', 'other')
    const cache = client((operation) => executorOf(other).dispatch(deriveOperation(operation)))
    expect(await cache.get('k')).toBe('other')
    expect(() => deriveOperation({} as Operation)).toThrow(InvalidInputError)
    const refusals: unknown[] = []
    const late = client((operation, next) => {
      for (const options of [{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { settled: 5 as never }]) {
        try {
          deriveOperation(operation, options)
        } catch (error) {
          refusals.push(error)
        }
      }
      next.dispatch(operation)
    })
    await late.get('k')
    expect(refusals).toHaveLength(3)
    for (const error of refusals) expect(error).toBeInstanceOf(InvalidInputError)
  })
})

const answerAll: Middleware = () => ({ dispatch: (operation) => answer(operation, { value: 'x', cas: 3n }) })

it('the meta client takes answers as well', async () => {
  const meta = new MetaClient(server.address, { middleware: [answerAll] })
  onTestFinished(() => meta.destroy())
  expect(await meta.get('k', { returnCas: true })).toMatchObject({ status: 'hit', value: 'x', cas: 3n })
})
