import { describe, expect, it } from 'vitest'
import { BatchError, SerdeError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeBatches(context: Context): void {
  function manyKeys(count: number): string[] {
    const label = context.key('many')
    return Array.from({ length: count }, (_, at) => `${label}:${at}`)
  }

  describe('batches', () => {
    it('carry 10,000 keys, in the caller’s order', async () => {
      const cache = context.client()
      const keys = manyKeys(10_000)
      expect(await cache.setMany(keys.map((key, at) => [key, at]))).toEqual([])
      const found = await cache.getMany(keys.toReversed())
      expect(found.size).toBe(10_000)
      expect([...found.keys()]).toEqual(keys.toReversed())
      expect(keys.every((key, at) => found.get(key) === at)).toBe(true)
      expect(await cache.deleteMany(keys)).toBe(10_000)
      expect((await cache.getMany(keys)).size).toBe(0)
    })

    it('leave misses out and keep the order of the hits', async () => {
      const cache = context.client()
      const keys = manyKeys(10)
      for (const at of [7, 2, 5]) await cache.set(keys[at]!, at)
      expect([...(await cache.getMany(keys)).values()]).toEqual([2, 5, 7])
    })

    it('of nothing are nothing', async () => {
      const cache = context.client()
      expect(await cache.getMany([])).toEqual(new Map())
      expect(await cache.setMany([])).toEqual([])
      expect(await cache.setMany({})).toEqual([])
      expect(await cache.deleteMany([])).toBe(0)
    })

    it('give the outcome of each key where that is asked for', async () => {
      const cache = context.client()
      const [a, b, c] = [context.key(), context.key(), context.key()]
      const each = { returnEach: true } as const
      expect(await cache.setMany({ [a]: 1, [b]: 2 }, each)).toEqual([true, true])
      expect(
        await cache.addMany(
          [
            [c, 3],
            [a, 1],
          ],
          each,
        ),
      ).toEqual([true, false])
      expect(await cache.deleteMany([a, 'missing', b, a], each)).toEqual([true, false, true, true])
      expect(await cache.deleteMany([a, c], each)).toEqual([false, true])
      expect(await cache.deleteMany([], each)).toEqual([])
      const names = cache.namespace<number>(`${context.key()}:`)
      expect(await names.setMany({ [a]: 1 }, each)).toEqual([true])
      expect(await names.deleteMany([a, b], each)).toEqual([true, false])
    })

    it('take duplicates for one', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'v')
      expect([...(await cache.getMany([key, key, key]))]).toEqual([[key, 'v']])
    })

    it('take maps, generators, arrays of pairs and records', async () => {
      const cache = context.client()
      const [a, b, c, d] = manyKeys(4)
      const generate = function* (): Generator<[string, number]> {
        yield [b!, 2]
      }
      expect(await cache.setMany(new Map([[a!, 1]]))).toEqual([])
      expect(await cache.setMany(generate())).toEqual([])
      expect(await cache.setMany([[c!, 3]])).toEqual([])
      expect(await cache.setMany({ [d!]: 4 })).toEqual([])
      expect([...(await cache.getMany(new Set([a!, b!, c!, d!]))).values()]).toEqual([1, 2, 3, 4])
    })

    it('give back the caller’s own key objects', async () => {
      const cache = context.client()
      const text = context.key()
      const bytes = new TextEncoder().encode(context.key())
      await cache.setMany<string | Uint8Array>([
        [text, 1],
        [bytes, 2],
      ])
      const found = await cache.getMany([text, bytes])
      expect([...found.keys()][0]).toBe(text)
      expect([...found.keys()][1]).toBe(bytes)
      expect(found.get(bytes)).toBe(2)
    })

    it('put the prefix of the call between the client’s prefix and every key', async () => {
      const cache = context.client({ keyPrefix: 'app:' })
      const key = context.key()
      await cache.setMany({ [key]: 'v' }, { keyPrefix: 'user:' })
      expect(await context.raw().ask(`mg app:user:${key} s\r\n`)).toBe('HD s1\r\n')
      expect(await cache.getMany([key], { keyPrefix: 'user:' })).toEqual(new Map([[key, 'v']]))
      expect((await cache.getMany([key])).size).toBe(0)
      expect(await cache.deleteMany([key], { keyPrefix: 'user:' })).toBe(1)
    })

    it('mix small and large values', async () => {
      const cache = context.client()
      const keys = manyKeys(12)
      const values = keys.map((_, at) => String(at).repeat(at % 3 === 0 ? 100_000 : 5))
      await cache.setMany(keys.map((key, at) => [key, values[at]]))
      expect([...(await cache.getMany(keys)).values()]).toEqual(values)
    })

    it('fail only for the value that cannot be read, and carry the others', async () => {
      const cache = context.client()
      const [good, bad, missing] = manyKeys(3)
      await cache.set(good!, 1)
      await context.raw().ask(`set ${bad} 32 0 1\r\n{\r\n`)
      const error = (await rejection(cache.getMany([good!, bad!, missing!]))) as BatchError
      expect(error).toBeInstanceOf(BatchError)
      expect([...error.found]).toEqual([[good, 1]])
      expect([...error.failed.keys()]).toEqual([bad])
      expect(error.failed.get(bad!)).toBeInstanceOf(SerdeError)
    })

    it('count only what there was to delete', async () => {
      const cache = context.client()
      const keys = manyKeys(5)
      await cache.setMany({ [keys[0]!]: 1, [keys[3]!]: 1 })
      expect(await cache.deleteMany(keys)).toBe(2)
    })

    it('treat names of Object.prototype as any other key', async () => {
      const cache = context.client({ keyPrefix: context.key('proto') })
      const names = ['constructor', '__proto__', 'toString']
      expect((await cache.getMany(names)).size).toBe(0)
      await cache.setMany(names.map((name) => [name, `v-${name}`]))
      expect([...(await cache.getMany(names)).values()]).toEqual(names.map((name) => `v-${name}`))
    })
  })
}
