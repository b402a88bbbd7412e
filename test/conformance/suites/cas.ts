import { describe, expect, it } from 'vitest'
import { InvalidInputError, SerdeError, ValueTooLargeError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import { missingMetaError } from '../capabilities.ts'
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

    context.itNeeds(
      ['meta', 'cas'],
      'sets reports the cas number of what it stored, for a cas without a read',
      async () => {
        const cache = context.client()
        const key = context.key()
        const first = await cache.sets(key, { n: 1 }, { ttl: 300 })
        expect(first).toEqual({ stored: true, cas: expect.any(BigInt) })
        const cas = first.stored ? first.cas : 0n
        expect(await cache.gets(key)).toEqual({ value: { n: 1 }, cas })
        expect(await cache.cas(key, { n: 2 }, cas)).toBe('stored')
        expect(await cache.cas(key, { n: 3 }, cas)).toBe('exists')
        const again = await cache.sets(key, 4)
        expect(again.stored && again.cas > cas).toBe(true)
        const long = await cache.sets(key, 'x'.repeat(5000), { compression: { minBytes: 100 } })
        expect(await cache.gets(key)).toEqual({ value: 'x'.repeat(5000), cas: long.stored && long.cas })
        const [outcome] = await cache.pipeline().sets(key, 5).run()
        expect(outcome).toMatchObject({ status: 'fulfilled', value: { stored: true } })
        const named = await cache.namespace<number>(`${key}:`).sets('a', 6)
        expect(await cache.gets(`${key}:a`)).toEqual({ value: 6, cas: named.stored && named.cas })
      },
      {
        title: 'sets says what it needs, or gives 0n where no cas numbers are kept',
        test: async () => {
          const cache = context.client()
          const key = context.key()
          await cache.set(key, 'old')
          if (!context.target.lacks.has('meta')) {
            expect(await cache.sets(key, 1)).toEqual({ stored: true, cas: 0n })
            return
          }
          const error = await rejection(cache.sets(key, 1))
          expect(error).toBeInstanceOf(missingMetaError(context.target))
          expect(error.message).toContain('meta protocol')
          expect(await cache.get(key)).toBe('old')
        },
      },
    )

    it('sets refuses what it does not know, and what is too large', async () => {
      const cache = context.client({ maxItemBytes: 10 })
      expect(await rejection(cache.sets(context.key(), 1, { tll: 5 } as object))).toBeInstanceOf(InvalidInputError)
      expect(await rejection(cache.sets(context.key(), undefined))).toBeInstanceOf(SerdeError)
      expect(await rejection(cache.sets(context.key(), 'x'.repeat(11)))).toBeInstanceOf(ValueTooLargeError)
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
