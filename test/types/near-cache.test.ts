import { describe, expectTypeOf, it } from 'vitest'
import { type Key, Memcache } from '../../src/exports/index.ts'
import { type HotKey, type NearCachePart, type NearCacheView, nearCache } from '../../src/exports/near-cache.ts'
import { MemcacheSync } from '../../src/exports/sync.ts'

declare const cache: Memcache

/** Only compiled. */
const calls = {
  client: () => new Memcache('localhost', { nearCache: nearCache({ ttlMs: 1000, keys: ['user:'], shared: true }) }),
  chosen: () => nearCache({ ttlMs: 1, keys: (key) => typeof key === 'string' }),
  get: () => cache.get<string>('key', { near: false }),
  getMany: () => cache.namespace<number>('n:').getMany(['key'], { near: false }),
  getOrSet: () => cache.getOrSet('key', () => 1, { near: false }),
  // @ts-expect-error - the bound on staleness is the caller's
  without: () => nearCache({}),
  // @ts-expect-error - the part, not its options
  options: () => new Memcache('localhost', { nearCache: { ttlMs: 1000 } }),
  // @ts-expect-error - no read
  set: () => cache.set('key', 1, { near: false }),
  // @ts-expect-error - a synchronous client has none
  sync: () => new MemcacheSync('localhost').nearCache,
}

describe('the types of the near cache', () => {
  it('follow from the call', () => {
    expectTypeOf<ReturnType<(typeof calls)['get']>>().toEqualTypeOf<Promise<string | undefined>>()
    expectTypeOf<ReturnType<(typeof calls)['getMany']>>().toEqualTypeOf<Promise<Map<string, number>>>()
    expectTypeOf<ReturnType<(typeof calls)['getOrSet']>>().toEqualTypeOf<Promise<number>>()
    expectTypeOf<(typeof cache)['nearCache']>().toEqualTypeOf<NearCacheView | undefined>()
    expectTypeOf(nearCache({ ttlMs: 1 })).toEqualTypeOf<NearCachePart>()
    expectTypeOf<HotKey['key']>().toEqualTypeOf<Key>()
  })
})
