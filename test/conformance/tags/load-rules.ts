import { expect } from 'vitest'
import { eventually, rejection } from '../../support/eventually.ts'
import { HeldLoad, notCalled } from '../../support/held-load.ts'
import { PREFIX, type Rule } from './cluster.ts'

const fails = (): Promise<never> => Promise.reject(new Error('no database'))

/** What is promised about loads. */
export const loadRules: readonly Rule[] = [
  {
    promise: 'an outdated value elects one caller of many processes, and the others wait for its value',
    check: async (cluster) => {
      const processes = Array.from({ length: 5 }, () => cluster.process().pages)
      for (const server of [0, 1, 2]) {
        const [key, tag] = [cluster.keyOn(server), cluster.tagOn((server + 1) % 3)]
        await processes[0]!.getOrSet(key, () => 'old', { tags: [tag] })
        await processes[1]!.invalidateTags(tag)
        const load = new HeldLoad('new')
        const calls = processes.flatMap((pages) => [0, 1, 2].map(() => pages.getOrSet(key, load.load, { tags: [tag] })))
        await load.started
        for (const pages of processes) expect(await pages.get(key)).toBeUndefined()
        load.finish()
        expect(await Promise.all(calls)).toEqual(calls.map(() => 'new'))
        expect(load.calls).toBe(1)
      }
    },
  },
  {
    promise: 'an outdated value is replaced by a placeholder in text mode, and marked stale in meta mode',
    check: async (cluster) => {
      const { cache, pages } = cluster.process()
      await pages.getOrSet('key', () => 'old', { tags: ['tag'] })
      await pages.invalidateTags('tag')
      const load = new HeldLoad('new')
      const loading = pages.getOrSet('key', load.load, { tags: ['tag'] })
      await load.started
      expect(await cache.has(`${PREFIX}v:key`)).toBe(cluster.protocol === 'meta')
      expect(await pages.get('key')).toBeUndefined()
      load.finish()
      await loading
    },
  },
  {
    promise: 'after the death of a process that loads, the others wait until its lease has run out',
    check: async (cluster) => {
      for (const isFirst of [true, false]) {
        const [dying, other] = [cluster.process(), cluster.process()]
        if (!isFirst) await other.pages.invalidateTags('tag')
        const load = new HeldLoad('never')
        const options = { tags: ['tag'], leaseTtl: 1 }
        const lost = rejection(dying.pages.getOrSet('key', load.load, options))
        await load.started
        // What a process that dies does not do: give back what it has won.
        dying.cache.destroy()
        await lost
        expect(await other.pages.getOrSet('key', () => 'loaded', options)).toBe('loaded')
        expect(await other.pages.get('key')).toBe('loaded')
      }
    },
  },
  {
    promise: 'the error of a loader is given to all that waited, and never the old value',
    check: async (cluster) => {
      const { pages } = cluster.process()
      await pages.getOrSet('key', () => 'old', { tags: ['tag'] })
      await pages.invalidateTags('tag')
      const failing = new HeldLoad('never')
      const load = (): Promise<string> => failing.load().then(fails)
      const calls = [0, 1, 2].map(() => rejection(pages.getOrSet('key', load, { tags: ['tag'] })))
      await failing.started
      expect(await pages.get('key')).toBeUndefined()
      failing.finish()
      for (const { message } of await Promise.all(calls)) expect(message).toBe('no database')
      expect(await pages.get('key')).toBeUndefined()
      expect(await pages.getOrSet('key', () => 'new', { tags: ['tag'], leaseTtl: 60 })).toBe('new')
    },
  },
  {
    promise: 'after a loader that failed, the waiters of another process load for themselves',
    check: async (cluster) => {
      const [mine, theirs] = [cluster.process().pages, cluster.process().pages]
      await mine.getOrSet('key', () => 'old', { tags: ['tag'] })
      await mine.invalidateTags('tag')
      const failing = new HeldLoad('never')
      const lost = rejection(mine.getOrSet('key', () => failing.load().then(fails), { tags: ['tag'], leaseTtl: 600 }))
      await failing.started
      const waiting = theirs.getOrSet('key', () => 'new', { tags: ['tag'], leaseTtl: 600 })
      failing.finish()
      expect((await lost).message).toBe('no database')
      expect(await waiting).toBe('new')
    },
  },
  {
    promise: 'staleOnError gives a value beyond its time only while none of its tags was invalidated',
    protocols: ['meta'],
    check: async (cluster) => {
      const { pages } = cluster.process()
      const tags = [0, 1, 2].map((at) => cluster.tagOn(at))
      const stale = { tags, ttl: 10, staleOnError: 100 }
      for (const tag of tags) {
        await pages.getOrSet('key', () => 'old', { tags, ttl: 50 })
        expect(await pages.getOrSet('key', fails, stale)).toBe('old')
        await pages.invalidateTags(tag)
        expect((await rejection(pages.getOrSet('key', fails, stale))).message).toBe('no database')
      }
    },
  },
  {
    promise: 'refreshAhead gives the value that is there only while none of its tags was invalidated',
    protocols: ['meta'],
    check: async (cluster) => {
      const { pages } = cluster.process()
      const ahead = { tags: [cluster.tagOn(0), cluster.tagOn(1)], ttl: 50, refreshAhead: 100 }
      expect(await pages.getOrSet('key', () => 'first', ahead)).toBe('first')
      expect(await pages.getOrSet('key', () => 'second', ahead)).toBe('first')
      await eventually(async () => expect(await pages.get('key')).toBe('second'))
      await pages.invalidateTags(ahead.tags[1]!)
      expect(await pages.getOrSet('key', () => 'third', ahead)).toBe('third')
    },
  },
  {
    promise: 'delete tells whether an item was there, and values without tags are never invalidated',
    check: async (cluster) => {
      const { pages } = cluster.process()
      await pages.getOrSet('key', () => 'value', { tags: [] })
      await pages.invalidateTags('tag')
      expect(await pages.getOrSet('key', notCalled, { tags: [] })).toBe('value')
      expect(await pages.delete('key')).toBe(true)
      expect(await pages.delete('key')).toBe(false)
      expect(await pages.get('key')).toBeUndefined()
    },
  },
]
