import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'vitest'
import type { TaggedCache } from '../../../src/tags/tagged-cache.ts'
import { HeldLoad, notCalled } from '../../support/held-load.ts'
import { skipTime } from '../../support/skip-time.ts'
import { PREFIX, type Rule, type TagCluster } from './cluster.ts'

/** Each way to read a value finds none. */
async function expectMiss(pages: TaggedCache, key: string): Promise<void> {
  expect(await pages.get(key)).toBeUndefined()
  expect(await pages.getMany([key])).toEqual(new Map())
}

/** A key and three tags, each on a server of its own. */
function spread(cluster: TagCluster): { readonly key: string; readonly tags: readonly string[] } {
  return { key: cluster.keyOn(0), tags: [0, 1, 2].map((at) => cluster.tagOn(at)) }
}

/** What invalidations do. */
export const invalidationRules: readonly Rule[] = [
  {
    promise: 'a value is a hit while the versions of all its tags are the present ones, whichever server has them',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const [mine, theirs] = [cluster.process().pages, cluster.process().pages]
      let loads = 0
      const load = (): string => `load ${++loads}`
      expect(await mine.getOrSet(key, load, { tags })).toBe('load 1')
      await theirs.invalidateTags(`${tags[0]}x`, 'another')
      for (const pages of [mine, theirs]) {
        expect(await pages.get(key)).toBe('load 1')
        expect(await pages.getOrSet(key, notCalled, { tags })).toBe('load 1')
      }
      for (const tag of tags) {
        await theirs.invalidateTags(tag)
        for (const pages of [mine, theirs]) await expectMiss(pages, key)
        const next = `load ${loads + 1}`
        expect(await mine.getOrSet(key, load, { tags })).toBe(next)
        expect(await theirs.getOrSet(key, notCalled, { tags })).toBe(next)
      }
    },
  },
  {
    promise: 'invalidateTags makes every value with the tag a miss, on all servers, and no other value',
    check: async (cluster) => {
      const { pages } = cluster.process()
      const tag = cluster.tagOn(1)
      const keys = Array.from({ length: 30 }, (_, at) => `key ${at}`.replace(' ', ':'))
      for (const [at, key] of keys.entries()) {
        await pages.getOrSet(key, () => at, { tags: at % 2 === 0 ? [tag] : ['other'] })
      }
      await pages.invalidateTags(tag)
      const left = await pages.getMany<number>(keys)
      expect([...left.values()]).toEqual(keys.map((_, at) => at).filter((at) => at % 2 === 1))
    },
  },
  {
    promise: 'a value takes 64 tags, and the invalidation of any one of them makes it a miss',
    check: async (cluster) => {
      const { pages } = cluster.process()
      const tags = Array.from({ length: 64 }, (_, at) => `tag:${at}`)
      for (const tag of [tags[0]!, tags[63]!]) {
        expect(await pages.getOrSet('key', () => tag, { tags })).toBe(tag)
        await pages.invalidateTags(tag)
        await expectMiss(pages, 'key')
      }
    },
  },
  {
    promise: 'in the process that invalidates, no call that begins later gets a value from before',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const { pages } = cluster.process({ refreshMs: 60_000 })
      for (let round = 0; round < 5; round++) {
        expect(await pages.getOrSet(key, () => round, { tags })).toBe(round)
        expect(await pages.get(key)).toBe(round)
        await pages.invalidateTags(tags[round % 3]!)
        await expectMiss(pages, key)
      }
    },
  },
  {
    promise: 'in the process that invalidates, no call that begins later shares a load from before',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const { pages } = cluster.process({ refreshMs: 60_000 })
      for (const isFirst of [true, false]) {
        if (!isFirst) await pages.invalidateTags(tags[0]!)
        const before = new HeldLoad('before')
        const first = pages.getOrSet(key, before.load, { tags })
        await before.started
        await pages.invalidateTags(tags[2]!)
        const second = pages.getOrSet(key, () => 'after', { tags })
        const third = pages.getOrSet(key, () => 'after', { tags: [tags[0]!] })
        await pages.get(key)
        before.finish()
        expect(await first).toBe('before')
        expect(await Promise.all([second, third])).toEqual(['after', 'after'])
        expect(await pages.get(key)).toBe('after')
      }
    },
  },
  {
    promise: 'other processes trust a version for refreshMs, and no longer',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const [mine, theirs] = [cluster.process(), cluster.process({ refreshMs: 5000 })]
      await theirs.pages.getOrSet(key, () => 'old', { tags })
      expect(await theirs.pages.get(key)).toBe('old')
      await mine.pages.invalidateTags(tags[1]!)
      expect(await theirs.pages.get(key)).toBe('old')
      expect(await theirs.pages.getOrSet(key, notCalled, { tags })).toBe('old')
      skipTime(5001)
      await expectMiss(theirs.pages, key)
      expect(await theirs.pages.getOrSet(key, () => 'new', { tags })).toBe('new')
    },
  },
  {
    promise: 'other processes share no load from before, refreshMs later',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const [mine, theirs] = [cluster.process(), cluster.process({ refreshMs: 5000 })]
      const before = new HeldLoad('before')
      const first = theirs.pages.getOrSet(key, before.load, { tags })
      await before.started
      await mine.pages.invalidateTags(tags[1]!)
      skipTime(5001)
      const second = theirs.pages.getOrSet(key, () => 'after', { tags })
      await theirs.pages.get(key)
      before.finish()
      expect(await Promise.all([first, second])).toEqual(['before', 'after'])
    },
  },
  {
    promise: 'with refreshMs: 0 every process sees an invalidation at once',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const processes = [0, 1, 2].map(() => cluster.process().pages)
      for (let round = 0; round < 6; round++) {
        await processes[round % 3]!.getOrSet(key, () => round, { tags })
        for (const pages of processes) expect(await pages.get(key)).toBe(round)
        await processes[(round + 1) % 3]!.invalidateTags(tags[round % 3]!)
        for (const pages of processes) await expectMiss(pages, key)
      }
    },
  },
  {
    promise: 'a load that overlaps an invalidation stores a value that is outdated from the start',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const [mine, theirs] = [cluster.process({ refreshMs: 60_000 }).pages, cluster.process().pages]
      for (const pages of [mine, theirs]) {
        for (const tag of tags) {
          const load = new HeldLoad('loaded before')
          const loading = mine.getOrSet(key, load.load, { tags })
          await load.started
          await pages.invalidateTags(tag)
          load.finish()
          expect(await loading).toBe('loaded before')
          await expectMiss(theirs, key)
          expect(await theirs.getOrSet(key, () => 'loaded after', { tags })).toBe('loaded after')
          await pages.invalidateTags(tag)
        }
      }
    },
  },
  {
    promise: 'an invalidation by the loader itself counts as one during the load',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const { pages } = cluster.process()
      const load = async (): Promise<string> => {
        await pages.invalidateTags(tags[1]!)
        return 'loaded'
      }
      expect(await pages.getOrSet(key, load, { tags })).toBe('loaded')
      await expectMiss(pages, key)
    },
  },
  {
    promise: 'an invalidation after a change in the database is never lost, whatever loads are under way',
    check: (cluster) => race(cluster),
  },
  {
    promise: 'a process that knows less does not throw away what another has loaded',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const [mine, theirs] = [0, 1].map(() => cluster.process({ refreshMs: 60_000 }).pages)
      await mine!.getOrSet(key, () => 'old', { tags })
      expect(await theirs!.get(key)).toBe('old')
      await mine!.invalidateTags(...tags)
      await mine!.getOrSet(key, () => 'new', { tags })
      expect(await theirs!.getOrSet(key, notCalled, { tags })).toBe('new')
      expect(await mine!.getOrSet(key, notCalled, { tags })).toBe('new')
    },
  },
  {
    promise: 'a value that was stored without one of the tags of a call is loaded anew',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const { pages } = cluster.process()
      await pages.getOrSet(key, () => 'one', { tags: tags.slice(0, 1) })
      expect(await pages.getOrSet(key, () => 'three', { tags })).toBe('three')
      expect(await pages.getOrSet(key, notCalled, { tags: tags.slice(1) })).toBe('three')
    },
  },
  {
    promise: 'a plain value under the same key is a miss, and is replaced',
    check: async (cluster) => {
      const { key, tags } = spread(cluster)
      const { cache, pages } = cluster.process()
      await cache.set(`${PREFIX}v:${key}`, 'plain')
      await expectMiss(pages, key)
      expect(await pages.getOrSet(key, () => 'tagged', { tags })).toBe('tagged')
      expect(await pages.get(key)).toBe('tagged')
    },
  },
]

/** The rows of a database, and the least that readers must see: rows whose change was invalidated. */
class Database {
  readonly rows: [number, number, number] = [0, 0, 0]
  readonly seen: [number, number, number] = [0, 0, 0]

  /** Reads all rows at once, and takes a while to answer. */
  async read(turns: number): Promise<number[]> {
    const rows = [...this.rows]
    for (let at = 0; at < turns; at++) await turn()
    return rows
  }
}

/** Three processes change rows and invalidate their tags, while all of them read values made of all rows. */
async function race(cluster: TagCluster): Promise<void> {
  const { key, tags } = spread(cluster)
  const database = new Database()
  const processes = [0, 1, 2].map(() => cluster.process().pages)
  const wrong: string[] = []
  const writing = new Set(processes)
  const write = async (pages: TaggedCache, at: number): Promise<void> => {
    for (let round = 1; round <= 40; round++) {
      database.rows[at] = round
      await pages.invalidateTags(tags[at]!)
      database.seen[at] = round
      for (let pause = 0; pause < (round * 7 + at) % 11; pause++) await turn()
    }
    writing.delete(pages)
  }
  const read = async (pages: TaggedCache, reader: number): Promise<void> => {
    for (let round = 0; writing.size > 0; round++) {
      const least = [...database.seen]
      const load = (): Promise<number[]> => database.read((round + reader) % 9)
      const rows =
        round % 3 === 0 ? await pages.get<number[]>(key) : await pages.getOrSet(key, load, { tags, waitMs: 5 })
      const isOld = rows?.some((row, at) => row < least[at]!)
      if (isOld) wrong.push(`read ${String(rows)} after ${String(least)}`)
    }
  }
  await Promise.all(
    processes.flatMap((pages, at) => [write(pages, at), ...[0, 1, 2].map((reader) => read(pages, reader))]),
  )
  expect(wrong).toEqual([])
  expect(await processes[0]!.getOrSet(key, () => database.read(1), { tags })).toEqual([40, 40, 40])
}
