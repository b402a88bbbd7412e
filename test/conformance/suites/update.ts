import { describe, expect, it } from 'vitest'
import { ConflictError, InvalidInputError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import { missingMetaError } from '../capabilities.ts'
import type { Context } from '../context.ts'

const placeholderFlags = 0x6d6c6b01

export function describeUpdate(context: Context): void {
  describe('update', () => {
    context.itNeeds(
      'cas',
      'makes a value of the present one, or of none',
      async () => {
        const cache = context.client()
        const key = context.key()
        expect(await cache.update<number[]>(key, (list = []) => [...list, 1], { ttl: 100 })).toEqual([1])
        expect(await cache.update<number[]>(key, async (list = []) => [...list, 2], { ttl: 100 })).toEqual([1, 2])
        expect(await cache.get(key)).toEqual([1, 2])
      },
      {
        title: 'says that the server keeps no cas numbers, once there is a value',
        test: async () => {
          const cache = context.client()
          const key = context.key()
          await cache.set(key, 1)
          const error = await rejection(cache.update(key, () => 2))
          expect(error).toBeInstanceOf(InvalidInputError)
          expect(error.message).toContain('cas numbers')
          expect(await cache.get(key)).toBe(1)
        },
      },
    )

    context.itNeeds('cas', 'loses no change of many at a time', async () => {
      const clients = [context.client(), context.client()]
      const key = context.key()
      const names = Array.from({ length: 12 }, (_, at) => `n${at}`)
      await Promise.all(names.map((name, at) => clients[at % 2]!.update(key, add(name), { attempts: 100 })))
      expect((await clients[0]!.get<string[]>(key))?.toSorted()).toEqual(names.toSorted())
    })

    context.itNeeds(
      ['meta', 'cas'],
      "keeps the time that the item has left, with ttl: 'keep'",
      async () => {
        const left = async (name: string): Promise<number> =>
          Number(/^HD t(-?\d+)/.exec(await context.raw().ask(`mg ${name} t\r\n`))?.[1])
        const cache = context.client({ defaultTtl: 5000, ttlJitter: 0.9 })
        const [some, never, long, missing] = [context.key(), context.key(), context.key(), context.key()]
        const exact = context.client()
        await exact.set(some, 1, { ttl: 900 })
        await exact.set(never, 1, { ttl: 0 })
        await exact.set(long, 1, { ttl: 60 * 86_400 })
        for (const key of [some, never, long, missing]) await cache.update<number>(key, addOne, { ttl: 'keep' })
        await cache.update<number>(some, addOne, { ttl: 'keep' })
        expect(await cache.getMany([some, never, long, missing])).toEqual(
          new Map([
            [some, 3],
            [never, 2],
            [long, 2],
            [missing, 1],
          ]),
        )
        expect(await left(some)).toBeGreaterThan(800)
        expect(await left(some)).toBeLessThanOrEqual(900)
        expect(await left(never)).toBe(-1)
        expect(await left(long)).toBeGreaterThan(59 * 86_400)
        expect(await left(missing)).toBeLessThanOrEqual(5000)
        const names = context.client({ requireTtl: true }).namespace<number>(`${some}:`, { ttl: 700 })
        expect(await names.update('a', addOne, { ttl: 'keep' })).toBe(1)
        expect(await left(`${some}:a`)).toBeLessThanOrEqual(700)
        expect(await names.update('a', () => undefined, { ttl: 'keep' })).toBe(1)
      },
      {
        title: "says what ttl: 'keep' needs",
        test: async () => {
          const cache = context.client()
          const key = context.key()
          await cache.set(key, 1)
          const error = await rejection(cache.update<number>(key, () => 2, { ttl: 'keep' }))
          if (context.target.lacks.has('meta')) {
            expect(error).toBeInstanceOf(missingMetaError(context.target))
            expect(error.message).toMatch(/update with ttl 'keep' .*meta protocol/)
          } else expect(error.message).toContain('cas numbers')
          expect(await cache.get(key)).toBe(1)
        },
      },
    )

    it('refuses a ttl that is none before it reads anything', async () => {
      const cache = context.client()
      const key = context.key()
      let calls = 0
      const change = (): number => ++calls
      for (const ttl of ['kept', -1, 1.5, new Date(1)] as unknown as 'keep'[]) {
        expect(await rejection(cache.update(key, change, { ttl }))).toBeInstanceOf(InvalidInputError)
      }
      expect(await rejection(cache.set(key, 1, { ttl: 'keep' as never }))).toBeInstanceOf(InvalidInputError)
      const required = await rejection(context.client({ requireTtl: true }).update(key, change))
      expect(required.message).toContain('requireTtl')
      expect(calls).toBe(0)
    })

    context.itNeeds('cas', 'leaves the item as it is for undefined', async () => {
      const cache = context.client()
      const [key, missing] = [context.key(), context.key()]
      await cache.set(key, 1)
      const before = await cache.gets(key)
      expect(await cache.update<number>(key, () => undefined)).toBe(1)
      expect(await cache.gets(key)).toEqual(before)
      expect(await cache.update(missing, () => undefined)).toBeUndefined()
      expect(await cache.get(missing)).toBeUndefined()
    })

    context.itNeeds('cas', 'gives up after so many attempts', async () => {
      const [cache, rival] = [context.client(), context.client()]
      const key = context.key()
      await cache.set(key, 0)
      let calls = 0
      const beaten = async (current: number | undefined): Promise<number> => {
        calls++
        await rival.set(key, calls)
        return (current ?? 0) + 100
      }
      const error = await rejection(cache.update(key, beaten, { attempts: 3 }))
      expect(error).toBeInstanceOf(ConflictError)
      expect(calls).toBe(3)
      expect(await cache.get(key)).toBe(3)
    })

    context.itNeeds('cas', 'takes the place of a value that is being loaded, which then is not stored', async () => {
      const cache = context.client()
      const key = context.key()
      await context.raw().ask(`add ${key} ${placeholderFlags} 30 0\r\n\r\n`)
      expect(await cache.update<string>(key, (current) => `after ${current}`)).toBe('after undefined')
      const loading = context.key()
      const loaded = await cache.getOrSet(loading, async () => {
        await cache.update(loading, () => 'updated')
        return 'loaded'
      })
      expect(loaded).toBe('loaded')
      expect(await cache.get(loading)).toBe('updated')
    })

    context.itNeeds(['cas', 'meta', 'anyByteKeys'], 'replaces a stale value under a key of any bytes', async () => {
      const cache = context.client()
      const key = `${context.key()} with a space`
      await cache.set(key, 'old')
      await cache.invalidate(key, { staleFor: 100 })
      expect(await cache.update<string>(key, (current) => `${current}er`)).toBe('older')
      await cache.invalidate(key, { staleFor: 100 })
      expect(await cache.pop(key)).toBe('older')
    })

    it('passes on what the function throws, and refuses what is none', async () => {
      const cache = context.client()
      const failure = new Error('mine')
      const failing = (): never => {
        throw failure
      }
      expect(await rejection(cache.update(context.key(), failing))).toBe(failure)
      expect(await rejection(cache.update(context.key(), 5 as never))).toBeInstanceOf(InvalidInputError)
      expect(await rejection(cache.update(context.key(), failing, { attempts: 0 }))).toBeInstanceOf(InvalidInputError)
    })
  })
}

function addOne(value = 0): number {
  return value + 1
}

/** Adds a name to a list. */
function add(name: string): (list: string[] | undefined) => string[] {
  return (list = []) => [...list, name]
}
