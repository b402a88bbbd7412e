import { describe, expect, it } from 'vitest'
import { InvalidInputError, SerdeError } from '../../../src/errors.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import { Gate } from '../../support/gate.ts'
import { notCalled } from '../../support/held-load.ts'
import type { Context } from '../context.ts'

export function describeGetOrSetMany(context: Context): void {
  describe('getOrSetMany', () => {
    for (const lease of ['inline', 'key'] as const) {
      it(`loads what is missing with one call, lease ${lease}`, async () => {
        const cache = context.client()
        const label = context.key()
        const keys = [0, 1, 2, 3, 4].map((at) => `${label}-${at}`)
        await cache.setMany({ [keys[1]!]: 'kept', [keys[3]!]: 'kept' })
        const asked: string[][] = []
        const load = (missing: string[]): Map<string, string> => {
          asked.push([...missing])
          return new Map(missing.map((key) => [key, `loaded ${key}`]))
        }
        const found = await cache.getOrSetMany([...keys, keys[0]!], load, { ttl: 100, lease })
        const expected = keys.map((key, at) => [key, at === 1 || at === 3 ? 'kept' : `loaded ${key}`])
        expect([...found]).toEqual(expected)
        expect(asked).toEqual([[keys[0], keys[2], keys[4]]])
        expect([...(await cache.getMany(keys))]).toEqual(expected)
        await cache.getOrSetMany(keys, load, { lease })
        expect(asked.length).toBe(1)
      })

      it(`waits for what others are loading, lease ${lease}`, async () => {
        const [cache, other] = [context.client(), context.client()]
        const [one, two, three] = [context.key(), context.key(), context.key()]
        const started = new Gate()
        const gate = new Gate()
        const theirs = other.getOrSet(
          two,
          async () => {
            started.open()
            await gate.opened
            return 'theirs'
          },
          { lease },
        )
        const mine = cache.getOrSet(three, () => gate.opened.then(() => 'mine'), { lease })
        await started.opened
        await eventually(async () => {
          const holder = lease === 'inline' ? three : `${three}:lease`
          expect(await context.raw().ask(`get ${holder}\r\n`, 'END\r\n')).not.toBe('END\r\n')
        })
        const asked: string[] = []
        const call = cache.getOrSetMany(
          [one, two, three],
          (missing) => {
            asked.push(...missing)
            gate.open()
            return new Map(missing.map((key) => [key, 'many']))
          },
          { lease },
        )
        expect([...(await call).values()]).toEqual(['many', 'theirs', 'mine'])
        expect(asked).toEqual([one])
        await Promise.all([theirs, mine])
      })
    }

    it('of nothing is nothing, and calls nobody', async () => {
      const cache = context.client()
      expect(await cache.getOrSetMany([], notCalled)).toEqual(new Map())
    })

    it('leaves out what the loader leaves out, and nothing in its place', async () => {
      const cache = context.client()
      const [one, two] = [context.key(), context.key()]
      expect(await cache.getOrSetMany([one, two], () => new Map([[two, 2]]))).toEqual(new Map([[two, 2]]))
      expect(await context.raw().ask(`get ${one}\r\n`, 'END\r\n')).toBe('END\r\n')
    })

    it('passes the error of the loader on, and leaves nothing in the places', async () => {
      const cache = context.client()
      const keys = [context.key(), context.key()]
      const failure = new Error('the database is down')
      expect(await rejection(cache.getOrSetMany(keys, () => Promise.reject(failure)))).toBe(failure)
      await eventually(async () =>
        expect(await context.raw().ask(`get ${keys.join(' ')}\r\n`, 'END\r\n')).toBe('END\r\n'),
      )
      const wrong = (() => ({ a: 1 })) as never
      expect(await rejection(cache.getOrSetMany(keys, wrong))).toBeInstanceOf(InvalidInputError)
    })

    it('keeps keys of a prefix apart, and hands out the caller’s', async () => {
      const cache = context.client()
      const label = context.key()
      const byPrefix = await cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, key])), {
        keyPrefix: `${label}:`,
      })
      expect([...byPrefix]).toEqual([
        ['a', 'a'],
        ['b', 'b'],
      ])
      expect(await cache.get(`${label}:a`)).toBe('a')
    })

    it('fails the keys whose values cannot be stored, and keeps the others', async () => {
      const cache = context.client()
      const [good, bad] = [context.key(), context.key()]
      const load = (): Map<string, unknown> =>
        new Map<string, unknown>([
          [good, 1],
          [bad, () => 1],
        ])
      for (const client of [cache, context.client({ failures: 'missReads' })]) {
        const error = await rejection(client.getOrSetMany([good, bad], load))
        expect(error).toMatchObject({ name: 'BatchError', found: new Map([[good, 1]]) })
        expect((error as unknown as { failed: Map<string, unknown> }).failed.get(bad)).toBeInstanceOf(SerdeError)
      }
    })

    it('loads thousands of keys with one call', async () => {
      const cache = context.client({ maxPending: 600 })
      const label = context.key()
      const keys = Array.from({ length: 1000 }, (_, at) => `${label}-${at}`)
      let calls = 0
      const found = await cache.getOrSetMany(keys, (missing) => {
        calls++
        return new Map(missing.map((key) => [key, key]))
      })
      expect(calls).toBe(1)
      expect([...found.keys()]).toEqual(keys)
      expect((await cache.getMany(keys)).size).toBe(1000)
    })

    context.itNeeds('meta', 'loads stale values anew in the background', async () => {
      const cache = context.client()
      const keys = [context.key(), context.key()]
      await cache.setMany(keys.map((key) => [key, 'old'] as const))
      for (const key of keys) await cache.invalidate(key, { staleFor: 100 })
      const asked: string[][] = []
      const found = await cache.getOrSetMany(keys, (missing) => {
        asked.push([...missing])
        return new Map(missing.map((key) => [key, 'new']))
      })
      expect([...found.values()]).toEqual(['old', 'old'])
      await eventually(async () => expect([...(await cache.getMany(keys)).values()]).toEqual(['new', 'new']))
      expect(asked).toEqual([keys])
    })

    it('is over at once for who aborts', async () => {
      const cache = context.client()
      const keys = [context.key(), context.key()]
      const controller = new AbortController()
      const started = new Gate()
      let inner: AbortSignal | undefined
      const call = cache.getOrSetMany(
        keys,
        (_missing, { signal }) => {
          inner = signal
          started.open()
          return new Promise<never>((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error))
          })
        },
        { signal: controller.signal },
      )
      await started.opened
      controller.abort(new Error('gone'))
      expect((await rejection(call)).message).toBe('gone')
      expect(inner?.aborted).toBe(true)
    })
  })
}
