import { createConnection, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { ConnectError, InvalidInputError, MemcacheError, SerdeError, TimeoutError } from '../../src/errors.ts'
import type { Distribution } from '../../src/routing/distribution.ts'
import { ketama } from '../../src/routing/ketama.ts'
import { answer } from '../../src/seam/answer.ts'
import type { Middleware } from '../../src/seam/operation.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { eventually, settle, settleAll } from '../support/eventually.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { withThen } from '../support/with-then.ts'

/** One thing that a caller's own code does to one call. */
interface Case {
  /** What is the caller's, and what it does. */
  readonly name: string
  readonly call: (cache: Memcache) => Promise<unknown>
  readonly options?: MemcacheOptions
  /** The error that the call ends with: its class, or the caller's own. */
  readonly fails?: (abstract new (...args: never[]) => Error) | Error
  /** What it gives instead, where that is what is documented. */
  readonly gives?: unknown
}

const OWN = new RangeError('the caller’s own')

function fail(): never {
  throw OWN
}

function detached(length: number): Uint8Array {
  const bytes = new Uint8Array(length).fill(97)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return bytes
}

function revoked(target: object): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function proxied<T extends object>(target: T): T {
  return new Proxy(target, {})
}

/** Never settles. */
function hanging<T>(): Promise<T> {
  return new Promise(() => undefined)
}

/** Bytes that lose their buffer later in the turn, when the call has taken them. */
function lostLater(length: number, cache: Memcache): Promise<unknown> {
  const bytes = new Uint8Array(length).fill(97)
  const call = cache.set('k', bytes)
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
  return call
}

function* failingPairs(): Generator<[string, number]> {
  yield ['k', 1]
  fail()
}

function lying(): Uint8Array {
  const bytes = new Uint8Array([97, 98])
  for (const name of ['length', 'byteLength', 'byteOffset']) Object.defineProperty(bytes, name, { value: 1000 })
  return bytes
}

const VALUES: readonly Case[] = [
  { name: 'a value whose toJSON throws', call: (cache) => cache.set('k', { toJSON: fail }), fails: SerdeError },
  {
    name: 'a value whose getter throws',
    call: (cache) => cache.set('k', { a: Object.defineProperty({}, 'b', { enumerable: true, get: fail }) }),
    fails: SerdeError,
  },
  { name: 'a value that hangs', call: (cache) => cache.set('k', hanging()), fails: SerdeError },
  {
    name: 'a thenable as value',
    call: (cache) =>
      cache.set(
        'k',
        withThen(() => undefined),
      ),
    fails: SerdeError,
  },
  { name: 'a detached value', call: (cache) => cache.set('k', detached(10)), fails: InvalidInputError },
  { name: 'a large detached value', call: (cache) => cache.set('k', detached(100_000)), fails: InvalidInputError },
  { name: 'a value detached in the same turn', call: (cache) => lostLater(10, cache), fails: InvalidInputError },
  {
    name: 'a large value detached in the same turn',
    call: (cache) => lostLater(100_000, cache),
    fails: InvalidInputError,
  },
  { name: 'a detached value to append', call: (cache) => cache.append('k', detached(10)), fails: InvalidInputError },
  { name: 'a proxied value', call: (cache) => cache.set('k', proxied({ a: 1 })), gives: true },
  { name: 'proxied bytes as value', call: (cache) => cache.set('k', proxied(Buffer.from('a'))), fails: SerdeError },
  { name: 'a revoked value', call: (cache) => cache.set('k', revoked({})), fails: SerdeError },
  {
    name: 'a value whose toJSON gives nonsense',
    call: (cache) => cache.set('k', { toJSON: () => Symbol('s') }),
    fails: SerdeError,
  },
  { name: 'a value that lies about its length', call: (cache) => cache.set('k', lying()), gives: true },
  {
    name: 'a value whose toJSON calls the client',
    call: (cache) => cache.set('k', { toJSON: () => [cache.set('inner', 1)].length }),
    gives: true,
  },
]

const KEYS: readonly Case[] = [
  {
    name: 'a key that throws as text',
    call: (cache) => cache.get({ toString: fail } as never),
    fails: InvalidInputError,
  },
  { name: 'a key that hangs', call: (cache) => cache.get(hanging() as never), fails: InvalidInputError },
  { name: 'a detached key', call: (cache) => cache.get(detached(10)), fails: InvalidInputError },
  {
    name: 'a detached routing key',
    call: (cache) => cache.get('k', { routingKey: detached(10) }),
    fails: InvalidInputError,
  },
  { name: 'a proxied key', call: (cache) => cache.delete(proxied(Buffer.from('a'))), fails: InvalidInputError },
  { name: 'a revoked key', call: (cache) => cache.set(revoked([]) as never, 1), fails: InvalidInputError },
  { name: 'nonsense as key', call: (cache) => cache.incr(Symbol('s') as never), fails: InvalidInputError },
  { name: 'a key that lies about its length', call: (cache) => cache.get(lying()), gives: undefined },
  {
    name: 'a key changed in the same turn',
    call: (cache) => {
      const key = Buffer.from('absent')
      const call = cache.get(key)
      key.fill(10)
      return call
    },
    gives: undefined,
  },
]

const OPTIONS: readonly Case[] = [
  {
    name: 'options whose getter throws',
    call: (cache) => cache.set('k', 1, Object.defineProperty({}, 'ttl', { enumerable: true, get: fail })),
    fails: InvalidInputError,
  },
  { name: 'options that hang', call: (cache) => cache.get('k', hanging() as never), fails: InvalidInputError },
  { name: 'a default that hangs', call: (cache) => cache.get('k', { default: hanging() }), fails: InvalidInputError },
  { name: 'proxied options', call: (cache) => cache.get('k', proxied({ default: 5 })), gives: 5 },
  { name: 'revoked options', call: (cache) => cache.getMany(['k'], revoked({}) as never), fails: InvalidInputError },
  { name: 'nonsense as signal', call: (cache) => cache.get('k', { signal: null as never }), fails: InvalidInputError },
  {
    name: 'a signal that throws when it is left',
    call: (cache) =>
      cache.get('k', {
        signal: Object.assign(new EventTarget(), {
          aborted: false,
          removeEventListener: fail,
          throwIfAborted: () => undefined,
        }) as never,
      }),
    gives: undefined,
  },
  {
    name: 'a signal that throws when it is listened to',
    call: (cache) =>
      cache.get('k', {
        signal: {
          aborted: false,
          addEventListener: fail,
          removeEventListener: fail,
          throwIfAborted: () => undefined,
        } as never,
      }),
    fails: OWN,
  },
  {
    name: 'nonsense as ttl',
    call: (cache) => cache.set('k', 1, { ttl: new Date(Number.NaN) }),
    fails: InvalidInputError,
  },
  {
    name: 'a longKeys that throws',
    options: { longKeys: fail },
    call: (cache) => cache.get('x'.repeat(300)),
    fails: InvalidInputError,
  },
  {
    name: 'a longKeys that gives nonsense',
    options: { longKeys: () => proxied({}) as never },
    call: (cache) => cache.get('x'.repeat(300)),
    fails: InvalidInputError,
  },
  {
    name: 'a compression that throws',
    options: { compression: { minBytes: 50, algorithm: { compress: fail, decompress: fail } } },
    call: (cache) => cache.set('k', 'x'.repeat(100)),
    fails: SerdeError,
  },
  {
    name: 'a compression that hangs',
    options: { compression: { minBytes: 50, algorithm: { compress: () => hanging(), decompress: fail } } },
    call: (cache) => cache.set('k', 'x'.repeat(100), { timeoutMs: 50 }),
    fails: TimeoutError,
  },
  {
    name: 'a compression that gives detached bytes',
    options: { compression: { minBytes: 50, algorithm: { compress: () => detached(10), decompress: fail } } },
    call: (cache) => cache.set('k', 'x'.repeat(100)),
    fails: MemcacheError,
  },
]

const ENTRIES: readonly Case[] = [
  { name: 'entries that throw', call: (cache) => cache.setMany(failingPairs()), fails: InvalidInputError },
  { name: 'entries that hang', call: (cache) => cache.setMany(hanging() as never), fails: InvalidInputError },
  {
    name: 'a detached value among entries',
    call: (cache) => cache.setMany({ k: detached(10), l: 1 }),
    fails: MemcacheError,
  },
  {
    name: 'a detached key among entries',
    call: (cache) => cache.setMany([[detached(10), 1] as const]),
    fails: InvalidInputError,
  },
  { name: 'proxied entries', call: (cache) => cache.setMany(proxied({ k: 1 })), gives: [] },
  {
    name: 'a proxied Map as entries',
    call: (cache) => cache.setMany(proxied(new Map([['k', 1]]))),
    fails: InvalidInputError,
  },
  { name: 'revoked entries', call: (cache) => cache.setMany(revoked({}) as never), fails: InvalidInputError },
  { name: 'nonsense as entries', call: (cache) => cache.addMany([1, 2] as never), fails: InvalidInputError },
  { name: 'keys that throw', call: (cache) => cache.getMany(proxied(new Set(['k']))), fails: InvalidInputError },
  { name: 'a detached key among keys', call: (cache) => cache.getMany(['k', detached(10)]), fails: InvalidInputError },
]

const SERDES: readonly Case[] = [
  {
    name: 'a serde that throws when it writes',
    call: (cache) => cache.set('k', 1, { serde: { serialize: fail, deserialize: fail } }),
    fails: SerdeError,
  },
  {
    name: 'a serde that throws when it reads',
    call: (cache) => cache.get('read', { serde: { serialize: fail, deserialize: fail } }),
    fails: SerdeError,
  },
  {
    name: 'a serde that throws what cannot be shown',
    call: (cache) =>
      cache.getMany(['read', 'innocent'], {
        serde: {
          serialize: fail,
          deserialize() {
            throw revoked(new Error('no'))
          },
        },
      }),
    fails: MemcacheError,
  },
  {
    name: 'a serde that hangs when it writes',
    call: (cache) => cache.set('k', 1, { serde: { serialize: () => hanging() as never, deserialize: fail } }),
    fails: MemcacheError,
  },
  {
    name: 'a serde that hangs when it reads',
    call: (cache) => cache.get('read', { serde: { serialize: fail, deserialize: () => hanging() } }),
    fails: SerdeError,
  },
  {
    name: 'a serde that hangs when it reads a batch',
    call: (cache) => cache.getMany(['read', 'innocent'], { serde: { serialize: fail, deserialize: () => hanging() } }),
    fails: MemcacheError,
  },
  {
    name: 'a serde that gives detached bytes',
    call: (cache) =>
      cache.set('k', 1, { serde: { serialize: () => ({ data: detached(10), clientFlags: 0 }), deserialize: fail } }),
    fails: MemcacheError,
  },
  {
    name: 'a serde that gives proxied bytes',
    call: (cache) =>
      cache.set('k', 1, {
        serde: { serialize: () => ({ data: proxied(Buffer.from('a')), clientFlags: 0 }), deserialize: fail },
      }),
    fails: InvalidInputError,
  },
  {
    name: 'a serde whose result throws when it is read',
    call: (cache) =>
      cache.set('k', 1, {
        serde: { serialize: () => Object.defineProperty({}, 'data', { get: fail }) as never, deserialize: fail },
      }),
    fails: SerdeError,
  },
  {
    name: 'a serde that gives other bytes each time',
    call: (cache) => {
      let size = 0
      const form = { clientFlags: 0, get data() { return 'x'.repeat(++size) } } // biome-ignore format: one line per case
      return cache.set('k', 1, { serde: { serialize: () => form, deserialize: fail } })
    },
    gives: true,
  },
  {
    name: 'a serde that gives nonsense',
    call: (cache) => cache.set('k', 1, { serde: { serialize: () => Symbol('s') as never, deserialize: fail } }),
    fails: SerdeError,
  },
  {
    name: 'a revoked serde',
    call: (cache) => cache.get('k', { serde: revoked({}) as never }),
    fails: InvalidInputError,
  },
]

const LOADERS: readonly Case[] = [
  { name: 'a loader that throws', call: (cache) => cache.getOrSet('load', fail), fails: OWN },
  { name: 'a loader of many that throws', call: (cache) => cache.getOrSetMany(['load'], fail), fails: OWN },
  {
    name: 'a loader that hangs, until its call is aborted',
    call(cache) {
      const controller = new AbortController()
      const load = (): Promise<number> => {
        controller.abort(OWN)
        return hanging()
      }
      // The second one is not asked to load before the lease of the first is over.
      return cache.getOrSet('load', load, { signal: controller.signal, leaseTtl: 1 })
    },
    fails: OWN,
  },
  {
    name: 'a loader that gives detached bytes',
    call: (cache) => cache.getOrSet('load', () => detached(10)),
    fails: InvalidInputError,
  },
  {
    name: 'a loader that gives proxied bytes',
    call: (cache) => cache.getOrSet('load', () => proxied(Buffer.from('a'))),
    fails: SerdeError,
  },
  {
    name: 'a loader that gives a revoked proxy',
    call: (cache) => cache.getOrSet('load', () => [revoked({})]),
    fails: SerdeError,
  },
  {
    name: 'a loader that gives nonsense',
    call: (cache) => cache.getOrSet('load', () => Symbol('s')),
    fails: SerdeError,
  },
  {
    name: 'a loader of many that gives nonsense',
    call: (cache) => cache.getOrSetMany(['load'], () => 5 as never),
    fails: InvalidInputError,
  },
  { name: 'a function of update that throws', call: (cache) => cache.update('load', fail), fails: OWN },
  {
    name: 'a function of update that gives nonsense',
    call: (cache) => cache.update('load', () => Symbol('s') as never),
    fails: SerdeError,
  },
  { name: 'a ttl function that throws', call: (cache) => cache.getOrSet('load', () => 1, { ttl: fail }), fails: OWN },
]

function schemaOf(validate: (value: unknown) => unknown): never {
  return { '~standard': { version: 1, vendor: 'test', validate } } as never
}

const SCHEMAS: readonly Case[] = [
  {
    name: 'a schema that throws',
    call: (cache) => cache.namespace('', { schema: schemaOf(fail) }).get('read'),
    fails: OWN,
  },
  {
    name: 'a schema that throws at a batch',
    call: (cache) => cache.namespace('', { schema: schemaOf(fail) }).getMany(['read', 'innocent']),
    fails: OWN,
  },
  {
    name: 'a schema that throws at what is loaded',
    call: (cache) => cache.namespace('', { schema: schemaOf(fail) }).getOrSet('load', () => 1 as never),
    fails: OWN,
  },
  {
    name: 'a schema that gives nonsense',
    call: (cache) => cache.namespace('', { schema: schemaOf(() => null) }).get('read'),
    fails: InvalidInputError,
  },
  {
    name: 'a schema that gives proxied values',
    call: (cache) => cache.namespace('', { schema: schemaOf((value) => proxied({ value })) }).get('read'),
    gives: 'text',
  },
]

const breaks: Middleware = (next) => ({
  dispatch: (operation) => (operation.key === 'k' ? fail() : next.dispatch(operation)),
})
const drops: Middleware = (next) => ({
  dispatch: (operation) => (operation.key === 'k' ? undefined : next.dispatch(operation)),
})
const answersNonsense: Middleware = (next) => ({
  dispatch: (operation) => (operation.key === 'k' ? answer(operation, proxied({}) as never) : next.dispatch(operation)),
})
const dispatchesNonsense: Middleware = (next) => ({
  dispatch: (operation) => next.dispatch(operation.key === 'k' ? proxied(operation) : operation),
})

const MIDDLEWARE: readonly Case[] = [
  {
    name: 'middleware that throws',
    options: { middleware: [breaks] },
    call: (cache) => cache.get('k'),
    fails: InvalidInputError,
  },
  {
    name: 'middleware that throws at a batch',
    options: { middleware: [breaks] },
    call: (cache) => cache.getMany(['a', 'k', 'b']),
    fails: MemcacheError,
  },
  {
    name: 'middleware that hangs',
    options: { middleware: [drops] },
    call: (cache) => cache.get('k', { timeoutMs: 50 }),
    fails: TimeoutError,
  },
  {
    name: 'middleware that answers nonsense',
    options: { middleware: [answersNonsense] },
    call: (cache) => cache.get('k'),
    fails: InvalidInputError,
  },
  {
    name: 'middleware that hands a proxy on',
    options: { middleware: [dispatchesNonsense] },
    call: (cache) => cache.get('k'),
    fails: InvalidInputError,
  },
]

const CASES = Object.entries({ VALUES, KEYS, OPTIONS, ENTRIES, SERDES, LOADERS, SCHEMAS, MIDDLEWARE })

let server: RealMemcached

beforeAll(async () => {
  server = await startMemcached()
})
afterAll(() => server.stop())

/** A client that counts its sockets. */
function open(options: MemcacheOptions): { cache: Memcache; sockets: Socket[] } {
  const sockets: Socket[] = []
  const connect = (): Socket => {
    const socket = createConnection(server.port, '127.0.0.1')
    sockets.push(socket)
    return socket
  }
  const cache = new Memcache(server.address, { ...patient, connect: connect as never, ...options })
  onTestFinished(() => cache.destroy())
  return { cache, sockets }
}

function expectEnd(outcome: PromiseSettledResult<unknown>, { fails, gives }: Case): void {
  if (fails === undefined) return expect(outcome).toEqual({ status: 'fulfilled', value: gives })
  const { status, reason } = outcome as PromiseRejectedResult
  expect(status).toBe('rejected')
  if (fails instanceof Error) expect(reason).toBe(fails)
  else expect(reason).toBeInstanceOf(fails)
}

describe.each(['meta', 'text'] as const)('in the %s protocol', (protocol) => {
  describe.each(CASES)('%s of the caller', (_, cases) => {
    it.each(cases)('$name: the call ends as it should, and no neighbour suffers', async (one) => {
      const crashes = collectCrashes()
      const { cache, sockets } = open({ protocol, ...one.options })
      await cache.flushAll()
      sockets.length = 0
      // The first turn of a client that has no connection yet.
      const neighbours = [cache.set('innocent', 1), cache.set('read', 'text'), cache.get('innocent')]
      const call = settle(one.call(cache), 10_000)
      neighbours.push(cache.set('innocent', 2), cache.get('innocent'), cache.incr('innocent'))
      expect(await settleAll(neighbours, 10_000)).toEqual(
        [true, true, 1, true, 2, 3].map((value) => ({ status: 'fulfilled', value })),
      )
      expectEnd(await call, one)
      // A client that has one.
      const again = settle(one.call(cache), 10_000)
      expect(await cache.getMany(['innocent', 'read'])).toEqual(new Map<string, unknown>([['innocent', 3], ['read', 'text']])) // biome-ignore format: one expectation
      const end = await again
      if (!('gives' in one)) expectEnd(end, one)
      expect(await cache.set('after', 'good')).toBe(true)
      expect(await cache.get('after')).toBe('good')
      expect(sockets.length).toBe(1)
      expect(cache.servers[0]!.pending).toBe(0)
      await turns()
      expect(crashes).toEqual([])
    })
  })
})

/** How a dialer fails, and what its commands end with. */
const DIALERS: readonly (readonly [name: string, connect: () => unknown, error: typeof MemcacheError])[] = [
  ['throws', fail, ConnectError],
  ['rejects', () => Promise.reject(OWN), ConnectError],
  ['hangs', () => hanging(), MemcacheError],
  ['gives nonsense', () => 5, ConnectError],
  ['gives nothing', () => undefined, ConnectError],
  ['gives a revoked proxy', () => revoked({}), ConnectError],
  ['gives a proxy of nothing', () => proxied({}), ConnectError],
  ['gives a socket that is destroyed', () => createConnection(server.port, '127.0.0.1').destroy(), MemcacheError],
]

describe.each(DIALERS)('a dialer that %s', (_, dial, expected) => {
  it('fails the calls that wait for it, and the next connection is as good as any', async () => {
    const crashes = collectCrashes()
    let isBad = true
    const connect = (): Socket => (isBad ? (dial() as Socket) : createConnection(server.port, '127.0.0.1'))
    const { cache } = open({ connect: connect as never, timeoutMs: 200, connectTimeoutMs: 100 })
    const { cache: neighbour } = open({})
    const own = settle(cache.get('a'))
    const calls = settleAll<unknown>([cache.set('b', 1), cache.getMany(['c', 'd']), cache.connect()], 10_000)
    const others = [neighbour.set('innocent', 1), neighbour.get('innocent')]
    expect(await own).toMatchObject({ status: 'rejected', reason: expect.any(expected) as unknown })
    for (const outcome of await calls) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) as unknown })
    }
    expect(await Promise.all(others)).toEqual([true, 1])
    isBad = false
    // A busy machine may need more than the time of one attempt.
    await eventually(() => cache.connect(), 20_000)
    expect(await cache.set('after', 1, { timeoutMs: 10_000 })).toBe(true)
    await turns()
    expect(crashes).toEqual([])
  })
})

const DISTRIBUTIONS: readonly (readonly [name: string, pick: () => unknown])[] = [
  ['throws', fail],
  ['hangs', () => hanging()],
  ['gives nonsense', () => Symbol('s')],
  ['gives an index too large', () => 99],
  ['gives NaN', () => Number.NaN],
  ['gives a revoked proxy', () => revoked({})],
]

/** Ketama, but for one key. */
function spoilt(pick: () => unknown): Distribution {
  return (servers) => {
    const router = ketama()(servers)
    return {
      pick: (key) => (key === 'k' ? (pick() as number) : router.pick(key)),
      order: (key) => (key === 'k' ? [pick() as number] : router.order(key)),
    }
  }
}

describe.each(DISTRIBUTIONS)('a distribution that %s for a key', (_, pick) => {
  it('fails the calls about it, and no neighbour suffers', async () => {
    const crashes = collectCrashes()
    await using second = await startMemcached()
    const cache = new Memcache([server.address, second.address], {
      ...patient,
      cluster: { distribution: spoilt(pick) },
    })
    onTestFinished(() => cache.destroy())
    const neighbours = [cache.set('a', 1), cache.set('b', 2), cache.set('c', 3)]
    const calls = settleAll<unknown>([cache.get('k'), cache.set('k', 1), cache.noreply.delete('k')], 10_000)
    const batch = settle(cache.getMany(['a', 'k', 'b', 'c']))
    expect(await Promise.all(neighbours)).toEqual([true, true, true])
    for (const outcome of await calls) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(InvalidInputError) as unknown })
    }
    expect(await batch).toMatchObject({ status: 'rejected', reason: { found: new Map([['a', 1], ['b', 2], ['c', 3]]) } }) // biome-ignore format: one expectation
    expect(() => cache.serverFor('k')).toThrow(InvalidInputError)
    expect((await cache.getMany(['a', 'b', 'c'])).size).toBe(3)
    await turns()
    expect(crashes).toEqual([])
  })
})

describe('a distribution', () => {
  it.each([
    ['throws', fail],
    ['gives nonsense', () => 5],
    ['gives a router that is none', () => ({ pick: 5 })],
    ['gives a promise', () => hanging()],
  ])('that %s for the list of servers is bad input of the constructor', (_, distribution) => {
    const make = (): Memcache => new Memcache(['a:1', 'b:1'], { cluster: { distribution: distribution as never } })
    expect(make).toThrow(InvalidInputError)
  })
})

describe('a listener that throws', () => {
  it('is an uncaught exception of its own, as documented, and no call suffers', async () => {
    const crashes = collectCrashes()
    const { cache, sockets } = open({ failures: 'miss' })
    cache.on('commandError', fail)
    const broken = { serialize: fail, deserialize: fail }
    await cache.set('innocent', 1)
    const calls = [cache.get('innocent', { serde: broken }), cache.get('innocent'), cache.set('innocent', 2)]
    expect(await Promise.all(calls)).toEqual([undefined, 1, true])
    await turns()
    expect(crashes).toEqual([OWN])
    expect(await cache.get('innocent')).toBe(2)
    expect(sockets.length).toBe(1)
  })
})
