import { expect } from 'vitest'
import { InvalidInputError, MemcacheError, SerdeError } from '../../../src/errors.ts'
import type { Middleware } from '../../../src/seam/operation.ts'
import { raw } from '../../../src/serde/raw.ts'
import { rejection } from '../../support/eventually.ts'
import { notCalled } from '../../support/held-load.ts'
import { PREFIX, type Rule, type TagCluster, type TagProcess } from './cluster.ts'

/** A process, and the keys of the commands that it sends. */
function recorded(cluster: TagCluster, refreshMs: number): TagProcess & { readonly sent: () => string[] } {
  let keys: string[] = []
  const record: Middleware = (next) => ({
    dispatch(operation) {
      // The commands of getOrSet have the caller's own key, the others that of the item.
      keys.push(String(operation.key).replace(/^p:(v:)?/, ''))
      next.dispatch(operation)
    },
  })
  const sent = (): string[] => {
    const before = keys
    keys = []
    return before
  }
  return { ...cluster.process({ refreshMs, middleware: [record] }), sent }
}

/** What calls cost, and what the limits are. */
export const costRules: readonly Rule[] = [
  {
    promise: 'invalidateTags is one command for each tag, however many values there are',
    check: async (cluster) => {
      const { pages, sent } = recorded(cluster, 60_000)
      for (let at = 0; at < 20; at++) await pages.getOrSet(`key:${at}`, () => at, { tags: ['a', 'b'] })
      sent()
      await pages.invalidateTags('a', 'b', 'a')
      expect(sent()).toEqual(['t:a', 't:b'])
    },
  },
  {
    promise: 'a hit is one read, and one more for versions that are due',
    check: async (cluster) => {
      for (const [refreshMs, versions] of [
        [60_000, []],
        [0, ['t:a', 't:b']],
      ] as const) {
        const { pages, sent } = recorded(cluster, refreshMs)
        await pages.getOrSet('key', () => 'value', { tags: ['a', 'b'] })
        await pages.get('key')
        sent()
        expect(await pages.get('key')).toBe('value')
        expect(sent()).toEqual(['key', ...versions])
        expect(await pages.getOrSet('key', notCalled, { tags: ['a', 'b'] })).toBe('value')
        expect(sent()).toEqual(['key', ...versions])
      }
    },
  },
  {
    promise: 'the versions are read before the loader runs',
    check: async (cluster) => {
      const { pages, sent } = recorded(cluster, 60_000)
      let before: string[] = []
      await pages.invalidateTags('a', 'b')
      sent()
      const load = (): string => {
        before = sent()
        return 'value'
      }
      await pages.getOrSet('key', load, { tags: ['a', 'b'] })
      expect(before.slice(-2)).toEqual(['t:a', 't:b'])
      // In text mode more than one command finds out who loads.
      expect(new Set(before.slice(0, -2))).toEqual(new Set(['key']))
      expect(sent()).toEqual(['key'])
    },
  },
  {
    promise: 'values are items <prefix>v:<key>, versions <prefix>t:<tag>, and a tag adds its name and 16 bytes',
    check: async (cluster) => {
      const { cache, pages } = cluster.process()
      const stored = async (tags: readonly string[]): Promise<string> => {
        await pages.delete('key')
        await pages.getOrSet('key', () => 'value', { tags })
        return String(await cache.get(`${PREFIX}v:key`, { serde: raw }))
      }
      const numbers = await Promise.all(
        ['name', 'b'].map(async (tag) => {
          await pages.invalidateTags(tag)
          return BigInt(String(await cache.get(`${PREFIX}t:${tag}`))).toString(36)
        }),
      )
      expect(await stored([])).toBe('t[0,0]\nvalue')
      expect(await stored(['name'])).toBe(`t[0,0,"name","${numbers[0]}"]\nvalue`)
      expect(await stored(['name', 'b'])).toBe(`t[0,0,"name","${numbers[0]}","b","${numbers[1]}"]\nvalue`)
      expect(numbers[0]!.length + 6).toBe(16)
    },
  },
  {
    promise: 'a plain get of a value rejects, and incr is refused',
    check: async (cluster) => {
      const { cache, pages } = cluster.process()
      await pages.getOrSet('key', () => 5, { tags: ['tag'] })
      expect(await rejection(cache.get(`${PREFIX}v:key`))).toBeInstanceOf(SerdeError)
      expect(await rejection(cache.incr(`${PREFIX}v:key`))).toBeInstanceOf(MemcacheError)
      expect(await pages.get('key')).toBe(5)
    },
  },
  {
    promise: 'the rules for keys hold for a tag, and getOrSet takes no lease, routingKey and keyPrefix',
    check: async (cluster) => {
      const { pages } = cluster.process()
      const limit = 250 - `${PREFIX}t:`.length
      expect(await pages.getOrSet('key', () => 'value', { tags: ['x'.repeat(limit)] })).toBe('value')
      const bad = ['x'.repeat(limit + 1), ...(cluster.protocol === 'text' ? ['a tag', 'line\nfeed'] : [])]
      for (const tag of bad) {
        expect(await rejection(pages.getOrSet('other', notCalled, { tags: [tag] }))).toBeInstanceOf(MemcacheError)
        expect(await rejection(pages.invalidateTags(tag))).toBeInstanceOf(MemcacheError)
      }
      for (const more of [{ lease: 'key' }, { routingKey: 'r' }, { keyPrefix: 'k' }]) {
        const call = pages.getOrSet('key', notCalled, { tags: [], ...more })
        expect(await rejection(call)).toBeInstanceOf(InvalidInputError)
      }
    },
  },
]
