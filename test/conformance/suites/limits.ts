import { describe, expect, it } from 'vitest'
import { BatchError, ValueTooLargeError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeLimits(context: Context): void {
  describe('limits', () => {
    it('of the server: too large is an answer that says that the old value is gone', async () => {
      const { cache, proxy } = await context.countedClient()
      const key = context.key()
      await cache.set(key, 'old')
      const error = (await rejection(cache.set(key, context.tooLarge()))) as ValueTooLargeError
      expect(error).toBeInstanceOf(ValueTooLargeError)
      expect(error.delivery).toBe('answered')
      expect(error.message).toMatch(/old value/i)
      expect(await cache.get(key)).toBeUndefined()
      expect(proxy.connections).toBe(1)
    })

    it('of the server: neighbours of a too large value are stored', async () => {
      const cache = context.client()
      const [before, big, after] = [context.key(), context.key(), context.key()]
      const error = (await rejection(
        cache.setMany([
          [before, 1],
          [big, context.tooLarge()],
          [after, 2],
        ]),
      )) as BatchError
      expect(error).toBeInstanceOf(BatchError)
      expect(error.done).toEqual([before, after])
      expect([...error.failed.keys()]).toEqual([big])
      expect(error.failed.get(big)).toBeInstanceOf(ValueTooLargeError)
      expect([...(await cache.getMany([before, big, after])).values()]).toEqual([1, 2])
    })

    it('maxItemBytes refuses before anything is sent', async () => {
      const cache = context.client({ maxItemBytes: 100 })
      const key = context.key()
      expect(await cache.set(key, 'x'.repeat(100))).toBe(true)
      const error = (await rejection(cache.set(key, 'x'.repeat(101)))) as ValueTooLargeError
      expect(error).toBeInstanceOf(ValueTooLargeError)
      expect(error.delivery).toBe('not-sent')
      expect(await cache.get(key)).toBe('x'.repeat(100))
    })

    it('maxItemBytes counts bytes, not characters', async () => {
      const cache = context.client({ maxItemBytes: 100 })
      expect(await cache.set(context.key(), 'é'.repeat(50))).toBe(true)
      expect(await rejection(cache.set(context.key(), 'é'.repeat(51)))).toBeInstanceOf(ValueTooLargeError)
    })

    it.each([2000, 600_000])('maxValueBytes skips a reply of %i bytes and keeps the connection', async (size) => {
      const { cache, proxy } = await context.countedClient({ maxValueBytes: 1000 })
      const [big, small] = [context.key(), context.key()]
      await context.client().setMany({ [big]: 'x'.repeat(size), [small]: 'fine' })
      const calls = await Promise.allSettled([cache.get(small), cache.get(big), cache.gets(big), cache.get(small)])
      expect(calls.map((call) => call.status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
      for (const call of [calls[1], calls[2]]) {
        expect(call).toMatchObject({ reason: expect.any(ValueTooLargeError) as unknown })
        expect(call).toMatchObject({ reason: { delivery: 'answered' } })
      }
      expect(await cache.get(small)).toBe('fine')
      expect(proxy.connections).toBe(1)
    })

    it('maxValueBytes in a batch fails the large key only', async () => {
      const cache = context.client({ maxValueBytes: 1000 })
      const [big, small] = [context.key(), context.key()]
      await context.client().setMany({ [big]: 'x'.repeat(5000), [small]: 'fine' })
      const error = (await rejection(cache.getMany([big, small]))) as BatchError
      expect(error).toBeInstanceOf(BatchError)
      expect([...error.found]).toEqual([[small, 'fine']])
      expect(error.failed.get(big)).toBeInstanceOf(ValueTooLargeError)
    })

    it('maxPending never rejects a batch alone: it is fed in slices', async () => {
      const cache = context.client({ maxPending: 100 })
      const label = context.key()
      const keys = Array.from({ length: 1000 }, (_, at) => `${label}:${at}`)
      expect(await cache.setMany(keys.map((key, at) => [key, at]))).toEqual([])
      expect((await cache.getMany(keys)).size).toBe(1000)
      expect(await cache.deleteMany(keys)).toBe(1000)
    })
  })
}
