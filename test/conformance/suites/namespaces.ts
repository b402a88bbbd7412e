import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import { numberSchema } from '../../support/number-schema.ts'
import type { Context } from '../context.ts'

export function describeNamespaces(context: Context): void {
  describe('a namespace', () => {
    it('is the same commands behind a prefix', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const names = cache.namespace<string>(prefix)
      expect(await names.set('a', 'Ada')).toBe(true)
      expect(await cache.get(`${prefix}a`)).toBe('Ada')
      expect(await names.get('a')).toBe('Ada')
      expect(await names.add('a', 'Bob')).toBe(false)
      expect(await names.replace('a', 'Ann')).toBe(true)
      expect(await names.append('a', 'a')).toBe(true)
      expect(await names.prepend('a', '>')).toBe(true)
      expect(await names.get('a')).toBe('>Anna')
      expect(await names.get('b', { default: null })).toBeNull()
      expect(await names.setMany({ b: 'Bob', c: 'Cyd' })).toEqual([])
      expect(await names.addMany([['b', 'x'] as const])).toEqual(['b'])
      expect([...(await names.getMany(['c', 'nope', 'b']))]).toEqual([
        ['c', 'Cyd'],
        ['b', 'Bob'],
      ])
      expect((await names.getsMany(['c'])).get('c')?.value).toBe('Cyd')
      expect(await names.has('b')).toBe(true)
      expect(await names.touch('b', 50)).toBe(true)
      expect(await names.delete('b')).toBe(true)
      expect(await names.deleteMany(['b', 'c'])).toBe(1)
      await names.noreply.set('quiet', 'yes')
      expect(await names.get('quiet')).toBe('yes')
      const [first, second] = await names.pipeline().set('d', 'Dan').get('d').run()
      expect([first.status, second.status === 'fulfilled' && second.value]).toEqual(['fulfilled', 'Dan'])
    })

    it('counts', async () => {
      const counts = context.client().namespace<number>(`${context.key()}:`, { ttl: 100 })
      expect(await counts.incr('a', 1, { initial: 5 })).toBe(5)
      expect(await counts.incr('a')).toBe(6)
      expect(await counts.decr('a', 2n)).toBe(4n)
      expect(await counts.incrMany(['a', 'b'], 1)).toEqual(new Map([['a', 5]]))
      expect(await counts.incr('b')).toBeUndefined()
    })

    context.itNeeds('cas', 'compares, pops, updates', async () => {
      const names = context.client().namespace<string>(`${context.key()}:`)
      await names.set('a', 'Ada')
      const found = await names.gets('a')
      expect(await names.cas('a', 'Bob', found!.cas)).toBe('stored')
      expect(await names.cas('a', 'Cyd', found!.cas)).toBe('exists')
      expect(await names.update('a', (name) => `${name}!`)).toBe('Bob!')
      expect(await names.pop('a')).toBe('Bob!')
      expect(await names.pop('a')).toBeUndefined()
    })

    it('loads, by the keys of the namespace', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const names = cache.namespace<string>(prefix, { ttl: 100 })
      const asked: unknown[] = []
      const load = ({ key }: { key: unknown }): string => {
        asked.push(key)
        return 'Ada'
      }
      expect(await names.getOrSet('a', load)).toBe('Ada')
      const many = await names.getOrSetMany(['a', 'b'], (keys) => {
        asked.push(...keys)
        return new Map(keys.map((key) => [key, 'Bob']))
      })
      expect([...many.values()]).toEqual(['Ada', 'Bob'])
      expect(asked).toEqual(['a', 'b'])
      expect(await cache.get(`${prefix}b`)).toBe('Bob')
    })

    it('gives what it stores its ttl, unless the call has one', async () => {
      const names = context.client().namespace<string>(`${context.key()}:`, { ttl: 100 })
      const left = async (key: string): Promise<string> => context.raw().ask(`mg ${key} t\r\n`)
      const prefix = context.key()
      const own = context.client().namespace<string>(prefix, { ttl: 100 })
      await own.set('a', 'x')
      await own.set('b', 'x', { ttl: 5000 })
      await own.setMany({ c: 'x' })
      await own.getOrSet('d', () => 'x')
      await names.set('unused', 'x')
      for (const key of ['a', 'c', 'd']) expect(await left(prefix + key)).toMatch(/^HD t(?:100|9\d)\r\n/)
      expect(await left(`${prefix}b`)).toMatch(/^HD t(?:5000|49\d\d)\r\n/)
    })
  })

  describe('a namespace with a schema', () => {
    it('takes what does not fit for a miss, and says so in an event', async () => {
      const cache = context.client()
      const events: unknown[] = []
      cache.on('invalidValue', (event) => events.push(event))
      const prefix = `${context.key()}:`
      const numbers = cache.namespace(prefix, { schema: numberSchema })
      await numbers.set('good', 1)
      await cache.set(`${prefix}bad`, 'text')
      expect(await numbers.get('good')).toBe(1)
      expect(await numbers.get('bad')).toBeUndefined()
      expect(await numbers.get('bad', { default: 7 })).toBe(7)
      expect(await numbers.gets('bad')).toBeUndefined()
      expect([...(await numbers.getMany(['bad', 'good']))]).toEqual([['good', 1]])
      expect([...(await numbers.getsMany(['bad', 'good'])).keys()]).toEqual(['good'])
      expect(events.length).toBe(5)
      expect(events[0]).toEqual({ key: 'bad', prefix, issues: [{ message: 'must be a number' }] })
    })

    it('loads anew what does not fit, and refuses what a loader gives that does not', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const numbers = cache.namespace(prefix, { schema: numberSchema })
      await cache.set(`${prefix}a`, 'text')
      expect(await numbers.getOrSet('a', () => 5)).toBe(5)
      expect(await cache.get(`${prefix}a`)).toBe(5)
      const error = await rejection(numbers.getOrSet('b', () => 'text' as never))
      expect(error).toBeInstanceOf(InvalidInputError)
      expect(error.message).toContain('must be a number')
      expect(await context.raw().ask(`get ${prefix}b\r\n`, 'END\r\n')).toBe('END\r\n')
    })

    context.itNeeds('cas', 'updates what does not fit as if it were missing', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const numbers = cache.namespace(prefix, { schema: numberSchema })
      await cache.set(`${prefix}a`, 'text')
      expect(await numbers.update('a', (current = 0) => current + 1)).toBe(1)
      await cache.set(`${prefix}a`, 'text')
      expect(await numbers.pop('a')).toBeUndefined()
    })
  })

  describe('a namespace with generations', () => {
    it('is emptied by one command, in this process at once', async () => {
      const cache = context.client()
      const names = cache.namespace<string>(`${context.key()}:`, { generations: true })
      await names.setMany({ a: 'Ada', b: 'Bob' })
      expect((await names.getMany(['a', 'b'])).size).toBe(2)
      await names.clear()
      expect((await names.getMany(['a', 'b'])).size).toBe(0)
      expect(await names.getOrSet('a', () => 'new')).toBe('new')
      expect(await names.get('a')).toBe('new')
      await names.clear()
      expect(await names.get('a')).toBeUndefined()
    })

    it('shows a clear to other processes when they read the generation again', async () => {
      const prefix = `${context.key()}:`
      const [mine, theirs] = [context.client(), context.client()].map((cache) =>
        cache.namespace<string>(prefix, { generations: { refreshMs: 0 } }),
      )
      await mine!.set('a', 'Ada')
      expect(await theirs!.get('a')).toBe('Ada')
      await mine!.clear()
      expect(await theirs!.get('a')).toBeUndefined()
      expect(await theirs!.set('a', 'Bob')).toBe(true)
      expect(await mine!.get('a')).toBe('Bob')
    })

    it('trusts a generation for refreshMs', async () => {
      const prefix = `${context.key()}:`
      const mine = context.client().namespace<string>(prefix, { generations: true })
      const theirs = context.client().namespace<string>(prefix, { generations: { refreshMs: 60_000 } })
      await mine.set('a', 'Ada')
      expect(await theirs.get('a')).toBe('Ada')
      await mine.clear()
      expect(await theirs.get('a')).toBe('Ada')
    })

    it('does not find old values again when its generation was evicted', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const names = cache.namespace<string>(prefix, { generations: { refreshMs: 0 } })
      await names.set('a', 'Ada')
      await cache.delete(`${prefix}generation`)
      expect(await names.get('a')).toBeUndefined()
      await names.set('a', 'Bob')
      await cache.delete(`${prefix}generation`)
      await names.clear()
      expect(await names.get('a')).toBeUndefined()
    })

    it('agrees on a generation that several make at a time', async () => {
      const prefix = `${context.key()}:`
      const spaces = Array.from({ length: 5 }, () => context.client().namespace<number>(prefix, { generations: true }))
      await Promise.all(spaces.map((space, at) => space.set(`k${at}`, at)))
      for (const space of spaces) expect((await space.getMany(['k0', 'k1', 'k2', 'k3', 'k4'])).size).toBe(5)
    })

    it('may hold others, which carry both generations', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      const outer = cache.namespace<string>(prefix, { generations: true })
      const [users, pages] = [outer.namespace<string>('users:'), outer.namespace<string>('pages:')]
      const posts = users.namespace<string>('posts:')
      const all = [outer, users, pages, posts]
      const fill = async (): Promise<void> => {
        for (const space of all) await space.set('k', 'value')
      }
      const filled = async (): Promise<boolean[]> => {
        const found: boolean[] = []
        for (const space of all) found.push((await space.get('k')) === 'value')
        return found
      }
      await fill()
      expect(await filled()).toEqual([true, true, true, true])
      await pages.clear()
      expect(await filled()).toEqual([true, true, false, true])
      await users.clear()
      expect(await filled()).toEqual([true, false, false, false])
      await fill()
      await outer.clear()
      expect(await filled()).toEqual([false, false, false, false])
      await fill()
      expect(await cache.get(`${prefix}generation:users:`)).toEqual(expect.any(Number))
      expect(await context.client().namespace(prefix, { generations: true }).namespace('users:').get('k')).toBe('value')
      // Missing is new, never zero.
      await cache.delete(`${prefix}generation:users:`)
      const fresh = context.client().namespace(prefix, { generations: true })
      expect(await fresh.namespace('users:').get('k')).toBeUndefined()
      expect(await fresh.get('k')).toBe('value')
    })

    it('says what is wrong when its item holds no number', async () => {
      const cache = context.client()
      const prefix = `${context.key()}:`
      await cache.set(`${prefix}generation`, 'text')
      const names = cache.namespace(prefix, { generations: true })
      await eventually(async () => {
        expect((await rejection(names.get('a'))).message).toContain('no generation')
      })
    })

    it('refuses options that cannot be', () => {
      const cache = context.client()
      const bad: (() => unknown)[] = [
        () => cache.namespace('', { generations: true }),
        () => cache.namespace('p', { generations: { refreshMs: -1 } }),
        () => cache.namespace('p', { generations: 5 as never }),
        () => cache.namespace(5 as never),
        () => cache.namespace('p', { schema: {} as never }),
        () => cache.namespace('p', { ttl: -1 }),
        () => cache.namespace('p', { generations: true }).namespace(''),
        () => cache.namespace('p', { generations: true }).namespace('s', { generatons: true } as never),
      ]
      for (const make of bad) expect(make).toThrow(InvalidInputError)
    })
  })
}
