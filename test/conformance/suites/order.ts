import { describe, expect, it } from 'vitest'
import type { Context } from '../context.ts'

export function describeOrder(context: Context): void {
  describe('order', () => {
    it('of commands for one key is the order of the calls', async () => {
      const cache = context.client()
      const key = context.key()
      const results = await Promise.all([
        cache.get(key),
        cache.set(key, 'one'),
        cache.get(key),
        cache.set(key, 'two'),
        cache.get(key),
        cache.delete(key),
        cache.get(key),
        cache.set(key, 3),
        cache.incr(key),
        cache.get(key),
      ])
      expect(results).toEqual([undefined, true, 'one', true, 'two', true, undefined, true, 4, 4])
    })

    it('holds for large values and batches in between', async () => {
      const cache = context.client()
      const key = context.key()
      const large = 'L'.repeat(300_000)
      const [, first, , many, , last] = await Promise.all([
        cache.set(key, large),
        cache.get(key),
        cache.setMany({ [key]: 'small' }),
        cache.getMany([key]),
        cache.noreply.set(key, 'quiet'),
        cache.get(key),
      ])
      expect(first).toBe(large)
      expect(many.get(key)).toBe('small')
      expect(last).toBe('quiet')
    })

    it('holds for 100 increments without waiting', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 0)
      const results = await Promise.all(Array.from({ length: 100 }, () => cache.incr(key)))
      expect(results).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
    })

    it('of answers fits the questions when 1,000 mixed calls are in flight', async () => {
      const cache = context.client()
      const label = context.key()
      await cache.setMany(Array.from({ length: 500 }, (_, at) => [`${label}:${at}`, at]))
      const calls = Array.from({ length: 1000 }, (_, at) => {
        if (at % 5 === 0) return cache.set(`${label}:own:${at}`, at)
        if (at % 7 === 0) return cache.gets(`${label}:${at}`).then((item) => item?.value)
        return cache.get(`${label}:${at}`)
      })
      const answers = await Promise.all(calls)
      const expected = answers.map((_, at) => (at % 5 === 0 ? true : at < 500 ? at : undefined))
      expect(answers).toEqual(expected)
    })

    it('is kept on one connection by 1,000 calls on a cold client', async () => {
      const { cache, proxy } = await context.countedClient()
      const label = context.key()
      const answers = await Promise.all(Array.from({ length: 1000 }, (_, at) => cache.get(`${label}:${at}`)))
      expect(answers.every((answer) => answer === undefined)).toBe(true)
      expect(proxy.connections).toBe(1)
    })
  })
}
