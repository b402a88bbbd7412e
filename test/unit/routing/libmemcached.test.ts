import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type HashFunction,
  hashes,
  ketama,
  libmemcachedConsistent,
  libmemcachedModula,
  libmemcachedSpy,
  libmemcachedVirtualBucket,
  libmemcachedWeighted,
  modula,
  phpMemcached,
  phpMemcachedConsistent,
  phpMemcachedLibketama,
} from '../../../src/exports/routing.ts'
import { localServers, readVectors, row, serversOf, tenServers } from './vectors.ts'

type Rows = Record<string, string>

interface WeightedVectors {
  readonly weights: Record<string, number[]>
  readonly ketama_weighted: Record<string, Record<string, Rows>>
  readonly weighted_key_hash: Record<string, Rows>
  readonly auto_weighted: Record<string, Rows>
}

interface PhpVectors {
  readonly lists: Record<string, [host: string, port: number, weight: number][]>
  readonly rows: Rows
  readonly sockets: {
    readonly paths: string[]
    readonly rows: { readonly consistent: string; readonly libketama: string }
  }
}

/** pylibmc's names of hashes. */
const HASHES: Readonly<Record<string, HashFunction>> = {
  default: hashes.oneAtATime,
  md5: hashes.md5,
  crc: hashes.crc,
  fnv1_64: hashes.fnv1_64,
  fnv1a_64: hashes.fnv1a_64,
  fnv1_32: hashes.fnv1_32,
  fnv1a_32: hashes.fnv1a_32,
  murmur: hashes.murmur,
  jenkins: hashes.jenkins,
}

const MODULA = (readVectors('libmemcached_modula') as { modula: Record<string, Rows> }).modula
const CONSISTENT = {
  p11211: (readVectors('libmemcached_consistent_p11211') as { consistent: Record<string, Rows> }).consistent,
  p2150x: (readVectors('libmemcached_consistent_p2150x') as { consistent: Record<string, Rows> }).consistent,
}
const WEIGHTED = readVectors('libmemcached_ketama_weighted') as WeightedVectors
const { mixed: MIXED_WEIGHTS } = WEIGHTED.weights
const MISC = Object.entries((readVectors('libmemcached_misc') as { rows: Rows }).rows)
const PHP = readVectors('php_memcached') as PhpVectors
const NAMES = { p11211: tenServers, p2150x: localServers }

function misc(part: string): string {
  const found = MISC.filter(([name]) => name.includes(part))
  expect(found).toHaveLength(1)
  return found[0]![1]
}

describe('libmemcached 1.1.4 as pylibmc saw it', () => {
  it.each(Object.entries(MODULA))('modula with %s has its keys on 1 to 8 servers', (hash, rows) => {
    for (const [count, expected] of Object.entries(rows)) {
      const servers = serversOf(tenServers(Number(count)))
      expect(row(libmemcachedModula({ hash: HASHES[hash] })(servers))).toBe(expected)
      expect(row(modula({ hash: HASHES[hash] })(servers))).toBe(expected)
    }
  })

  it.each([
    ...Object.entries(CONSISTENT.p11211).map((entry) => ['p11211', ...entry] as const),
    ...Object.entries(CONSISTENT.p2150x).map((entry) => ['p2150x', ...entry] as const),
  ])('consistent, servers %s, with %s has its keys on 1 to 8 servers', (kind, hash, rows) => {
    for (const [count, expected] of Object.entries(rows)) {
      const servers = serversOf(NAMES[kind](Number(count)))
      expect(row(libmemcachedConsistent({ hash: HASHES[hash] })(servers))).toBe(expected)
      expect(row(ketama({ weighted: false, hash: HASHES[hash] })(servers))).toBe(expected)
    }
  })

  it.each(Object.entries(WEIGHTED.weights))('ketama_weighted, weights %s, has its keys', (weights, values) => {
    for (const kind of ['p11211', 'p2150x'] as const) {
      for (const [count, expected] of Object.entries(WEIGHTED.ketama_weighted[kind]![weights]!)) {
        const servers = serversOf(NAMES[kind](Number(count)), values)
        expect(row(ketama()(servers))).toBe(expected)
        expect(row(libmemcachedWeighted()(servers))).toBe(expected)
      }
    }
  })

  it.each(Object.entries(WEIGHTED.weighted_key_hash))('a weighted ring with the key hash %s', (hash, rows) => {
    for (const [count, expected] of Object.entries(rows)) {
      const servers = serversOf(tenServers(Number(count)), MIXED_WEIGHTS)
      expect(row(libmemcachedWeighted({ hash: HASHES[hash] })(servers))).toBe(expected)
    }
  })

  it.each(Object.entries(WEIGHTED.auto_weighted))('%s with a weight above 1 becomes a weighted ring', (_, rows) => {
    for (const [count, expected] of Object.entries(rows)) {
      const servers = serversOf(tenServers(Number(count)), MIXED_WEIGHTS)
      expect(row(libmemcachedConsistent({ hash: hashes.md5 })(servers))).toBe(expected)
    }
  })

  it('calls IPv6 hosts, names, ports and sockets as they are called on its rings', () => {
    const consistent = libmemcachedConsistent({ hash: hashes.md5 })
    const sockets = serversOf(['a', 'b', 'c'].map((letter) => `/var/run/mc/${letter}.sock`))
    const names = serversOf(['a', 'b', 'c'].map((letter) => `${letter}.example.com:11211`))
    expect(row(consistent(serversOf(['[::1]:11211', '[::1]:11212', '[::2]:11211'])))).toBe(misc('ipv6'))
    expect(row(consistent(names))).toBe(misc('names a.example.com'))
    expect(row(consistent(sockets))).toBe(misc("sock'] consistent/md5"))
    expect(row(ketama()(sockets))).toBe(misc("sock'] ketama_weighted"))
    expect(row(modula()(sockets))).toBe(misc("sock'] modula/default"))
    // pylibmc's `_sort_hosts` sorts the list; the indices are those of the sorted list.
    expect(row(modula()(names))).toBe(misc('_sort_hosts'))
  })

  it('has its imitation of spymemcached, with the slash', () => {
    const spy = libmemcachedSpy({ hash: hashes.md5 })
    expect(row(spy(serversOf(tenServers(3))))).toBe(misc('spy p11211 n=3'))
    expect(row(spy(serversOf(localServers(3))))).toBe(misc('spy p2150x n=3'))
    expect(row(spy(serversOf(localServers(5))))).toBe(misc('spy p2150x n=5'))
  })

  it('has virtual buckets without a map', () => {
    expect(row(libmemcachedVirtualBucket()(serversOf(tenServers(3))))).toBe(misc('virtual bucket n=3'))
    expect(row(libmemcachedVirtualBucket({ hash: hashes.crc })(serversOf(tenServers(5))))).toBe(misc('n=5 hash crc'))
  })

  it('was compared in every row of the mixed vectors', () => {
    expect(MISC).toHaveLength(11)
  })
})

describe("PHP's Memcached 3.2", () => {
  it.each(Object.keys(PHP.lists))('has its keys on the list %s', (list) => {
    const servers = PHP.lists[list]!.map(([host, port, weight]) => ({ name: `${host}:${port}`, weight }))
    expect(row(phpMemcached()(servers))).toBe(PHP.rows[`default ${list}`])
    expect(row(phpMemcachedConsistent()(servers))).toBe(PHP.rows[`consistent ${list}`])
    expect(row(phpMemcachedLibketama()(servers))).toBe(PHP.rows[`libketama ${list}`])
    expect(row(libmemcachedWeighted({ hash: hashes.crc })(servers))).toBe(PHP.rows[`libketama crc ${list}`])
  })

  it('calls sockets by their paths alone, unlike libmemcached', () => {
    const servers = PHP.sockets.paths.map((path) => ({ name: path, weight: 1, path }))
    expect(row(phpMemcachedConsistent()(servers))).toBe(PHP.sockets.rows.consistent)
    expect(row(phpMemcachedLibketama()(servers))).toBe(PHP.sockets.rows.libketama)
    expect(row(ketama()(servers))).not.toBe(PHP.sockets.rows.libketama)
  })
})

describe('libmemcached called over 10,000 keys', () => {
  const keys = Array.from({ length: 10_000 }, (_, index) => `key${index}`)
  const s1 = serversOf(['10.0.1.1:11211', '10.0.1.2:11211', '10.0.1.3:11211'])
  const s2 = serversOf(
    Array.from({ length: 8 }, (_, index) => `10.0.1.${index + 1}:11211`),
    [600, 300, 200, 350, 1000, 800, 950, 100],
  )
  const s3 = serversOf([
    'cache-a.example:11211',
    'cache-b.example:11212',
    '127.0.0.1:22122',
    '127.0.0.1:11211',
    '[::1]:11211',
  ])
  const s4 = serversOf(['a:11211', 'b:11311', 'c:11211'], [1, 2, 3])

  it.each([
    ['weighted, equal', ketama(), s1, 'f2452fb87b6a'],
    ['weighted, eight weights', ketama(), s2, '618291a426b1'],
    ['weighted, mixed names', ketama(), s3, '091c8d18a4d1'],
    ['weighted, three weights', ketama(), s4, '7585508f62fd'],
    ['unweighted', ketama({ weighted: false }), s1, '9bd7223a6b24'],
    ['unweighted, md5', libmemcachedConsistent({ hash: hashes.md5 }), s1, 'e95ff8a5c607'],
    ['modula', libmemcachedModula(), s1, '8196a00a6018'],
    ['modula, crc', libmemcachedModula({ hash: hashes.crc }), s1, '087c8099fb2f'],
  ])('%s: the SHA-1 of all indices is the same', (_, distribution, servers, sha1) => {
    expect(
      createHash('sha1')
        .update(row(distribution(servers), keys))
        .digest('hex')
        .slice(0, 12),
    ).toBe(sha1)
  })
})
