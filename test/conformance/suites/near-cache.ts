import { describe, expect, it } from 'vitest'
import { chunks } from '../../../src/client/chunks/chunks.ts'
import type { Memcache } from '../../../src/client/memcache.ts'
import { nearCache } from '../../../src/middleware/near/near-cache.ts'
import type { NearCacheOptions } from '../../../src/middleware/near/options.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'
import type { Context } from '../context.ts'

function hitsOf(cache: Memcache): number {
  return cache.nearCache!.hits
}

export function describeNearCache(context: Context): void {
  const { itNeeds } = context
  /** A client that keeps all that it reads for a minute. */
  const client = (options: Partial<NearCacheOptions> = {}, rest: MemcacheOptions = {}): Memcache =>
    context.client({ nearCache: nearCache({ ttlMs: 60_000, admitAfter: 1, ...options }), ...rest })

  describe('values near their readers', () => {
    it('are read from the near cache until they are asked for at the server', async () => {
      const [cache, other] = [client(), context.client()]
      const keys = ['a', 'b', 'c'].map((label) => context.key(label))
      const [a, b, c] = keys as [string, string, string]
      const values = ['text', { list: [1, null] }, Buffer.from([0, 255])]
      await other.setMany(keys.map((key, at) => [key, values[at]]))
      expect(await cache.get(a)).toBe('text')
      await other.set(a, 'other')
      expect([...(await cache.getMany(keys)).values()]).toEqual(values)
      expect(await cache.namespace(b.slice(0, 2)).get(b.slice(2))).toEqual(values[1])
      expect([await cache.get(c), hitsOf(cache)]).toEqual([values[2], 3])
      expect([await cache.get(a), await cache.get(a, { near: false })]).toEqual(['text', 'other'])
      expect([...(await cache.getMany(keys)).values()]).toEqual(['other', values[1], values[2]])
      expect(hitsOf(cache)).toBe(7)
    })

    it('leave the near cache when their client writes them', async () => {
      const cache = client({ shared: true })
      const key = context.key('own')
      let expected = 0
      for (let round = 0; round < 5; round++) {
        expect(await cache.set(key, expected)).toBe(true)
        expect([await cache.get(key), await cache.get(key)]).toEqual([expected, expected])
        expect(await cache.incr(key)).toBe(++expected)
        expect([await cache.get(key), await cache.get(key)]).toEqual([expected, expected])
        const [, found] = await Promise.all([cache.setMany({ [key]: ++expected }), cache.getMany([key])])
        expect(found.get(key)).toBe(expected)
        void cache.noreply.set(key, ++expected)
        expect([await cache.get(key), await cache.get(key)]).toEqual([expected, expected])
        expected++
      }
      await cache.delete(key)
      expect(await cache.get(key)).toBeUndefined()
    })

    itNeeds(
      'meta',
      'answer a getOrSet from the near cache where a getOrSet has read them',
      async () => {
        const [cache, other] = [client(), context.client()]
        const key = context.key('load')
        expect(await cache.getOrSet(key, () => 'loaded', { ttl: 60 })).toBe('loaded')
        await cache.getOrSet(key, () => 'not loaded')
        await other.set(key, 'other', { ttl: 60 })
        expect([await cache.getOrSet(key, () => 'not loaded'), hitsOf(cache)]).toEqual(['loaded', 1])
        expect([await cache.get(key), hitsOf(cache)]).toEqual(['loaded', 2])
        expect(await cache.getOrSet(key, () => 'not loaded', { near: false })).toBe('other')
      },
      {
        title: 'do not answer a getOrSet from the near cache: text does not say how long they live',
        test: async () => {
          const [cache, other] = [client(), context.client()]
          const key = context.key('load')
          for (let round = 0; round < 2; round++) await cache.getOrSet(key, () => 'loaded', { ttl: 60 })
          await other.set(key, 'other', { ttl: 60 })
          expect([await cache.getOrSet(key, () => 'not loaded'), hitsOf(cache)]).toEqual(['other', 0])
        },
      },
    )

    itNeeds('meta', 'are loaded by one caller although a near cache holds the old value', async () => {
      const [cache, other] = [client({ missTtlMs: 60_000 }), context.client()]
      const key = context.key('stale')
      await other.set(key, 'old', { ttl: 60 })
      expect(await cache.get(key)).toBe('old')
      await other.invalidate(key, { staleFor: 60 })
      expect(await cache.getOrSet(key, () => 'new', { ttl: 60 })).toBe('old')
      await expect.poll(() => other.get(key)).toBe('new')
      const missing = context.key('missing')
      expect([await cache.get(missing), await cache.getOrSet(missing, () => 'loaded')]).toEqual([undefined, 'loaded'])
      expect(await cache.get(missing)).toBe('loaded')
    })

    it('in chunks are never in a near cache, and those beside them are', async () => {
      const cache = client({}, { chunks: chunks({ aboveBytes: 4000, chunkBytes: 1500 }) })
      const [large, small] = [context.key('large'), context.key('small')]
      await cache.setMany({ [large]: 'x'.repeat(9000), [small]: 'x' })
      for (let round = 0; round < 2; round++) {
        expect([...(await cache.getMany([large, small])).values()]).toEqual(['x'.repeat(9000), 'x'])
      }
      expect(cache.nearCache).toMatchObject({ hits: 1, items: 1 })
      await cache.set(large, 'y'.repeat(9000))
      expect(await cache.get(large)).toBe('y'.repeat(9000))
    })
  })
}
