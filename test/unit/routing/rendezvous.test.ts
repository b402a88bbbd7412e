import { describe, expect, it } from 'vitest'
import { hashes, pymemcache, type Router, rendezvous } from '../../../src/exports/routing.ts'
import { KEYS, readVectors, row, serversOf } from './vectors.ts'

interface PymemcacheVectors {
  readonly sets: Record<string, { nodes: string[]; str: string; bytes: string }>
  readonly failover_order_5_tcp: { rows: [key: string, order: string][] }
  readonly server_key_tuple_3_tcp: { rows: [serverKey: string, key: string, node: number][] }
  readonly ties: { rows: [nodes: string[], winner: string][] }
}

const VECTORS = readVectors('pymemcache_rendezvous') as PymemcacheVectors
const NAMES = (
  readVectors('python_failover') as { pymemcache_names: { nodes: string[]; rows: [key: string, node: number][] } }
).pymemcache_names
const SETS = Object.entries(VECTORS.sets).map(([name, set]) => {
  // Its name of an IPv6 server has no brackets; ours has.
  const servers = serversOf(set.nodes.map((node) => node.replace('::1:', '[::1]:')))
  return [name, servers, set] as const
})

/** A router of servers that score the same for every key. */
function tied(nodes: readonly string[]): Router {
  return rendezvous({ hash: () => 7 })(serversOf(nodes))
}

describe('rendezvous', () => {
  it.each(SETS)('has the servers of pymemcache 4.0.0 for text keys, servers %s', (_, servers, { str }) => {
    expect(row(rendezvous()(servers))).toBe(str)
    expect(row(pymemcache()(servers))).toBe(str)
  })

  it.each(SETS)('has them for the bytes of the text too, servers %s', (_, servers, { str }) => {
    const router = rendezvous()(servers)
    expect(KEYS.map((key) => router.pick(Buffer.from(key))).join('')).toBe(str)
  })

  it.each(SETS)('pymemcache with bytes keys has those of its bytes keys, servers %s', (_, servers, { bytes }) => {
    const router = pymemcache({ keys: 'bytes' })(servers)
    expect(row(router)).toBe(bytes)
    expect(KEYS.map((key) => router.pick(Buffer.from(key))).join('')).toBe(bytes)
    expect(KEYS.map((key) => [...router.order(key)][0]).join('')).toBe(bytes)
  })

  it('has the order in which pymemcache turns to others', () => {
    const router = rendezvous()(serversOf(VECTORS.sets['5_tcp']!.nodes))
    for (const [key, order] of VECTORS.failover_order_5_tcp.rows) expect([...router.order(key)].join('')).toBe(order)
  })

  it("has the servers of pymemcache's tuple keys when asked for the routing key", () => {
    const router = rendezvous()(serversOf(VECTORS.sets['3_tcp']!.nodes))
    for (const [serverKey, , node] of VECTORS.server_key_tuple_3_tcp.rows) expect(router.pick(serverKey)).toBe(node)
  })

  it('of equal scores takes the greatest name, by code points', () => {
    for (const [nodes, winner] of VECTORS.ties.rows) {
      expect(nodes[tied(nodes).pick('k')]).toBe(winner)
      expect(nodes[[...tied(nodes).order('k')][0]!]).toBe(winner)
    }
    // By UTF-16 units the second would be the greater one.
    expect(tied(['\u{1f37a}', '\uffee']).pick('k')).toBe(0)
  })

  it('has the servers of pymemcache for names and keys beyond ASCII', () => {
    const router = rendezvous()(serversOf(NAMES.nodes))
    for (const [key, node] of NAMES.rows) {
      expect(router.pick(key)).toBe(node)
      expect(router.pick(Buffer.from(key))).toBe(node)
    }
  })

  it('gives a hash of your own the bytes that its own hash reads', () => {
    for (const [, servers, { str }] of SETS) {
      expect(row(rendezvous({ hash: (data, seed) => hashes.murmur3(data, seed) })(servers))).toBe(str)
    }
  })

  it.each([1, 10, 3735928559, 4294967295])('hands the seed %i to the hash', (seed) => {
    const servers = serversOf(['s0', 's11', 's222', 's3333', '10.0.0.1:11211'])
    const own = rendezvous({ seed, hash: (data, given) => hashes.murmur3(data, given) })(servers)
    expect(row(rendezvous({ seed })(servers))).toBe(row(own))
    expect(row(rendezvous({ seed })(servers))).not.toBe(row(rendezvous()(servers)))
  })

  it('takes keys longer than any memcached takes', () => {
    const servers = serversOf(['a', 'bc', 'def', 'ghij'])
    const own = rendezvous({ hash: (data, seed) => hashes.murmur3(data, seed) })(servers)
    for (const length of [1020, 1024, 1025, 1026, 1027, 5000]) {
      const key = 'k'.repeat(length)
      expect(rendezvous()(servers).pick(key)).toBe(own.pick(key))
    }
  })

  it('takes bytes that are not UTF-8 as they are', () => {
    const key = Uint8Array.of(0x6b, 0xff, 0x00)
    const servers = serversOf(['a:1', 'b:1', 'c:1'])
    const scores = servers.map(({ name }) => hashes.murmur3(Buffer.concat([Buffer.from(`${name}-`), key])))
    expect(rendezvous()(servers).pick(key)).toBe(scores.indexOf(Math.max(...scores)))
  })

  it("prints a bytes key as Python's repr does", () => {
    const router = pymemcache({ keys: 'bytes' })(serversOf(Array.from({ length: 200 }, (_, index) => `s${index}`)))
    const text = rendezvous()(serversOf(Array.from({ length: 200 }, (_, index) => `s${index}`)))
    for (const [key, repr] of [
      ["it's", `b"it's"`],
      [`it's "it"`, String.raw`b'it\'s "it"'`],
      ['a\\b\t\n\r\0\x7f', String.raw`b'a\\b\t\n\r\x00\x7f'`],
      ['é', String.raw`b'\xc3\xa9'`],
    ] as const) {
      expect(router.pick(key)).toBe(text.pick(repr))
    }
  })
})
