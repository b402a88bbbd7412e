import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { MemcacheError } from '../../../src/errors.ts'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import { MetaClientSync } from '../../../src/sync/meta-client-sync.ts'
import { type RealMemcached, startMemcached } from '../../support/real-memcached.ts'
import { useBuiltWorker } from './built-worker.ts'

/** Any client, and what is called on it. */
type Client = Readonly<Record<string, (...args: unknown[]) => unknown>>

function transferred(): Uint8Array {
  const bytes = new Uint8Array([65, 66, 67])
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const throwing = {
  get ttl(): number {
    throw new Error('the caller’s own')
  },
}

function* failing(): Generator<readonly [string, unknown]> {
  yield ['k', 1]
  throw new Error('the caller’s own')
}

/** What no client can store, use as a key, or take as options: made anew for every call. */
const VALUES: readonly (readonly [string, () => unknown])[] = [
  ['transferred bytes', transferred],
  ['a proxy of bytes', () => new Proxy(new Uint8Array(3), {})],
  ['an object that claims to be bytes', () => Object.create(Uint8Array.prototype) as unknown],
  ['a revoked proxy', revoked],
  ['a symbol', () => Symbol('s')],
  ['a promise', () => Promise.resolve(1)],
  ['a map', () => new Map([['a', 1]])],
  ['an error', () => new Error('e')],
  ['a function', () => () => 1],
  ['an integer of too many digits', () => 10n ** 10_000n],
  ['text with a lone surrogate', () => 'x\ud800'],
]

const OPTIONS: readonly (readonly [string, () => unknown])[] = [
  ['a number', () => 60],
  ['no option', () => ({ tttl: 1 })],
  ['a revoked proxy', revoked],
  ['a getter that throws', () => throwing],
  ['no ttl', () => ({ ttl: Symbol('s') })],
  ['no timeout', () => ({ timeoutMs: '5' })],
  ['a symbol as a prefix', () => ({ keyPrefix: Symbol('s') })],
]

async function* emptyStream(): AsyncGenerator<never> {}

const LISTS: readonly (readonly [string, () => unknown])[] = [
  ['a promise', () => Promise.resolve({ k: 1 })],
  ['an async iterable', () => emptyStream()],
  ['a date', () => new Date()],
  ['headers', () => new Headers({ k: '1' })],
  ['a weak map', () => new WeakMap()],
  ['no pairs', () => [1, 2]],
  ['text', () => 'text'],
  ['an iterable that fails', failing],
  ['a revoked proxy', revoked],
]

const CALLS: readonly (readonly [string, (client: Client) => unknown])[] = [
  ...VALUES.flatMap(([name, make]) => [
    [`set of ${name}`, (client: Client) => client['set']!('k', make())] as const,
    [`add of ${name}`, (client: Client) => client['add']!('k', make(), { ttl: 60 })] as const,
    [`cas of ${name}`, (client: Client) => client['cas']!('k', make(), 5n)] as const,
    [`append of ${name}`, (client: Client) => client['append']!('k', make())] as const,
    [`get of ${name}`, (client: Client) => client['get']!(make())] as const,
    [`set under ${name}`, (client: Client) => client['set']!(make(), 1)] as const,
    [`delete of ${name}`, (client: Client) => client['delete']!(make())] as const,
    [`incr of ${name}`, (client: Client) => client['incr']!(make())] as const,
    [`getOrSet loading ${name}`, (client: Client) => client['getOrSet']?.('loaded', () => make())] as const,
    [`incr by ${name}`, (client: Client) => client['incr']!('k', make())] as const,
  ]),
  ...OPTIONS.flatMap(([name, make]) => [
    [`set with ${name}`, (client: Client) => client['set']!('k', 1, make())] as const,
    [`get with ${name}`, (client: Client) => client['get']!('k', make())] as const,
    [`delete with ${name}`, (client: Client) => client['delete']!('k', make())] as const,
    [`incr with ${name}`, (client: Client) => client['incr']!('k', 1, make())] as const,
  ]),
]

const BATCHES: readonly (readonly [string, (client: Client) => unknown])[] = [
  ...LISTS.flatMap(([name, make]) => [
    [`setMany of ${name}`, (client: Client) => client['setMany']!(make())] as const,
    [`addMany of ${name}`, (client: Client) => client['addMany']!(make(), { ttl: 60 })] as const,
    [`getMany of ${name}`, (client: Client) => client['getMany']!(make())] as const,
    [`deleteMany of ${name}`, (client: Client) => client['deleteMany']!(make())] as const,
  ]),
  ...VALUES.flatMap(([name, make]) => [
    [`setMany with ${name}`, (client: Client) => client['setMany']!({ k: make() })] as const,
    [`getMany with ${name}`, (client: Client) => client['getMany']!(['k', make()])] as const,
  ]),
  ...OPTIONS.flatMap(([name, make]) => [
    [`setMany with ${name} for options`, (client: Client) => client['setMany']!({ k: 1 }, make())] as const,
    [`getMany with ${name} for options`, (client: Client) => client['getMany']!(['k'], make())] as const,
  ]),
]

/** What the caller's own code threw. The synchronous clients, which read more of what they are given, may refuse it. */
const FOREIGN = 'a foreign error'

/** A result, or the class and delivery of an error: those must be the same. */
function nameOf(error: unknown): string {
  return error instanceof MemcacheError ? `${error.code} ${error.delivery}` : FOREIGN
}

/** The ends of a synchronous call that are as good as this one of the asynchronous client. */
function like(expected: string): unknown {
  return expected === FOREIGN ? expect.stringMatching(/^(a foreign error|MEMLANE_\w+ not-sent)$/) : expected
}

async function endAsync(call: () => unknown): Promise<string> {
  try {
    return String(await call())
  } catch (error) {
    return nameOf(error)
  }
}

function endSync(call: () => unknown): string {
  try {
    return String(call())
  } catch (error) {
    return nameOf(error)
  }
}

describe('what a synchronous client refuses', () => {
  let server: RealMemcached
  const options = { timeoutMs: 10_000 }
  const closing: (() => unknown)[] = []
  const clients: Partial<Record<string, Client>> = {}
  /** Nothing may be lost by what a caller does: neither a worker nor a connection. */
  let stats: MemcacheSync

  function keep(name: string, client: { destroy(): unknown }): void {
    clients[name] = client as unknown as Client
    closing.push(() => client.destroy())
  }

  beforeAll(async () => {
    await useBuiltWorker()
    server = await startMemcached()
    keep('Memcache', new Memcache(server.address, options))
    keep('on the direct way', new MemcacheSync(server.address, options))
    keep('through the worker', new MemcacheSync(server.address, { ...options, direct: false }))
    keep('MetaClient', new MetaClient(server.address, options))
    keep('MetaClientSync', new MetaClientSync(server.address, options))
    stats = new MemcacheSync(server.address, options)
    closing.push(() => stats.destroy())
    closing.push(() => server.stop())
  })
  afterAll(async () => {
    for (const close of closing) await close()
  })

  it.each([...CALLS, ...BATCHES])('is what the asynchronous client refuses: %s', async (_, call) => {
    const expected = await endAsync(() => call(clients['Memcache']!))
    for (const way of ['on the direct way', 'through the worker']) {
      const client = clients[way]!
      for (let at = 0; at < 2; at++) client['set']!('warm', at)
      expect(
        endSync(() => call(client)),
        way,
      ).toEqual(like(expected))
      expect(client['get']!('warm'), way).toBe(1)
    }
  })

  it.each(CALLS)('is what MetaClient refuses: %s', async (_, call) => {
    const expected = await endAsync(() => call(clients['MetaClient']!))
    expect(endSync(() => call(clients['MetaClientSync']!))).toEqual(like(expected))
  })

  it.each<[string, unknown, { readonly clientFlags?: number; readonly compression?: object }, string?]>([
    ['an integer of too many digits', '1'.repeat(10_001), { clientFlags: 2 }],
    ['a large one of millions of digits', '1'.repeat(900_000), { clientFlags: 4 }],
    ['what is no integer', 'x', { clientFlags: 2 }],
    ['what is no JSON', '{', { clientFlags: 32 }],
    ['text that is not UTF-8', Buffer.from([0xff]), { clientFlags: 0 }],
    ['a compressed value that was extended', 'x'.repeat(5000), { compression: { level: 1 } }, 'more'],
    ['what claims to be compressed', 'x', { clientFlags: 0x4000_0000 }],
    ['what may be a placeholder', '', { clientFlags: 0 }],
  ])('reads what is stored as the asynchronous client reads it: %s', async (_, value, how, more) => {
    const cache = clients['Memcache']!
    await cache['set']!('odd', value, how)
    if (more !== undefined) await cache['append']!('odd', more)
    for (const read of ['get', 'getMany']) {
      const call = (client: Client): unknown => client[read]!(read === 'get' ? 'odd' : ['odd'])
      const expected = await endAsync(() => call(cache))
      for (const way of ['on the direct way', 'through the worker']) {
        const client = clients[way]!
        for (let at = 0; at < 2; at++) client['set']!('warm', at)
        expect(
          endSync(() => call(client)),
          `${way}, ${read}`,
        ).toBe(expected)
      }
    }
  })

  it('ends no connection', () => {
    const before = connectionsOf(stats)
    for (const [, call] of CALLS) endSync(() => call(clients['on the direct way']!))
    expect(connectionsOf(stats)).toBe(before + 1)
  })
})

/** How many connections the server has had; the question takes one itself. */
function connectionsOf(stats: MemcacheSync): number {
  return Number([...stats.stats().values()][0]!['total_connections'])
}
