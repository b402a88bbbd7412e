import { describe, expect, it } from 'vitest'
import { rejection } from '../../support/eventually.ts'
import { momentsAgo } from '../../support/seconds.ts'
import { missingMetaError } from '../capabilities.ts'
import type { Context } from '../context.ts'

export function describePresence(context: Context): void {
  describe('has', () => {
    it('says whether an item is there, an empty one too', async () => {
      const cache = context.client()
      const [key, empty] = [context.key(), context.key()]
      expect(await cache.has(key)).toBe(false)
      await cache.set(key, 'x'.repeat(10_000))
      await cache.set(empty, '')
      expect(await cache.has(key)).toBe(true)
      expect(await cache.has(empty)).toBe(true)
    })

    context.itNeeds('anyByteKeys', 'takes keys of any bytes', async () => {
      const cache = context.client()
      const key = Buffer.from([0, 1, 2, 255, context.key().length])
      await cache.delete(key)
      expect(await cache.has(key)).toBe(false)
      await cache.set(key, 1)
      expect(await cache.has(key)).toBe(true)
    })

    context.itNeeds('meta', 'leaves the win token of a stale item to others', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'old', { ttl: 500 })
      await context.raw().ask(`md ${key} I T300\r\n`)
      expect(await cache.has(key)).toBe(true)
      expect(await cache.touch(key, 200)).toBe(true)
      expect((await cache.inspect(key))?.ttl).toBeGreaterThan(190)
      expect(await context.raw().ask(`mg ${key} s\r\n`)).toMatch(/^HD s3 (W X|X W)\r\n$/)
    })
  })

  describe('inspect', () => {
    const otherwise = {
      title: 'says that it needs the meta protocol',
      test: async () => {
        const error = await rejection(context.client().inspect(context.key()))
        expect(error).toBeInstanceOf(missingMetaError(context.target))
        expect(error.message).toContain('needs the meta protocol')
      },
    }

    context.itNeeds(
      'meta',
      'tells time to live, size, flags and reads',
      async () => {
        const cache = context.client()
        const key = context.key()
        expect(await cache.inspect(key)).toBeUndefined()
        await cache.set(key, [1, 2, 3], { ttl: 100 })
        const before = await cache.inspect(key)
        expect(before).toMatchObject({ hitBefore: false, size: 7, clientFlags: 32, lastAccess: momentsAgo() })
        expect(before!.ttl).toBeGreaterThan(90)
        expect(before!.ttl).toBeLessThanOrEqual(100)
        expect((await cache.inspect(key))?.hitBefore).toBe(false)
        await cache.get(key)
        expect((await cache.inspect(key))?.hitBefore).toBe(true)
      },
      otherwise,
    )

    context.itNeeds(['meta', 'cas'], 'tells the cas number of gets, and Infinity for an item without end', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const inspection = await cache.inspect(key)
      expect(inspection?.ttl).toBe(Number.POSITIVE_INFINITY)
      expect(inspection?.cas).toBe((await cache.gets(key))?.cas)
    })
  })
}
