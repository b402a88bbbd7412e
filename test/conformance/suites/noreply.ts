import { describe, expect, it } from 'vitest'
import { BatchError, InvalidInputError, SerdeError } from '../../../src/errors.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { rejection, until } from '../../support/eventually.ts'
import { recovers } from '../../support/recovers.ts'
import type { Context } from '../context.ts'

export function describeNoreply(context: Context): void {
  describe('noreply', () => {
    it('writes are done before the next command, and resolve to nothing', async () => {
      const cache = context.client()
      const [a, b] = [context.key(), context.key()]
      await cache.setMany({ [a]: 1, [b]: 5 })
      expect(await cache.noreply.set(a, 'new')).toBeUndefined()
      expect(await cache.noreply.delete(b)).toBeUndefined()
      expect([...(await cache.getMany([a, b]))]).toEqual([[a, 'new']])
    })

    it('counts, touches and writes batches', async () => {
      const cache = context.client()
      const [n, a, b] = [context.key(), context.key(), context.key()]
      await cache.set(n, 10)
      await cache.noreply.incr(n, 5)
      await cache.noreply.decr(n, 2n)
      await cache.noreply.touch(n, 500)
      await cache.noreply.setMany({ [a]: 1, [b]: 2 })
      await cache.noreply.deleteMany([b])
      expect([...(await cache.getMany([n, a, b])).values()]).toEqual([13, 1])
      expect(await context.raw().ask(`mg ${n} t\r\n`)).toMatch(/^HD t(49\d|500)\r\n$/)
    })

    it('refuses what the same commands with answers refuse', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.setMany({ [key]: 1, [`${key}x`]: 2 }, { ttl: 500 })
      const users = cache.namespace(key)
      const calls: (() => Promise<unknown>)[] = [
        () => cache.noreply.touch(key, undefined as never),
        () => users.noreply.touch('x', undefined as never),
        () => cache.noreply.append(key, 'a', { ttl: 5 } as never),
        () => cache.noreply.prepend(key, 'a', { ttl: 5 } as never),
        () => cache.noreply.incr(key, 1, { initial: 5 } as never),
        () => cache.noreply.decr(key, 1, { initial: 5 } as never),
        () => cache.noreply.deleteMany(key as never),
        () => cache.noreply.deleteMany(null as never),
        () => cache.noreply.set(key, 1, 60 as never),
        () => cache.noreply.setMany({ [key]: 1 }, { expires: 5 } as never),
        () => cache.noreply.addMany({ [key]: 1 }, 5 as never),
        () => cache.noreply.delete(key, { ttl: 1 } as never),
        () => users.noreply.set('x', 1, 60 as never),
      ]
      for (const call of calls) expect(await rejection(call()), String(call)).toBeInstanceOf(InvalidInputError)
      expect([...(await cache.getMany([key, `${key}x`])).values()]).toEqual([1, 2])
      expect(await context.raw().ask(`mg ${key} t\r\n`)).toMatch(/^HD t(49\d|500)\r\n$/)
    })

    it('fails the keys of a batch whose values cannot be stored, and stores the others', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const error = (await rejection(
        cache.noreply.setMany({ a: 1, b: undefined, c: 3 }, { keyPrefix: prefix }),
      )) as BatchError
      expect(error).toBeInstanceOf(BatchError)
      expect([...error.failed.keys()]).toEqual(['b'])
      expect(error.failed.get('b')).toBeInstanceOf(SerdeError)
      expect([...(await cache.getMany(['a', 'b', 'c'], { keyPrefix: prefix }))]).toEqual([
        ['a', 1],
        ['c', 3],
      ])
    })

    context.itNeeds('cas', 'stores conditionally with cas', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const current = await cache.gets(key)
      await cache.noreply.cas(key, 2, current!.cas)
      await cache.noreply.cas(key, 3, current!.cas)
      expect(await cache.get(key)).toBe(2)
    })

    it('expects misses and conflicts, and reports none of them', async () => {
      const cache = context.client()
      const events = collectCommandErrors(cache)
      const key = context.key()
      await cache.noreply.delete(key)
      await cache.noreply.touch(key, 5)
      await cache.noreply.incr(key)
      await cache.noreply.cas(key, 1, 7n)
      expect(await cache.get(key)).toBeUndefined()
      await cache.version()
      expect(events).toEqual([])
    })

    context.itNeeds(
      'silentNoreply',
      'keeps every answer at its question when quiet and other commands are mixed',
      async () => {
        const cache = context.client()
        const label = context.key()
        await cache.set(label, 'text')
        const answers: Promise<unknown>[] = []
        for (let at = 0; at < 200; at++) {
          void cache.noreply.set(`${label}:${at}`, at)
          if (at % 3 === 0) void cache.noreply.delete(`${label}:none:${at}`)
          if (at % 10 === 0) void cache.noreply.incr(label)
          answers.push(cache.get(`${label}:${at}`))
        }
        expect(await Promise.all(answers)).toEqual(Array.from({ length: 200 }, (_, at) => at))
      },
      {
        title: 'fails no read by an answer to a quiet command, and no caller gets the answer of another',
        test: async () => {
          const cache = context.client()
          const [text, own] = [context.key(), context.key()]
          await cache.setMany({ [text]: 'text', [own]: 'own' })
          void cache.noreply.incr(text)
          const answers = Array.from({ length: 20 }, () => cache.get(own))
          expect(await Promise.all(answers)).toEqual(answers.map(() => 'own'))
        },
      },
    )

    it('writes large values', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.noreply.set(key, new Uint8Array(500_000).fill(7))
      expect(((await cache.get(key)) as Uint8Array).length).toBe(500_000)
    })

    it('refuses bad input like the others', async () => {
      const cache = context.client()
      expect(await rejection(cache.noreply.set('', 1))).toBeInstanceOf(InvalidInputError)
      expect(await rejection(cache.noreply.touch(context.key(), -1))).toBeInstanceOf(InvalidInputError)
    })

    context.itNeeds(
      'quietErrors',
      'reports a refused command as an event, and the next caller gets its own answer',
      async () => {
        const cache = context.client()
        const events = collectCommandErrors(cache)
        const [text, big, other] = [context.key(), context.key(), context.key()]
        await cache.setMany({ [text]: 'text', [other]: 'fine' })
        void cache.noreply.set(big, context.tooLarge())
        expect(await cache.get(other)).toBe('fine')
        void cache.noreply.incr(text)
        expect(await cache.get(other)).toBe('fine')
        // One event for each run, with its keys; a client that other tests have used may tell late of theirs.
        const names = new Set([big, text])
        const own = (): string[] =>
          events
            .map((event) => (event.keys ?? [event.key]).map(String))
            .filter((keys) => keys.some((key) => names.has(key)))
            .map((keys) => keys.join())
        await until(() => own().length >= 2, 'two commandError events')
        expect(own().toSorted()).toEqual([...names].toSorted())
      },
      {
        title: 'loses what a server refuses, and the old value with it',
        test: async () => {
          const cache = context.client()
          const [big, other] = [context.key(), context.key()]
          await cache.setMany({ [big]: 'old', [other]: 'fine' })
          void cache.noreply.set(big, context.tooLarge())
          await recovers(cache, other, 'fine')
          expect(await cache.get(big)).toBeUndefined()
        },
      },
    )
  })
}
