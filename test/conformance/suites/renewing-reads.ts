import { describe, expect } from 'vitest'
import { UnknownCommandError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeRenewingReads(context: Context): void {
  describe('gat and gats', () => {
    const itNeedsGat = (title: string, test: () => Promise<void>): void =>
      context.itNeeds('gat', title, test, {
        title: `fail with the server’s word, and keep failing: ${title}`,
        test: async () => {
          const cache = context.client()
          const key = context.key()
          await cache.set(key, 'value')
          expect(await rejection(cache.gat(key, 100))).toBeInstanceOf(UnknownCommandError)
          expect(await rejection(cache.gats(key, 100))).toBeInstanceOf(UnknownCommandError)
          expect(await rejection(cache.gat(key, 100))).toBeInstanceOf(UnknownCommandError)
          expect(await cache.get(key)).toBe('value')
        },
      })

    itNeedsGat('read and renew in one round trip', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, { n: 1 }, { ttl: 10 })
      expect(await cache.gat(key, 5000)).toEqual({ n: 1 })
      expect(await context.raw().ask(`mg ${key} t\r\n`)).toMatch(/^HD t(4999|5000)\r\n$/)
      const found = await cache.gats(key, 9000)
      expect(found?.value).toEqual({ n: 1 })
      expect(await context.raw().ask(`mg ${key} t\r\n`)).toMatch(/^HD t(8999|9000)\r\n$/)
    })

    itNeedsGat('give undefined, or the default, for a key that is not there', async () => {
      const cache = context.client()
      expect(await cache.gat(context.key(), 10)).toBeUndefined()
      expect(await cache.gat(context.key(), 10, { default: 'none' })).toBe('none')
      expect(await cache.gats(context.key(), 10)).toBeUndefined()
      expect(await cache.gats(context.key(), 10, { default: 'none' })).toBe('none')
      expect(await cache.namespace('gats:').gats(context.key(), 10, { default: null })).toBeNull()
    })

    itNeedsGat('of one turn keep their own times and values', async () => {
      const cache = context.client()
      const keys = Array.from({ length: 300 }, () => context.key())
      await cache.setMany(keys.map((key, at) => [key, at] as const))
      const reads = keys.map((key, at) => cache.gat(key, at % 3 === 0 ? 1000 : 2000))
      expect(await Promise.all(reads)).toEqual(keys.map((_, at) => at))
      // Some of it may have passed meanwhile.
      for (const [at, ttl] of [
        [3, 1000],
        [4, 2000],
      ] as const) {
        const left = Number(/^HD t(\d+)\r\n$/.exec(await context.raw().ask(`mg ${keys[at]} t\r\n`))?.[1])
        expect(left).toBeGreaterThan(ttl - 1000)
        expect(left).toBeLessThanOrEqual(ttl)
      }
    })

    context.itNeeds(['gat', 'anyByteKeys'], 'take keys of any bytes', async () => {
      const cache = context.client()
      const key = Buffer.from(`${context.key()} with space`)
      await cache.set(key, 'value')
      expect(await cache.gat(key, 100)).toBe('value')
      expect((await cache.gats(key, 100))?.value).toBe('value')
    })
  })
}
