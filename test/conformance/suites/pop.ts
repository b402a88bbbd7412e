import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describePop(context: Context): void {
  describe('pop', () => {
    context.itNeeds(
      'cas',
      'gives the value once and leaves nothing',
      async () => {
        const cache = context.client()
        const key = context.key()
        await cache.set(key, { last: 'words' })
        expect(await cache.pop(key)).toEqual({ last: 'words' })
        expect(await cache.pop(key)).toBeUndefined()
        expect(await cache.has(key)).toBe(false)
        expect(await cache.add(key, 'next')).toBe(true)
      },
      {
        title: 'says that the server keeps no cas numbers',
        test: async () => {
          const cache = context.client()
          const key = context.key()
          await cache.set(key, 1)
          const error = await rejection(cache.pop(key))
          expect(error).toBeInstanceOf(InvalidInputError)
          expect(error.message).toContain('cas numbers')
          expect(await cache.get(key)).toBe(1)
        },
      },
    )

    context.itNeeds('cas', 'gives the default where there is nothing, and never in the place of null', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.pop(key, { default: 'none' })).toBe('none')
      expect(await cache.pop(key, { default: null })).toBeNull()
      await cache.set(key, null)
      expect(await cache.pop(key, { default: 'none' })).toBeNull()
      expect(await cache.namespace(`${key}:`).pop('a', { default: 0 })).toBe(0)
      const error = await rejection(cache.pop(key, { default: Promise.resolve(1) as never }))
      expect(error).toBeInstanceOf(InvalidInputError)
    })

    it('refuses attempts below one', async () => {
      for (const attempts of [0, 1.5]) {
        const error = await rejection(context.client().pop(context.key(), { attempts }))
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message).toContain('attempts')
      }
    })

    context.itNeeds('cas', 'gives each of many values to one of many callers', async () => {
      const clients = [context.client(), context.client(), context.client()]
      const keys = Array.from({ length: 40 }, () => context.key())
      await clients[0]!.setMany(keys.map((key) => [key, key] as const))
      const popped = await Promise.all(keys.flatMap((key) => clients.map((cache) => cache.pop(key))))
      expect(new Set(popped)).toEqual(new Set([undefined, ...keys]))
      expect(popped.filter((value) => value !== undefined)).toHaveLength(keys.length)
    })
  })
}
