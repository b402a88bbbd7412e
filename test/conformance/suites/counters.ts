import { describe, expect, it } from 'vitest'
import { ClientError, MemcacheError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import { secondsLeft } from '../../support/seconds.ts'
import { missingMetaError } from '../capabilities.ts'
import type { Context } from '../context.ts'

const largest = 2n ** 64n - 1n

/**
 * Adds to a number of 2^63 or more. memcached refuses one as "non-numeric" when a minus sign follows it in memory before the next
 * zero byte, in what an older item has left there (`safe_strtoull` in its util.c; seen on 1.6.18): it is stored anew until not.
 */
async function addTo(value: bigint, delta: bigint, context: Context): Promise<{ key: string; sum: unknown }> {
  const cache = context.client()
  for (let attempt = 0; attempt < 100; attempt++) {
    const key = context.key()
    await cache.set(key, value)
    const sum: unknown = await cache.incr(key, delta).catch((error: unknown) => error)
    if (!(sum instanceof ClientError)) return { key, sum }
  }
  throw new Error(`memcached counts no ${value}`)
}

export function describeCounters(context: Context): void {
  describe('counters', () => {
    it('count up and down by 1 and by a delta, and give the new value', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 10)
      expect(await cache.incr(key)).toBe(11)
      expect(await cache.incr(key, 9)).toBe(20)
      expect(await cache.decr(key)).toBe(19)
      expect(await cache.decr(key, 4)).toBe(15)
      expect(await cache.get(key)).toBe(15)
    })

    context.itNeeds('meta', 'say how long they still live, in the same round trip', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.incr(key, 1, { returnTtl: true })).toBeUndefined()
      expect(await cache.incr(key, 1, { initial: 5, ttl: 100, returnTtl: true })).toEqual({
        value: 5,
        ttl: secondsLeft(100),
      })
      const again = await cache.incr(key, 2, { initial: 5, ttl: 1000, returnTtl: true })
      expect(again?.value).toBe(7)
      expect(again!.ttl).toBeGreaterThan(90)
      expect(again!.ttl).toBeLessThanOrEqual(100)
      expect(await cache.decr(key, 3n, { returnTtl: true })).toMatchObject({ value: 4n })
      const endless = context.key()
      const forever = { initial: 1, returnTtl: true } as const
      expect(await cache.incr(endless, 1, forever)).toEqual({ value: 1, ttl: Number.POSITIVE_INFINITY })
      expect(await cache.incr(endless, 1, forever)).toEqual({ value: 2, ttl: Number.POSITIVE_INFINITY })
      expect(await cache.get(endless)).toBe(2)
      const names = cache.namespace<number>('n:')
      expect(await names.incr(key, 1, { initial: 1, ttl: 50, returnTtl: true })).toEqual({
        value: 1,
        ttl: secondsLeft(50),
      })
    })

    context.itLacks('meta', 'say in text that the time left needs the meta protocol', async () => {
      const cache = context.client()
      const key = context.key()
      for (const options of [{ returnTtl: true }, { initial: 1, returnTtl: true }] as const) {
        const error = await rejection(cache.incr(key, 1, options))
        expect(error).toBeInstanceOf(missingMetaError(context.target))
        expect(error.message).toContain('needs the meta protocol')
      }
      expect(await cache.get(key)).toBeUndefined()
    })

    it('count many at a time, those that exist', async () => {
      const cache = context.client()
      const [a, b, missing] = [context.key(), context.key(), context.key()]
      await cache.setMany({ [a]: 1, [b]: 10 })
      expect([...(await cache.incrMany([a, missing, b, a], 5))]).toEqual([
        [a, 6],
        [b, 15],
      ])
      expect([...(await cache.incrMany([b], 1n)).values()]).toEqual([16n])
      expect(await cache.incrMany([])).toEqual(new Map())
    })

    it('that are not there give undefined', async () => {
      const cache = context.client()
      expect(await cache.incr(context.key())).toBeUndefined()
      expect(await cache.decr(context.key(), 2n)).toBeUndefined()
    })

    it('start with initial, without the delta, and read as a number', async () => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.incr(key, 5, { initial: 1 })).toBe(1)
      expect(await cache.incr(key, 5, { initial: 1 })).toBe(6)
      expect(await cache.get(key)).toBe(6)
      expect(await cache.decr(context.key(), 1, { initial: 0 })).toBe(0)
    })

    it('give bigint for a bigint delta, exact to 64 bits', async () => {
      const cache = context.client()
      const { key, sum } = await addTo(largest - 5n, 3n, context)
      expect(sum).toBe(largest - 2n)
      expect(await cache.get(key)).toBe(largest - 2n)
      expect(await cache.incr(context.key(), 1n, { initial: largest })).toBe(largest)
    })

    it('wrap above 64 bits and stop at zero below', async () => {
      const cache = context.client()
      const { key, sum } = await addTo(largest, 1n, context)
      expect(sum).toBe(0n)
      expect(await cache.decr(key, 1n)).toBe(0n)
    })

    it('read right after decr has made them shorter', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 100)
      expect(await cache.decr(key)).toBe(99)
      expect(await cache.get(key)).toBe(99)
      expect((await cache.gets(key))?.value).toBe(99)
      expect(await cache.incr(key)).toBe(100)
    })

    it('beyond 2^53 fail after the fact for a number delta', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, Number.MAX_SAFE_INTEGER)
      const error = (await rejection(cache.incr(key))) as MemcacheError
      expect(error).toBeInstanceOf(MemcacheError)
      expect(error.delivery).toBe('answered')
      expect(error.message).toMatch(/bigint/i)
      expect(await cache.incr(key, 0n)).toBe(2n ** 53n)
    })

    it('refuse a value that is none, with the server’s word', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'text')
      const error = (await rejection(cache.incr(key))) as ClientError
      expect(error).toBeInstanceOf(ClientError)
      expect(error.delivery).toBe('answered')
      expect(error.message).toContain('non-numeric')
      expect(await cache.get(key)).toBe('text')
    })

    it('take the ttl when they are created only', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.incr(key, 1, { initial: 1, ttl: 1000 })
      await cache.incr(key, 1, { initial: 1, ttl: 9000 })
      const reply = await context.raw().ask(`mg ${key} t f\r\n`)
      const left = Number(/^HD t(\d+) f2\r\n$/.exec(reply)?.[1])
      expect(left).toBeGreaterThan(900)
      expect(left).toBeLessThanOrEqual(1000)
    })

    it('are created once when many start them at a time', async () => {
      const [first, second] = [context.client(), context.client()]
      const key = context.key()
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? first : second).incr(key, 1, { initial: 1 })),
      )
      expect(new Set(results)).toEqual(new Set(Array.from({ length: 100 }, (_, at) => at + 1)))
    })
  })
}
