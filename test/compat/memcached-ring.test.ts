import { describe, expect, it, onTestFinished } from 'vitest'
import type { MemcachedLocation, MemcachedOptions } from '../../src/compat/memcached/api.ts'
import { ketama } from '../../src/routing/ketama.ts'
import { memcachedNpm } from '../../src/routing/npm-ring.ts'
import { argsOf } from '../support/callback-call.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { type AnyClient, type Implementation, ORIGINAL, SHIM } from './support/classes.ts'

const KEYS = Array.from(
  { length: 3000 },
  (_, at) => `${['user', 'sitzung/ä', '商品', 'x'][at % 4]}:${at}:${'k'.repeat(at % 300)}`,
)

/** The ring has names as they were given; the shim's have a port. */
const withPort = (server: string | undefined): string =>
  /:\d+$/.test(String(server)) ? String(server) : `${server}:11211`

describe('the server of a key', () => {
  it.each<[name: string, location: MemcachedLocation, options?: MemcachedOptions]>([
    ['equal servers on the default port', ['10.0.0.1:11211', '10.0.0.2:11211', '10.0.0.3:11211']],
    ['servers without a port', ['cache-a', 'cache-b', 'cache-c.example.org']],
    ['servers on other ports', ['10.0.0.1:11212', '10.0.0.1:11213', '10.0.0.1:11211', 'cache:2000']],
    ['weights', { '10.0.0.1:11211': 2, '10.0.0.2:11211': 1, '10.0.0.3:11211': 1 }],
    ['weights on other ports', { 'a:1000': 1, 'b:2000': 5, 'c:3000': 3, 'd:4000': 10 }],
    ['weights as objects', { 'a:1000': { weight: 3 }, 'b:2000': { weight: 1 } } as unknown as MemcachedLocation],
    ['weights that are none', { 'a:1000': 0, 'b:2000': '3', 'c:3000': 'x' } as unknown as MemcachedLocation],
    ['a server twice', ['a:1000', 'b:2000', 'a:1000', 'c:3000']],
    ['forty servers', Array.from({ length: 40 }, (_, at) => `10.0.1.${at}:11211`)],
    ['IPv6', ['::1:11211', '::1:11212']],
    ['weights that are fractions', { 'a:1000': 0.5, 'b:2000': 0.25, 'c:3000': 1.1 }],
    ['numbers of points', { 'a:1': { vnodes: 200 }, 'b:2': { weight: 2 }, 'c:3': 1 } as unknown as MemcachedLocation],
    ['another hash', ['a:11211', 'b:2000', 'c'], { algorithm: 'sha1' }],
    ['the form of Python', ['a:11211', 'b:2000', 'c'], { compatibility: 'hash_ring' }],
    ['no form', { 'a:11211': 1, 'b:2000': 2 }, { compatibility: 'none', algorithm: 'sha256' }],
  ])('is that of the original, for 3,000 keys: %s', (_name, location, options = {}) => {
    const [original, shim] = [ORIGINAL, SHIM].map(({ Class }) => new Class(location, options))
    const servers = KEYS.map((key) => withPort(original!.HashRing.get(key)))
    expect(KEYS.map((key) => shim!.HashRing.get(key))).toEqual(servers)
    expect(new Set(servers).size).toBeGreaterThan(1)
  })
})

async function startServers(): Promise<string[]> {
  const servers = await Promise.all(Array.from({ length: 3 }, () => startMemcached()))
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
  return servers.map(({ address }) => address)
}

function open({ Class }: Implementation, servers: string[], options?: MemcachedOptions): AnyClient {
  const client = new Class(servers, { retries: 0, ...options })
  onTestFinished(() => client.end())
  return client
}

describe('routing.memcachedNpm()', () => {
  it('is the ring of the original, with up to 64 equal servers, and with weights', () => {
    const keys = KEYS.slice(0, 500)
    for (let count = 1; count <= 64; count++) {
      const names = Array.from({ length: count }, (_, at) => `10.0.0.${at}:${at % 3 === 0 ? 11_211 : 11_211 + at}`)
      for (const weightOf of [() => 1, (at: number) => 1 + ((at * 7 + count) % 10)]) {
        const weights = names.map((_, at) => weightOf(at))
        const original = new ORIGINAL.Class(Object.fromEntries(names.map((name, at) => [name, weights[at]!])))
        const router = memcachedNpm()(names.map((name, at) => ({ name, weight: weights[at]! })))
        expect(keys.map((key) => names[router.pick(key)])).toEqual(keys.map((key) => original.HashRing.get(key)))
      }
    }
  })

  it('differs from ketama() with 7 servers', () => {
    const names = Array.from({ length: 7 }, (_, at) => `10.0.0.${at}:11211`)
    const [ours, theirs] = [ketama(), memcachedNpm()].map((ring) => ring(names.map((name) => ({ name, weight: 1 }))))
    const moved = KEYS.filter((key) => ours!.pick(key) !== theirs!.pick(key))
    expect(moved.length).toBeGreaterThan(30)
  })
})

describe('items on several servers', () => {
  const values = new Map<string, unknown>(
    Array.from({ length: 120 }, (_, at) => [
      `${'long'.repeat(at % 3 === 0 ? 80 : 0)}key:${at}:`,
      [at, `text ${at}\r\n`, { at }, Buffer.from([at, 13, 10, 255]), at / 8, null][at % 6],
    ]),
  )

  it.each<[writer: Implementation, reader: Implementation, options: MemcachedOptions]>([
    [ORIGINAL, SHIM, {}],
    [SHIM, ORIGINAL, {}],
    [ORIGINAL, SHIM, { namespace: 'app:' }],
    [SHIM, ORIGINAL, { namespace: 'app:' }],
  ])('that $0.name stores are read by $1.name: $2', async (writer, reader, options) => {
    const servers = await startServers()
    const [from, to] = [open(writer, servers, options), open(reader, servers, options)]
    for (const [key, value] of values) expect(await argsOf(from, 'set', key, value, 60)).toEqual([undefined, true])
    for (const [key, value] of values) expect(await argsOf(to, 'get', key)).toEqual([undefined, value])
    const keys = [...values.keys()]
    const many = await Promise.all([from, to].map((client) => argsOf(client, 'getMulti', keys)))
    expect(many[0]).toEqual(many[1])
    expect(Object.keys(many[0]![1] as object)).toHaveLength(values.size)
    for (const key of keys) expect(await argsOf(to, 'del', key)).toEqual([undefined, true])
    expect(await argsOf(from, 'getMulti', keys)).toEqual([undefined, {}])
  })
})
