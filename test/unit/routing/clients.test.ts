import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  type Distribution,
  dalli,
  gomemcache,
  type HashFunction,
  hashes,
  hashring,
  ketama,
  mcrouterCh3,
  mcrouterCrc32,
  metaMemcache,
  metaMemcacheModula,
  modula,
  phpMemcache,
  pythonMemcached,
  type Router,
  spymemcached,
  spymemcachedModula,
  twemproxy,
  twemproxyModula,
  uhashring,
  uhashringKetama,
} from '../../../src/exports/routing.ts'
import { KEYS, readVectors, row, serversOf, tenServers } from './vectors.ts'

type Rows = Record<string, string>

interface TwemproxyPool {
  readonly name: string
  readonly hash?: string
  readonly distribution?: 'ketama' | 'modula'
  readonly hash_tag?: string
  readonly servers: string[]
  readonly row: string
}

interface DalliVectors {
  readonly lists: Record<string, [name: string, weight: number][]>
  readonly rows: Rows
  readonly failover: Record<string, string[]>
}

interface PythonMemcachedVectors {
  readonly choice: Rows
  readonly explicit_hash_tuple: { readonly rows: [[hash: number, key: string], server: number][] }
}

const HASHRINGS = readVectors('hashrings') as Record<string, { choice: Rows }>
const PYTHON = readVectors('python_memcached_routing') as PythonMemcachedVectors
const PYTHON_FAILOVER = (
  readVectors('python_failover') as {
    python_memcached: { servers: [name: string, weight: number][]; orders: string[] }
  }
).python_memcached
const DALLI = readVectors('dalli') as DalliVectors
const TWEMPROXY = readVectors('twemproxy') as { tagged_keys: string[]; pools: TwemproxyPool[] }

const S1 = serversOf(['10.0.1.1:11211', '10.0.1.2:11211', '10.0.1.3:11211'])
const MANY_KEYS = Array.from({ length: 10_000 }, (_, index) => `key${index}`)
const FEW_KEYS = 'key0 key1 key2 foo bar user:1:profile a apple é'
  .split(' ')
  .concat('x'.repeat(200), '137470', '137703')

function sha1Of(distribution: Distribution, servers = S1): string {
  return createHash('sha1')
    .update(row(distribution(servers), MANY_KEYS))
    .digest('hex')
    .slice(0, 12)
}

function shareOfSecond(router: Router): number {
  return MANY_KEYS.filter((key) => router.pick(key) === 1).length / MANY_KEYS.length
}

/** The servers' names in the order in which each key turns to them. */
function ordersOf(list: readonly string[], distribution: Distribution): string[] {
  const router = distribution(serversOf(list))
  return KEYS.flatMap((key) => Array.from(router.order(key), (index) => list[index]!))
}

function ch3Of(count: number): Router {
  return mcrouterCh3()(serversOf(tenServers(count)))
}

describe("Python's rings", () => {
  it.each<[string, () => Distribution]>([
    ['hashring_1_5_1', hashring],
    ['uhashring_default', uhashring],
    ['uhashring_default', metaMemcache],
    ['uhashring_ketama', uhashringKetama],
    ['meta_memcache_NonConsistentHashPoolProvider', metaMemcacheModula],
  ])('%s has its keys on 1 to 8 servers', (name, preset) => {
    const rows = Object.entries(HASHRINGS[name]!.choice)
    expect(rows).toHaveLength(8)
    for (const [count, expected] of rows) expect(row(preset()(serversOf(tenServers(Number(count)))))).toBe(expected)
  })
})

describe('python-memcached 1.58', () => {
  it.each(Object.entries(PYTHON.choice))('has its keys, %s', (name, expected) => {
    const [, count, weights] = /^n=(\d)(?: weights (.*))?$/.exec(name)!
    const servers = serversOf(tenServers(Number(count)), weights?.split(',').map(Number))
    expect(row(pythonMemcached()(servers))).toBe(expected)
  })

  it('with a hash of your own takes it as in its tuple keys', () => {
    for (const [[hash], server] of PYTHON.explicit_hash_tuple.rows) {
      expect(modula({ hash: () => hash })(S1).pick('k')).toBe(server)
    }
  })

  it('turns to the servers that it turns to as one after the other dies', () => {
    const { servers, orders } = PYTHON_FAILOVER
    const router = pythonMemcached()(servers.map(([name, weight]) => ({ name, weight })))
    for (const [index, key] of KEYS.entries()) {
      const order = [...router.order(key)].join('')
      // It gives up after ten tries; the others follow all the same.
      expect(order.startsWith(orders[index]!)).toBe(true)
      expect(order).toHaveLength(servers.length)
    }
  })
})

describe('Dalli 3.0.6', () => {
  const lists = Object.entries(DALLI.lists).map(([list, servers]) => {
    // Dalli's own names are those of its ring: of an IPv6 host without brackets.
    const named = servers.map(([name, weight]) => ({ name: name.replace('::1:', '[::1]:'), weight }))
    return [list, named] as const
  })

  it.each(lists)('has its keys on the list %s', (list, servers) => {
    expect(row(dalli()(servers))).toBe(DALLI.rows[list])
    expect(row(ketama({ flavour: 'dalli' })(servers))).toBe(DALLI.rows[list])
  })

  it.each(lists)(
    'turns to the servers of the list %s that it turns to as one after the other dies',
    (list, servers) => {
      const router = dalli()(servers)
      for (const [index, key] of KEYS.entries()) {
        const seen = DALLI.failover[list]![index]!
        expect([...router.order(key)].join('').startsWith(seen)).toBe(true)
        expect([...router.order(Buffer.from(key))].join('').startsWith(seen)).toBe(true)
      }
    },
  )

  it('has its keys, over 10,000 of them', () => {
    expect(sha1Of(dalli())).toBe('256342c75968')
    expect(sha1Of(dalli(), serversOf(['a:11211', 'b:11311', 'c:11211'], [1, 2, 3]))).toBe('7f0aae7343a1')
  })
})

describe('twemproxy 0.5.0', () => {
  const HASHES: Readonly<Record<string, HashFunction>> = {
    one_at_a_time: hashes.oneAtATime,
    md5: hashes.md5,
    crc32: hashes.crc,
    crc32a: hashes.crc32,
    fnv1_64: hashes.fnv1_64,
    fnv1a_64: hashes.fnv1a_64,
    fnv1_32: hashes.fnv1_32,
    fnv1a_32: hashes.fnv1a_32,
    hsieh: hashes.hsieh,
    murmur: hashes.murmur,
    jenkins: hashes.jenkins,
  }
  const keys = [...KEYS, ...TWEMPROXY.tagged_keys]

  it.each(TWEMPROXY.pools.map((pool) => [pool.name, pool] as const))('has its keys in the pool %s', (_, pool) => {
    const servers = pool.servers.map((text) => {
      const [, address, weight, alias] = /^(.*):(\d+)(?: (.*))?$/.exec(text)!
      return { name: alias ?? address!, weight: Number(weight) }
    })
    const preset = pool.distribution === 'modula' ? twemproxyModula : twemproxy
    const hash = pool.hash === undefined ? undefined : HASHES[pool.hash]!
    const router = preset({ hash, hashTag: pool.hash_tag })(servers)
    expect(row(router, keys)).toBe(pool.row)
    expect(keys.map((key) => router.pick(Buffer.from(key))).join('')).toBe(pool.row)
  })

  it('sorts its servers, shorter names first, whatever the order of the list', () => {
    const names = ['10.0.1.1:11211', '10.0.0.9:9000', '10.0.0.10:9000', 'é:1', 'z', '10.0.0.1:11311']
    const sorted = ['z', 'é:1', '10.0.1.1:11211', '10.0.0.9:9000', '10.0.0.10:9000', '10.0.0.1:11311']
    const modulaOfSorted = modula({ hash: hashes.fnv1a_64, weighted: true })
    for (const list of [names, sorted, names.toReversed()]) {
      expect(ordersOf(list, twemproxyModula())).toEqual(ordersOf(sorted, modulaOfSorted))
      expect(ordersOf(list, twemproxy())).toEqual(ordersOf(names, twemproxy()))
    }
  })

  it('with md5 is libmemcached with weights', () => {
    expect(sha1Of(twemproxy({ hash: hashes.md5 }))).toBe(sha1Of(ketama()))
  })

  it('routes keys with the same tag alike, as ketama with its flavour does', () => {
    for (const distribution of [
      twemproxy({ hash: hashes.md5, hashTag: '{}' }),
      ketama({ flavour: 'twemproxy', hash: hashes.md5, hashTag: '{}' }),
    ]) {
      const router = distribution(S1)
      for (const key of KEYS) expect(router.pick(`a{${key}}b`)).toBe(router.pick(`{${key}}`))
    }
  })
})

describe('spymemcached', () => {
  const servers = serversOf(Array.from({ length: 8 }, (_, index) => `10.0.1.${index + 1}:11211`))

  it('has the servers of its own unit tests', () => {
    const router = spymemcached()(servers)
    const expected = { 137470: 2, 137703: 3, 137936: 1, 138169: 6, 138402: 8, 140732: 2 }
    for (const [key, last] of Object.entries(expected)) {
      expect(servers[router.pick(key)]!.name).toBe(`10.0.1.${last}:11211`)
    }
  })

  it('has its keys, over 10,000 of them', () => {
    expect(row(spymemcached()(servers), FEW_KEYS)).toBe('366157705112')
    expect(sha1Of(spymemcached(), servers)).toBe('79211db0fbe1')
  })

  it('takes the points of a weighted node from its weight, and 160 of every node without weights', () => {
    const weighted = serversOf(['10.0.1.1:11211', '10.0.1.2:11211'], [1, 9])
    expect(shareOfSecond(spymemcached()(weighted))).toBeGreaterThan(0.85)
    expect(shareOfSecond(ketama({ flavour: 'spymemcached', weighted: false })(weighted))).toBeLessThan(0.65)
  })

  it('without ketama goes by String.hashCode', () => {
    // 99162322 % 3 and 233 % 3.
    expect(spymemcachedModula()(S1).pick('hello')).toBe(1)
    expect(spymemcachedModula()(S1).pick('é')).toBe(2)
    expect(spymemcachedModula()(S1).pick(Buffer.from('é'))).toBe(2)
  })
})

describe('gomemcache and PHP Memcache', () => {
  it('has its keys, over 10,000 of them', () => {
    expect(row(gomemcache()(S1), FEW_KEYS)).toBe('211222022212')
    expect(sha1Of(gomemcache())).toBe('362652c75ff5')
  })

  it('a weight is an address that stands in the list so many times', () => {
    const repeated = modula({ hash: hashes.crc32 })(serversOf(['a', 'a again', 'b']))
    const router = gomemcache()(serversOf(['a', 'b'], [2, 1]))
    for (const key of KEYS) expect(router.pick(key)).toBe(repeated.pick(key) === 2 ? 1 : 0)
  })

  it('the old PHP extension has fifteen bits of CRC-32 over the weights', () => {
    const router = phpMemcache()(serversOf(['a', 'b'], [1, 3]))
    for (const key of KEYS) expect(router.pick(key)).toBe(((hashes.crc32(key) >>> 16) & 0x7fff) % 4 === 0 ? 0 : 1)
  })
})

describe('mcrouter', () => {
  it.each([
    ['key0', [0, 7, 22]],
    ['key1', [2, 2, 2]],
    ['key2', [0, 4, 40]],
    ['foo', [1, 1, 1]],
    ['bar', [0, 0, 46]],
    ['user:1:profile', [2, 7, 13]],
    ['a', [1, 4, 34]],
    ['apple', [0, 3, 42]],
    ['sample', [1, 7, 97]],
    ['', [1, 8, 72]],
  ])('Ch3 has %j on the servers of its C source, of 3, 10 and 100', (key, expected) => {
    expect([3, 10, 100].map((count) => ch3Of(count).pick(key))).toEqual(expected)
  })

  it('Ch3 has as many of the keys 0 to 999 on each of three servers', () => {
    const counts = [0, 0, 0]
    for (let key = 0; key < 1000; key++) counts[ch3Of(3).pick(String(key))]!++
    expect(counts).toEqual([307, 342, 351])
  })

  it('Crc32 has its keys, over 10,000 of them', () => {
    expect(row(mcrouterCrc32()(S1), FEW_KEYS)).toBe('212020102210')
    expect(sha1Of(mcrouterCrc32())).toBe('4b7e14c795cb')
  })

  it.each([
    ['Ch3', mcrouterCh3()],
    ['Crc32', mcrouterCrc32()],
  ])('%s hashes what stands before |#|, in text and in bytes', (_, distribution) => {
    const router = distribution(serversOf(tenServers(50)))
    for (const key of KEYS.slice(0, 50)) {
      expect(router.pick(`${key}|#|é`)).toBe(router.pick(key))
      expect(router.pick(Buffer.from(`${key}|#|é`))).toBe(router.pick(key))
      expect([...router.order(`${key}|#|b`)]).toEqual([...router.order(key)])
    }
    expect(KEYS.some((key) => router.pick(`${key}|#b`) !== router.pick(key))).toBe(true)
  })
})
