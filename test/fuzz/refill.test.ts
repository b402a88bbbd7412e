import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { executorOf, innerExecutorOf } from '../../src/client/executor-of.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { withFallback } from '../../src/middleware/fallback.ts'
import type { Executor } from '../../src/seam/executor.ts'
import { toMiddleware } from '../../src/seam/operation-view.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { createRandom } from '../../src/testing/random.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { SlowLines } from '../support/slow-lines.ts'
import { playRounds, timeout } from './seed.ts'

/** Courses of things to try; each seed gives another. */
const ROUNDS = 60

interface TestServer {
  readonly address: string
  readonly stop: () => Promise<unknown>
}

async function startEmbedded(): Promise<TestServer> {
  const server = await MemcachedServer.start()
  return { address: server.address, stop: () => server.close() }
}

const servers: readonly (readonly [name: string, start: () => Promise<TestServer>])[] = [
  ['the embedded server', startEmbedded],
  ['memcached 1.6.18', () => startMemcached()],
  ['memcached 1.6.45', () => startMemcached({ version: '1.6.45' })],
]

const targets = servers.flatMap(([name, start]) =>
  (['meta', 'text'] as const).map((protocol) => ({ name, start, protocol })),
)

/** Reads through the fallback. */
const reads: readonly (readonly [name: string, read: (cache: Memcache, key: string) => Promise<unknown>])[] = [
  ['get', (cache, key) => cache.get(key)],
  ['getMany', async (cache, key) => (await cache.getMany([key, `${key}:none`])).get(key)],
  ['gat', (cache, key) => cache.gat(key, 100)],
  ['gets', async (cache, key) => (await cache.gets(key))?.value],
  ['getOrSet', (cache, key) => cache.getOrSet(key, () => 'loaded')],
  ['get of a namespace', (cache, key) => cache.namespace(key.slice(0, 4)).get(key.slice(4))],
]

describe.each(targets)(
  'an older cluster whose items are copied, $name, the new cluster in $protocol',
  ({ start, protocol }) => {
    let started: TestServer[] = []
    let recent: Memcache
    let old: Memcache
    const options: MemcacheOptions = { timeoutMs: 20_000, connectTimeoutMs: 20_000 }

    beforeAll(async () => {
      started = await Promise.all([start(), start()])
      recent = new Memcache(started[0]!.address, { ...options, protocol: protocol === 'text' ? 'text' : 'auto' })
      old = new Memcache(started[1]!.address, options)
      await Promise.all([recent.connect(), old.connect()])
    })

    afterAll(async () => {
      recent.destroy()
      old.destroy()
      for (const server of started) await server.stop()
    })

    /** Two clusters of one client, with slow lines to both: the new one first, or, as long as that is not deployed, last. */
    function client(lines: SlowLines, first = recent, last = old): Memcache {
      const around = withFallback([lines.line(innerExecutorOf(last))], { refill: true })
      // Its own server is never asked: the line in between leads to the other client's.
      const middleware = [around, () => lines.line(innerExecutorOf(first))].map(toMiddleware)
      const cache = new Memcache(started[0]!.address, { ...options, middleware })
      onTestFinished(() => cache.destroy())
      return cache
    }

    const deletes: readonly (readonly [
      name: string,
      create: (lines: SlowLines, cache: Memcache) => (key: string) => Promise<unknown>,
    ])[] = [
      ['by the same client', (_lines, cache) => (key) => cache.delete(key)],
      ['by another client', (lines) => deleteBy(client(lines))],
      ['by a client with the clusters the other way round', (lines) => deleteBy(client(lines, old, recent))],
    ]

    describe.each(deletes)('a delete %s', (name, create) => {
      it.each(reads)('wins over %s, whatever arrives when', { timeout }, async (readName, read) => {
        const seen = new Set<unknown>()
        let random = createRandom(1)
        const lines = new SlowLines(() => random())
        const cache = client(lines)
        const remove = create(lines, cache)
        await playRounds(ROUNDS, async ({ seed: round, random: chance }) => {
          random = chance
          const key = `${readName.replaceAll(' ', '-')}:${name.length}:${round}`
          await old.set(key, 'old', { ttl: 100 })
          const [found, removed] = await lines.run([read(cache, key), lines.after(random() * 20, () => remove(key))])
          expect(removed).toEqual({ status: 'fulfilled', value: true })
          expect(found!.status).toBe('fulfilled')
          const left = [await recent.get(key), await old.get(key)]
          // A loader that began after the delete may store what it loaded.
          expect(left[0] === 'loaded' ? undefined : left[0], `the new cluster in round ${round}`).toBeUndefined()
          expect(left[1], `the old cluster in round ${round}`).toBeUndefined()
          seen.add((found as PromiseFulfilledResult<unknown>).value)
        })
        // The value was found, or the test claims nothing.
        expect(seen).toContain('old')
      })
    })

    it.each(reads)('copies by %s what nobody deletes', async (readName, read) => {
      const lines = new SlowLines(createRandom(7))
      const cache = client(lines)
      const key = `kept:${readName.replaceAll(' ', '-')}`
      await old.set(key, 'old', { ttl: 100 })
      await lines.run([read(cache, key), read(cache, key)])
      expect(await recent.get(key)).toBe('old')
    })

    it('loses to a store of another client, whatever arrives when', { timeout }, async () => {
      let random = createRandom(1)
      const lines = new SlowLines(() => random())
      const [cache, other] = [client(lines), client(lines)]
      await playRounds(ROUNDS, async ({ seed: round, random: chance }) => {
        random = chance
        await old.set(`set:${round}`, 'old', { ttl: 100 })
        const store = lines.after(random() * 16, () => other.set(`set:${round}`, 'new'))
        await lines.run([cache.get(`set:${round}`), store])
        expect(await recent.get(`set:${round}`)).toBe('new')
      })
    })

    it('leaves a counter to those who count meanwhile', { timeout }, async () => {
      let random = createRandom(1)
      const lines = new SlowLines(() => random())
      const [cache, other] = [client(lines), client(lines)]
      const seen = new Set<unknown>()
      await playRounds(ROUNDS, async ({ seed: round, random: chance }) => {
        random = chance
        await old.set(`count:${round}`, 5, { ttl: 100 })
        const count = lines.after(random() * 16, () => other.incr(`count:${round}`))
        const [, counted] = await lines.run([cache.get(`count:${round}`), count])
        // The counter is missing in the new cluster, or it has been copied; it is never refused as no number.
        expect(counted!.status).toBe('fulfilled')
        seen.add((counted as PromiseFulfilledResult<unknown>).value)
      })
      expect(seen).toEqual(new Set([undefined, 6]))
    })

    it('lets every reader see the value of the old cluster while it is being copied', { timeout }, async () => {
      let random = createRandom(1)
      const lines = new SlowLines(() => random())
      const caches = [client(lines), client(lines), client(lines)]
      await playRounds(ROUNDS, async ({ seed: round, random: chance }) => {
        random = chance
        const key = `seen:${round}`
        await old.set(key, 'old', { ttl: 100 })
        const calls = [caches[0]!.get(key), caches[1]!.get(key), caches[2]!.gets(key), caches[1]!.has(key)]
        const outcomes = await lines.run(calls)
        const values = outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason))
        expect(values.slice(0, 2)).toEqual(['old', 'old'])
        expect(values[2]).toMatchObject({ value: 'old' })
        expect(values[3]).toBe(true)
      })
    })

    it('leaves a placeholder that is a miss, also when another client has appended to it', async () => {
      const key = 'extended'
      await old.set(key, 'old', { ttl: 100 })
      await recent.add(key, '', { clientFlags: 0x6d6c6b01, ttl: 100 })
      expect(await recent.append(key, 'x')).toBe(true)
      const values = [recent.get(key), recent.gets(key), recent.gat(key, 100), recent.getMany([key])]
      expect(await Promise.all(values)).toEqual([undefined, undefined, undefined, new Map()])
      const lines = new SlowLines(createRandom(7))
      const [found] = await lines.run([client(lines).get(key)])
      expect(found).toEqual({ status: 'fulfilled', value: 'old' })
    })

    it('leaves a placeholder that is a miss, and that is gone soon, when the client dies', async () => {
      const key = 'orphan'
      await old.set(key, 'old', { ttl: 100 })
      const dying = new Memcache(started[0]!.address, {
        ...options,
        middleware: [
          toMiddleware(withFallback([diesAtCopy(innerExecutorOf(old))], { refill: true })),
          () => executorOf(recent),
        ],
      })
      expect(await dying.get(key)).toBe('old')
      dying.destroy()
      expect(await recent.get(key)).toBeUndefined()
      expect(await recent.has(key)).toBe(false)
      const meta = new Memcache(started[0]!.address, options)
      onTestFinished(() => meta.destroy())
      const line = String(await meta.rawCommand(`mg ${key} t f s`))
      expect(line).toMatch(/^HD t[1-5] f1835821825 s0\r\n$/)
    })
  },
)

/** What carries out the first read, and keeps silent at the next one, which is the copy's. */
function diesAtCopy(executor: Executor): Executor {
  let asked = 0
  return { dispatch: (operation) => (asked++ === 0 ? executor.dispatch(operation) : undefined) }
}

function deleteBy(cache: Memcache): (key: string) => Promise<unknown> {
  return (key) => cache.delete(key)
}
