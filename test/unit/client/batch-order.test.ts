import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { type BatchError, OverloadedError, TimeoutError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { FaultProxy } from '../../../src/testing/fault-proxy.ts'
import { rejection } from '../../support/eventually.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'

let server: MemcachedServer

beforeAll(async () => {
  server = await MemcachedServer.start()
})

afterAll(() => server.close())

/** A client whose batches have at most 50 commands under way. */
function client(options: MemcacheOptions = {}, address = server.address): Memcache {
  const cache = new Memcache(address, { timeoutMs: 20_000, connectTimeoutMs: 20_000, maxPending: 100, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

function keysOf(name: string, count = 500): string[] {
  return Array.from({ length: count }, (_, at) => `${name}:${at}`)
}

function pairsOf(keys: readonly string[], value: unknown): [string, unknown][] {
  return keys.map((key) => [key, value])
}

describe.each(['meta', 'text'] as const)(
  'a call behind a batch that is larger than a window, protocol %s',
  (protocol) => {
    const all = keysOf(protocol)
    const last = all.at(-1)!

    it.each<[name: string, earlier: (cache: Memcache) => Promise<unknown>]>([
      ['setMany', (cache) => cache.setMany(pairsOf(all, 'earlier'))],
      ['addMany', (cache) => cache.addMany(pairsOf(all, 'earlier'))],
      ['deleteMany', (cache) => cache.deleteMany(all)],
      ['incrMany', (cache) => cache.incrMany(all).catch(() => undefined)],
      ['noreply.setMany', (cache) => cache.noreply.setMany(pairsOf(all, 'earlier'))],
      ['noreply.addMany', (cache) => cache.noreply.addMany(pairsOf(all, 'earlier'))],
      ['noreply.deleteMany', (cache) => cache.noreply.deleteMany(all)],
      [
        'setMany with compression',
        (cache) => cache.setMany(pairsOf(all, 'x'.repeat(300)), { compression: { minBytes: 1, asyncBytes: 1 } }),
      ],
    ])('%s comes last', async (_name, earlier) => {
      const cache = client({ protocol })
      await cache.deleteMany(all)
      const [, stored] = await Promise.all([earlier(cache), cache.set(last, 'later')])
      expect(stored).toBe(true)
      expect(await cache.get(last)).toBe('later')
      const [, noted, read] = await Promise.all([earlier(cache), cache.noreply.set(last, 'later'), cache.get(last)])
      expect([noted, read]).toEqual([undefined, 'later'])
    })

    it('sees what the batch wrote', async () => {
      const cache = client({ protocol })
      await cache.deleteMany(all)
      const outcomes = await Promise.all([
        cache.setMany(pairsOf(all, '7')),
        cache.get(last),
        cache.incr(last),
        cache.append(last, '0'),
        cache.getMany([last]),
        cache.delete(last),
        cache.deleteMany([last]),
      ])
      expect(outcomes).toEqual([[], '7', 8, true, new Map([[last, '80']]), true, 0])
    })

    it('comes after the batch in a namespace too', async () => {
      const cache = client({ protocol })
      for (const namespace of [cache.namespace('n:'), cache.namespace('g:', { generations: true })]) {
        const calls = [namespace.setMany(pairsOf(all, 'earlier')), namespace.set(last, 'later'), namespace.get(last)]
        expect((await Promise.all(calls)).at(-1)).toBe('later')
        expect(await namespace.get(last)).toBe('later')
      }
    })

    it('comes after several batches, whose keys may overlap in any order', async () => {
      const cache = client({ protocol, maxPending: 400 })
      const some = all.slice(100, 110)
      for (const keys of [all, all.toReversed(), [...all.slice(250), ...all.slice(0, 250)]]) {
        const calls = [cache.setMany(pairsOf(all, 'one')), cache.setMany(pairsOf(keys, 'two'))]
        const sets = Promise.allSettled(some.map((key) => cache.set(key, 'later')))
        expect(await Promise.all(calls)).toEqual([[], []])
        for (const [at, set] of (await sets).entries()) {
          // Two batches fill what the client takes at a time; what is refused was not stored.
          if (set.status === 'rejected') expect(set.reason).toBeInstanceOf(OverloadedError)
          expect(await cache.get(some[at]!)).toBe(set.status === 'rejected' ? 'two' : 'later')
        }
        const others = await cache.getMany(all.filter((key) => !some.includes(key)))
        expect(new Set(others.values())).toEqual(new Set(['two']))
      }
    })

    it('comes after each of the commands of a pipeline', async () => {
      const cache = client({ protocol, maxPending: 2000 })
      let pipeline: { run(): Promise<unknown> } = cache.pipeline()
      for (const key of all) pipeline = (pipeline as ReturnType<Memcache['pipeline']>).set(key, 'earlier')
      await Promise.all([pipeline.run(), cache.set(last, 'later')])
      expect(await cache.get(last)).toBe('later')
    })
  },
)

describe('a pipeline of MetaClient that is larger than a window', () => {
  it.each([false, true])('comes before later calls, and keeps its own order, quiet: %s', async (quiet) => {
    const meta = new MetaClient(server.address, { timeoutMs: 20_000, connectTimeoutMs: 20_000, maxPending: 100 })
    onTestFinished(() => meta.destroy())
    const keys = keysOf(`pipeline ${quiet}`.replace(' ', '-'), 300)
    let pipeline = meta.pipeline({ quiet: false })
    if (quiet) pipeline = meta.pipeline({ quiet: true }) as never
    for (const key of keys) pipeline = pipeline.set(key, 'one').set(key, 'two') as never
    const last = keys.at(-1)!
    const [, , read] = await Promise.all([pipeline.run(), meta.append(last, ' three'), meta.get(last)])
    expect(read).toMatchObject({ status: 'hit', value: 'two three' })
    expect(await meta.get(keys[200]!)).toMatchObject({ value: 'two' })
  })
})

async function frozen(options: MemcacheOptions = {}): Promise<{ cache: Memcache; proxy: FaultProxy }> {
  const proxy = await FaultProxy.start(server.address)
  onTestFinished(() => proxy.close())
  const cache = client(options, proxy.address)
  await cache.connect()
  proxy.freeze('toClient')
  return { cache, proxy }
}

describe('a batch that has not dispatched all of its commands', () => {
  const keys = keysOf('life')
  const last = keys.at(-1)!

  it('lets go of their keys when it is aborted', async () => {
    const { cache, proxy } = await frozen()
    const controller = new AbortController()
    const batch = cache.setMany(pairsOf(keys, 'earlier'), { signal: controller.signal })
    const later = cache.set(last, 'later')
    controller.abort(new Error('enough'))
    expect(await rejection(batch)).toMatchObject({ message: 'enough' })
    proxy.thaw()
    expect(await later).toBe(true)
    expect(await cache.get(last)).toBe('later')
  })

  it('settles with all that waits for it when its time is up', async () => {
    const { cache } = await frozen({ timeoutMs: 150 })
    const [batch, later] = await Promise.allSettled([cache.setMany(pairsOf(keys, 'earlier')), cache.set(last, 'later')])
    expect(batch).toMatchObject({ status: 'rejected' })
    const { failed } = (batch as PromiseRejectedResult).reason as BatchError
    expect([...failed.keys()]).toEqual(keys)
    expect(later).toMatchObject({ status: 'rejected' })
    expect((later as PromiseRejectedResult).reason).toBeInstanceOf(TimeoutError)
  })

  it('is finished by close, and so is what waits for it', async () => {
    const { cache, proxy } = await frozen()
    const calls = [cache.setMany(pairsOf(keys, 'earlier')), cache.append(last, ' later')]
    const closed = cache.close()
    const refused = cache.set(last, 'too late')
    expect(await rejection(refused)).toMatchObject({ code: 'MEMLANE_CLOSED' })
    proxy.thaw()
    expect(await Promise.all(calls)).toEqual([[], true])
    await closed
    expect(await client().get(last)).toBe('earlier later')
  })

  it('fails with all that waits for it when the client is destroyed', async () => {
    const { cache } = await frozen()
    const calls = [cache.setMany(pairsOf(keys, 'earlier')), cache.set(last, 'later'), cache.get(last)]
    const outcomes = Promise.allSettled(calls)
    cache.destroy()
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'MEMLANE_CLOSED' } })
  })

  it('bounds what waits for it by maxPending', async () => {
    const { cache, proxy } = await frozen()
    const batch = cache.setMany(pairsOf(keys, 'earlier'))
    const refused: unknown[] = []
    const waiting = Array.from({ length: 150 }, () => cache.get(last).catch((error: unknown) => refused.push(error)))
    await new Promise((resolve) => setImmediate(resolve))
    expect(refused).toHaveLength(50)
    for (const error of refused) expect(error).toBeInstanceOf(OverloadedError)
    proxy.thaw()
    expect(await batch).toEqual([])
    await Promise.all(waiting)
  })
})
