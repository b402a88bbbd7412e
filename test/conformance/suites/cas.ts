import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeCas(context: Context): void {
  describe('cas', () => {
    context.itNeeds('cas', 'stores when nobody wrote in between', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, { n: 1 })
      const current = await cache.gets<{ n: number }>(key)
      expect(typeof current?.cas).toBe('bigint')
      expect(await cache.cas(key, { n: current!.value.n + 1 }, current!.cas)).toBe('stored')
      expect(await cache.get(key)).toEqual({ n: 2 })
    })

    it('gives the option default of gets for a miss, as it is', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.gets(key, { default: 'none' })).toBe('none')
      expect(await cache.gets<string>(key, { default: null })).toBeNull()
      expect(await cache.gets(key)).toBeUndefined()
      await cache.set(key, 'there')
      expect(await cache.gets(key, { default: 'none' })).toMatchObject({ value: 'there' })
      const namespace = cache.namespace<string>('cas:')
      expect(await namespace.gets(key, { default: 'none' })).toBe('none')
      const [found] = await cache.pipeline().gets(`${key}:none`, { default: 0 }).run()
      expect(found).toEqual({ status: 'fulfilled', value: 0 })
    })

    context.itNeeds('cas', 'says exists when somebody did, and leaves that value', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'mine')
      const current = await cache.gets(key)
      await context.client().set(key, 'theirs')
      expect(await cache.cas(key, 'late', current!.cas)).toBe('exists')
      expect(await cache.get(key)).toBe('theirs')
    })

    context.itNeeds('cas', 'says notFound when the item is gone, and stores nothing', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const current = await cache.gets(key)
      await cache.delete(key)
      expect(await cache.cas(key, 2, current!.cas)).toBe('notFound')
      expect(await cache.get(key)).toBeUndefined()
    })

    context.itNeeds('cas', 'lets exactly one of many win', async () => {
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

    context.itLacks('cas', 'of 0n is refused and stores nothing: the server keeps no cas numbers', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'old')
      const current = await cache.gets(key)
      expect(current).toEqual({ value: 'old', cas: 0n })
      const error = (await rejection(cache.cas(key, 'new', current!.cas))) as InvalidInputError
      expect(error).toBeInstanceOf(InvalidInputError)
      expect(error.message).toContain('keeps no cas numbers')
      expect(await rejection(cache.noreply.cas(key, 'new', current!.cas))).toBeInstanceOf(InvalidInputError)
      expect(await cache.get(key)).toBe('old')
    })
  })
}
