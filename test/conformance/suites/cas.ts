import { describe, expect, it } from 'vitest'
import type { Context } from '../context.ts'

export function describeCas(context: Context): void {
  describe('cas', () => {
    it('stores when nobody wrote in between', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, { n: 1 })
      const current = await cache.gets<{ n: number }>(key)
      expect(typeof current?.cas).toBe('bigint')
      expect(await cache.cas(key, { n: current!.value.n + 1 }, current!.cas)).toBe('stored')
      expect(await cache.get(key)).toEqual({ n: 2 })
    })

    it('says exists when somebody did, and leaves that value', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'mine')
      const current = await cache.gets(key)
      await context.client().set(key, 'theirs')
      expect(await cache.cas(key, 'late', current!.cas)).toBe('exists')
      expect(await cache.get(key)).toBe('theirs')
    })

    it('says notFound when the item is gone, and stores nothing', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const current = await cache.gets(key)
      await cache.delete(key)
      expect(await cache.cas(key, 2, current!.cas)).toBe('notFound')
      expect(await cache.get(key)).toBeUndefined()
    })

    it('lets exactly one of many win', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 0)
      const current = await cache.gets(key)
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, at) => cache.cas(key, at, current!.cas)))
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1)
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(19)
    })

    it('takes a token of 64 bits', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      expect(await cache.cas(key, 2, 2n ** 64n - 1n)).toBe('exists')
    })
  })
}
