import { describe, expect, it } from 'vitest'
import { hashring, ketama, memcachedNpm, memjs, uhashringKetama } from '../../../src/exports/routing.ts'
import { KEYS, readVectors, row, serversOf, tenServers } from './vectors.ts'

interface NpmVectors {
  readonly memjs: { readonly choice: Record<string, string>; readonly failover: string[] }
  readonly memcached: Record<string, { readonly servers: [name: string, weight: number][]; readonly row: string }>
  readonly hashring: Record<string, { readonly own: string; readonly hash_ring: string }>
}

const VECTORS = readVectors('npm_rings') as NpmVectors
/** Keys before this one are ASCII. */
const FIRST_OTHER = 235

describe('memjs 1.3.2', () => {
  it('has its keys on 1 to 8 servers, those beyond ASCII too', () => {
    const rows = Object.entries(VECTORS.memjs.choice)
    expect(rows).toHaveLength(8)
    for (const [count, expected] of rows) {
      const router = memjs()(serversOf(tenServers(Number(count))))
      expect(row(router)).toBe(expected)
      expect(KEYS.map((key) => router.pick(Buffer.from(key))).join('')).toBe(expected)
    }
  })

  it('turns to the servers that it turns to as one after the other dies', () => {
    const router = memjs()(serversOf(tenServers(5)))
    expect(KEYS.map((key) => [...router.order(key)].join(''))).toEqual(VECTORS.memjs.failover)
  })

  it('takes the hash without its sign where it is the smallest of 32 bits', () => {
    // "polygenelubricants".hashCode() is -2³¹.
    expect(memjs()(serversOf(tenServers(7))).pick('polygenelubricants')).toBe(2 ** 31 % 7)
  })

  it('has no weights', () => {
    expect(() => memjs()(serversOf(['a:1', 'b:1'], [1, 2]))).toThrow('memjs has no weights')
  })
})

describe('the npm package memcached 2.2.2', () => {
  it.each(Object.entries(VECTORS.memcached))(
    'has its keys where memcachedNpm() has them, and for these numbers of servers ketama(): %s',
    (_, { servers, row: seen }) => {
      const routed = servers.map(([name, weight]) => ({ name, weight }))
      expect(row(memcachedNpm()(routed))).toBe(seen)
      expect(row(ketama()(routed))).toBe(seen)
    },
  )
})

describe('the npm package hashring 3.2.0', () => {
  it.each(Object.entries(VECTORS.hashring))('has its keys on %s servers', (count, { own, hash_ring: python }) => {
    const servers = serversOf(tenServers(Number(count)))
    // The port 11211 stays in the names.
    expect(row(uhashringKetama()(servers))).toBe(own)
    const ascii = KEYS.slice(0, FIRST_OTHER)
    expect(row(hashring()(servers), ascii)).toBe(python.slice(0, FIRST_OTHER))
  })
})
