import { expect } from 'vitest'
import { BatchError, MemcacheError } from '../../../src/errors.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import { notCalled } from '../../support/held-load.ts'
import { PREFIX, type Rule, type TagCluster } from './cluster.ts'

/** A value on the first server whose tag is on the second, and one whose tag is on the third. */
function twoValues(cluster: TagCluster) {
  const [key, other] = [cluster.keyOn(0), cluster.keyOn(0)]
  const [tag, otherTag] = [cluster.tagOn(1), cluster.tagOn(2)]
  return { key, tag, other, otherTag }
}

/** What follows when a server is out, restarts or evicts. */
export const failureRules: readonly Rule[] = [
  ...([false, true] as const).map(
    (isFrozen): Rule => ({
      promise: `values whose version cannot be read are a failure and never a hit: the server ${isFrozen ? 'hangs' : 'is gone'}`,
      check: (cluster) => checkUnreadable(cluster, isFrozen),
    }),
  ),
  {
    promise: 'where failures are absorbed they are misses, and getOrSet runs its loader and stores nothing',
    check: async (cluster) => {
      const { key, tag, other, otherTag } = twoValues(cluster)
      const { cache, pages } = cluster.process({ failures: 'miss' })
      await pages.getOrSet(key, () => 'old', { tags: [tag] })
      await pages.getOrSet(other, () => 'other', { tags: [otherTag] })
      await cluster.servers[1]!.takeAway()
      expect(await pages.get(key)).toBeUndefined()
      expect(await pages.getMany([key, other])).toEqual(new Map([[other, 'other']]))
      expect(await pages.getOrSet(key, () => 'loaded', { tags: [tag] })).toBe('loaded')
      const fresh = cluster.keyOn(2)
      expect(await pages.getOrSet(fresh, () => 'loaded', { tags: [tag] })).toBe('loaded')
      await eventually(async () => expect(await cache.has(`${PREFIX}v:${fresh}`)).toBe(false))
      // An invalidation that is not done is never absorbed.
      expect(await rejection(pages.invalidateTags(tag))).toBeInstanceOf(BatchError)
      await cluster.servers[1]!.releaseWinToken()
      await eventually(async () => expect(await pages.get(key)).toBe('old'))
    },
  },
  {
    promise: 'invalidateTags rejects with the tags whose server is out, does the others, and can be called again',
    check: async (cluster) => {
      const { pages } = cluster.process()
      const tags = [0, 1, 2].map((at) => cluster.tagOn(at))
      const keys = tags.map(() => cluster.keyOn(0))
      for (const [at, key] of keys.entries()) await pages.getOrSet(key, () => 'old', { tags: [tags[at]!] })
      await cluster.servers[1]!.takeAway()
      const error = await rejection(pages.invalidateTags(...tags))
      expect(error).toBeInstanceOf(BatchError)
      expect([...(error as BatchError).failed.keys()]).toEqual([tags[1]])
      expect(await pages.getMany([keys[0]!, keys[2]!])).toEqual(new Map())
      await cluster.servers[1]!.releaseWinToken()
      // It was not done, and is not done later.
      await eventually(async () => expect(await pages.getMany(keys)).toEqual(new Map([[keys[1], 'old']])))
      await pages.invalidateTags(...tags)
      expect(await pages.getMany(keys)).toEqual(new Map())
    },
  },
  {
    promise: 'no server stands in for that of a tag: there are never two versions',
    check: async (cluster) => {
      const { key, tag } = twoValues(cluster)
      const [mine, theirs] = [cluster.process(), cluster.process({ failures: 'miss' })]
      await mine.pages.getOrSet(key, () => 'old', { tags: [tag] })
      await cluster.servers[1]!.takeAway()
      for (const { pages } of [mine, theirs]) await rejection(pages.invalidateTags(tag))
      await theirs.pages.getOrSet(key, () => 'loaded', { tags: [tag] })
      await rejection(mine.pages.getOrSet(key, () => 'loaded', { tags: [tag] }))
      for (const at of [0, 2]) expect(await cluster.direct(at).has(`${PREFIX}t:${tag}`)).toBe(false)
      expect(await cluster.direct(1).has(`${PREFIX}t:${tag}`)).toBe(true)
    },
  },
  {
    promise: 'after a restart of the server of a tag every value with the tag is loaded once more, and no other',
    check: async (cluster) => {
      const { key, tag, other, otherTag } = twoValues(cluster)
      const [mine, theirs] = [cluster.process().pages, cluster.process().pages]
      await mine.getOrSet(key, () => 'old', { tags: [tag] })
      await mine.getOrSet(other, () => 'other', { tags: [otherTag] })
      await cluster.servers[1]!.replace()
      for (const pages of [mine, theirs]) await eventually(async () => expect(await pages.get(key)).toBeUndefined())
      let loads = 0
      const load = (): string => `load ${++loads}`
      for (const pages of [mine, theirs]) expect(await pages.getOrSet(key, load, { tags: [tag] })).toBe('load 1')
      expect(await theirs.getOrSet(other, notCalled, { tags: [otherTag] })).toBe('other')
    },
  },
  {
    promise: 'a version that was evicted is new, and never one from before',
    isSmall: true,
    check: async (cluster) => {
      const { key, tag } = twoValues(cluster)
      const { cache, pages } = cluster.process()
      const full = cluster.direct(1)
      const seen = new Set<unknown>()
      let filled = 0
      for (let round = 0; round < 3; round++) {
        await pages.getOrSet(key, () => round, { tags: [tag] })
        seen.add(await cache.get(`${PREFIX}t:${tag}`))
        await eventually(async () => {
          const fill = Array.from({ length: 30_000 }, () => [`fill:${filled++}`, 'x'.repeat(25)] as const)
          await full.setMany(fill)
          expect(await full.has(`${PREFIX}t:${tag}`)).toBe(false)
        })
        expect(await pages.get(key)).toBeUndefined()
        expect(await pages.getOrSet(key, () => 'loaded', { tags: [tag] })).toBe('loaded')
        await pages.invalidateTags(tag)
      }
      expect(seen.size).toBe(3)
    },
  },
  {
    promise: 'a version is made of the clock, in microseconds, and differs from process to process',
    check: async (cluster) => {
      const { cache, pages } = cluster.process()
      const made = new Set<number>()
      for (let round = 0; round < 5; round++) {
        const before = Date.now() * 1000
        await pages.getOrSet(`key:${round}`, () => round, { tags: [`tag:${round}`] })
        const version = Number(await cache.get(`${PREFIX}t:tag:${round}`))
        expect(version).toBeGreaterThanOrEqual(before)
        expect(version).toBeLessThan((Date.now() + 1) * 1000)
        made.add(version % 1000)
      }
      expect(made.size).toBeGreaterThan(1)
    },
  },
  {
    promise: 'a value whose server comes back is checked like any other',
    check: async (cluster) => {
      const { key, tag } = twoValues(cluster)
      const [mine, theirs] = [cluster.process(), cluster.process()]
      await mine.pages.getOrSet(key, () => 'old', { tags: [tag] })
      await cluster.servers[0]!.takeAway()
      // Another server stands in for that of the value.
      await eventually(async () =>
        expect(await mine.pages.getOrSet(key, () => 'elsewhere', { tags: [tag] })).toBe('elsewhere'),
      )
      await mine.pages.invalidateTags(tag)
      expect(await mine.pages.get(key)).toBeUndefined()
      expect(await cluster.direct(0).has(`${PREFIX}v:${key}`)).toBe(true)
      await cluster.servers[0]!.releaseWinToken()
      for (const { pages } of [mine, theirs]) {
        await eventually(async () => expect(await pages.get(key)).toBeUndefined())
        expect(await pages.getOrSet(key, () => 'new', { tags: [tag] })).toBe('new')
      }
    },
  },
]

async function checkUnreadable(cluster: TagCluster, isFrozen: boolean): Promise<void> {
  const { key, tag, other, otherTag } = twoValues(cluster)
  const { pages } = cluster.process(isFrozen ? { timeoutMs: 300 } : {})
  await eventually(async () => expect(await pages.getOrSet(key, () => 'old', { tags: [tag] })).toBe('old'))
  await eventually(async () => expect(await pages.getOrSet(other, () => 'other', { tags: [otherTag] })).toBe('other'))
  if (isFrozen) cluster.servers[1]!.freeze()
  else await cluster.servers[1]!.takeAway()
  expect(await rejection(pages.get(key))).toBeInstanceOf(MemcacheError)
  expect(await rejection(pages.getOrSet(key, notCalled, { tags: [tag] }))).toBeInstanceOf(MemcacheError)
  expect(await rejection(pages.getOrSet(cluster.keyOn(2), notCalled, { tags: [tag] }))).toBeInstanceOf(MemcacheError)
  const error = await rejection(pages.getMany([key, other]))
  expect(error).toBeInstanceOf(BatchError)
  expect([...(error as BatchError).failed.keys()]).toEqual([key])
  expect((error as BatchError).found).toEqual(new Map([[other, 'other']]))
  expect(await pages.get(other)).toBe('other')
  if (isFrozen) cluster.servers[1]!.thaw()
  else await cluster.servers[1]!.releaseWinToken()
  await eventually(async () => expect(await pages.get(key)).toBe('old'))
}
