import { inspect } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Histogram } from '../../../src/client/latency.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import type { CallMetrics } from '../../../src/client/metrics.ts'
import type { MemcacheOptions } from '../../../src/client/options.ts'
import type { StandardSchema } from '../../../src/client/standard-schema.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { FaultProxy } from '../../../src/testing/fault-proxy.ts'
import { traced, tracesOf } from '../../support/channels.ts'
import { rejection, until } from '../../support/eventually.ts'
import { Gate } from '../../support/gate.ts'
import { patient } from '../../support/memcache-options.ts'
import { numberSchema } from '../../support/number-schema.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

async function startServer(): Promise<MemcachedServer> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return server
}

function client(address: string | readonly string[], options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(address, { ...patient, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

async function connect(options: MemcacheOptions = {}): Promise<Memcache> {
  return client((await startServer()).address, options)
}

/** The numbers of a row that are not 0. */
function row(numbers: CallMetrics | undefined): object {
  return Object.fromEntries(Object.entries(numbers ?? {}).filter(([, number]) => number !== 0))
}

function rows(cache: Memcache | MetaClient): Record<string, object> {
  return Object.fromEntries(Object.entries(cache.metrics().calls).map(([name, numbers]) => [name, row(numbers)]))
}

describe('the numbers of calls', () => {
  it('are those of the keys that the caller has seen', async () => {
    const cache = await connect()
    expect(cache.metrics().calls).toEqual({})
    await cache.set('a', 1)
    await cache.sets('a', 1)
    await cache.get('a')
    await cache.get('b')
    await cache.get('b', { default: 1 })
    await cache.has('a')
    await cache.getMany(['a', 'b', 'c', 'a'])
    await cache.setMany({ d: 1, e: 2 })
    await cache.addMany({ d: 1, f: 2 })
    await cache.delete('f')
    await cache.delete('f')
    await cache.deleteMany(['d', 'x'])
    await cache.touch('a', 60)
    await cache.incr('a')
    await cache.incr('x')
    await cache.incr('x', 1, { initial: 1 })
    await cache.incrMany(['a', 'y'])
    await cache.pop('e')
    await cache.pop('e')
    await cache.update('a', () => 5)
    await cache.update('a', () => undefined)
    await cache.noreply.set('q', 1)
    await cache.noreply.setMany({ q: 1, r: 2 })
    await cache.getsMany(['q', 'r'])
    await cache.cas('q', 1, 1n)
    await cache.version()
    expect(rows(cache)).toEqual({
      set: { calls: 1, keys: 1, stored: 1 },
      sets: { calls: 1, keys: 1, stored: 1 },
      get: { calls: 3, keys: 3, hits: 1, misses: 2 },
      has: { calls: 1, keys: 1, hits: 1 },
      getMany: { calls: 1, keys: 3, hits: 1, misses: 2 },
      setMany: { calls: 1, keys: 2, stored: 2 },
      addMany: { calls: 1, keys: 2, stored: 1, notStored: 1 },
      delete: { calls: 2, keys: 2, stored: 1, notStored: 1 },
      deleteMany: { calls: 1, keys: 2, stored: 1, notStored: 1 },
      touch: { calls: 1, keys: 1, stored: 1 },
      incr: { calls: 3, keys: 3, stored: 2, notStored: 1 },
      incrMany: { calls: 1, keys: 2, stored: 1, notStored: 1 },
      pop: { calls: 2, keys: 2, hits: 1, misses: 1 },
      update: { calls: 2, keys: 2, stored: 1, notStored: 1 },
      'noreply.set': { calls: 1, keys: 1 },
      'noreply.setMany': { calls: 1, keys: 2 },
      getsMany: { calls: 1, keys: 2, hits: 2 },
      cas: { calls: 1, keys: 1, notStored: 1 },
      version: { calls: 1 },
    })
    expect(cache.metrics().errors).toEqual({})
  })

  it('count a placeholder as a miss, whoever asks', async () => {
    for (const protocol of ['meta', 'text'] as const) {
      const cache = await connect({ protocol })
      const gate = new Gate()
      const loading = cache.getOrSet('k', () => gate.opened.then(() => 1))
      await until(() => cache.metrics().loads.count === 1, 'the loader is called')
      await cache.get('k')
      await cache.gets('k')
      await cache.getMany(['k', 'other'])
      gate.open()
      await loading
      await cache.get('k')
      expect(rows(cache)).toEqual({
        getOrSet: { calls: 1, keys: 1, misses: 1 },
        get: { calls: 2, keys: 2, hits: 1, misses: 1 },
        gets: { calls: 1, keys: 1, misses: 1 },
        getMany: { calls: 1, keys: 2, misses: 2 },
      })
    }
  })

  it('count getOrSet by its first look, and what is loaded by its reason', async () => {
    const cache = await connect()
    await Promise.all([cache.getOrSet('k', () => 1), cache.getOrSet('k', () => 2)])
    await cache.getOrSet('k', () => 3)
    await expect(cache.getOrSet('x', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await cache.getOrSetMany(['k', 'l', 'm'], loadOnes)
    expect(rows(cache)).toEqual({
      getOrSet: { calls: 4, keys: 4, hits: 1, misses: 3 },
      getOrSetMany: { calls: 1, keys: 3, hits: 1, misses: 2 },
    })
    expect(cache.metrics().loads).toEqual({
      count: 3,
      failed: 1,
      shared: 1,
      reasons: { miss: 3, stale: 0, refreshAhead: 0, leaseLost: 0, noCache: 0 },
    })
  })

  it('count what fails, by its error as well', async () => {
    const cache = await connect({ maxItemBytes: 100 })
    await cache.set('text', 'x')
    await rejection(cache.incr('text'))
    await rejection(cache.incr('text', 1, { initial: 1 }))
    await rejection(cache.set('k', 'x'.repeat(101)))
    await rejection(cache.get(''))
    await rejection(cache.get('k', { timeoutMs: -1 }))
    await rejection(cache.get('k', { signal: AbortSignal.abort() }))
    await rejection(cache.getMany(['a', 'b'], { signal: AbortSignal.abort() }))
    await rejection(cache.setMany({ a: 1, b: 'x'.repeat(101) }))
    await rejection(cache.getOrSet('k', 1 as never))
    await rejection(cache.noreply.set('', 1))
    await rejection(cache.rawCommand(''))
    await rejection(cache.pop('k', { attempts: 0 }))
    expect(rows(cache)).toEqual({
      set: { calls: 2, keys: 2, stored: 1, failed: 1 },
      incr: { calls: 2, keys: 2, failed: 2 },
      get: { calls: 3, keys: 3, failed: 3 },
      getMany: { calls: 1, keys: 2, failed: 2 },
      setMany: { calls: 1, keys: 2, stored: 1, failed: 1 },
      getOrSet: { calls: 1, keys: 1, failed: 1 },
      'noreply.set': { calls: 1, keys: 1, failed: 1 },
      rawCommand: { calls: 1, failed: 1 },
      pop: { calls: 1, keys: 1, failed: 1 },
    })
    expect(cache.metrics().errors).toEqual({
      MEMLANE_CLIENT_ERROR: 2,
      MEMLANE_VALUE_TOO_LARGE: 2,
      MEMLANE_INVALID_INPUT: 6,
      OTHER: 3,
    })
  })

  it('count a failure that is absorbed as the miss that the caller sees', async () => {
    const cache = client('127.0.0.1:1', { failures: 'miss' })
    await cache.get('k')
    await cache.get('k', { default: 1 })
    await cache.set('k', 1)
    await cache.getMany(['a', 'b'])
    await cache.deleteMany(['a', 'b', 'c'])
    await cache.incr('k')
    await cache.incr('k', 1, { initial: 1 })
    await cache.getOrSet('k', () => 1)
    await cache.getOrSetMany(['k', 'l'], () => new Map())
    await rejection(cache.cas('k', 1, 1n))
    expect(rows(cache)).toEqual({
      get: { calls: 2, keys: 2, misses: 2, absorbed: 2 },
      set: { calls: 1, keys: 1, notStored: 1, absorbed: 1 },
      getMany: { calls: 1, keys: 2, misses: 2, absorbed: 2 },
      deleteMany: { calls: 1, keys: 3, notStored: 3, absorbed: 3 },
      incr: { calls: 2, keys: 2, notStored: 2, absorbed: 2 },
      getOrSet: { calls: 1, keys: 1, misses: 1, absorbed: 1 },
      getOrSetMany: { calls: 1, keys: 2, misses: 2, absorbed: 2 },
      cas: { calls: 1, keys: 1, failed: 1 },
    })
    const errors = Object.values(cache.metrics().errors).reduce((sum, keys) => sum + keys, 0)
    expect(errors).toBe(14)
  })

  it('count a value that does not fit a schema as a miss', async () => {
    const cache = await connect()
    const numbers = cache.namespace('n:', { schema: numberSchema })
    await cache.setMany({ 'n:a': 1, 'n:b': 'text', 'n:c': 2 })
    await numbers.get('a')
    await numbers.get('b')
    await numbers.getMany(['a', 'b', 'c', 'd'])
    await numbers.pop('b')
    await numbers.getOrSet('e', () => 1)
    const { get, getMany, pop, getOrSet } = rows(cache)
    expect({ get, getMany, pop, getOrSet }).toEqual({
      get: { calls: 2, keys: 2, hits: 1, misses: 1 },
      getMany: { calls: 1, keys: 4, hits: 2, misses: 2 },
      pop: { calls: 1, keys: 1, misses: 1 },
      getOrSet: { calls: 1, keys: 1, misses: 1 },
    })
  })

  it('count a call on a namespace once, also where the generation is read again', async () => {
    const cache = await connect()
    const cleared = cache.namespace('n:', { generations: { refreshMs: 0 } })
    await cleared.set('a', 1)
    await cleared.get('a')
    await cleared.getMany(['a', 'b'])
    await cleared.incr('c', 1, { initial: 1 })
    await cleared.getOrSet('d', () => 1)
    await cleared.noreply.set('e', 1)
    await cleared.clear()
    await cleared.get('a')
    expect(rows(cache)).toEqual({
      set: { calls: 1, keys: 1, stored: 1 },
      get: { calls: 2, keys: 2, hits: 1, misses: 1 },
      getMany: { calls: 1, keys: 2, hits: 1, misses: 1 },
      incr: { calls: 1, keys: 1, stored: 1 },
      getOrSet: { calls: 1, keys: 1, misses: 1 },
      'noreply.set': { calls: 1, keys: 1 },
      clear: { calls: 1 },
    })
  })

  it('count an abort that comes while a value is being decompressed as a failure', async () => {
    const cache = await connect({ compression: { asyncBytes: 1 } })
    await cache.set('k', 'x'.repeat(100_000))
    const controller = new AbortController()
    const calls = [cache.get('k', { signal: controller.signal }), cache.get('k')]
    // The reply has come, and the value is with the thread pool.
    traced('memlane:batch', { asyncEnd: () => controller.abort() })
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(rows(cache)['get']).toEqual({ calls: 2, keys: 2, hits: 1, failed: 1 })
  })

  it('are the same where a channel is told of the calls', async () => {
    const cache = await connect()
    tracesOf('memlane:command')
    await cache.set('a', 1)
    await cache.get('a')
    await cache.getMany(['a', 'b'])
    await rejection(cache.get(''))
    await cache.pipeline().get('a').get('b').run()
    expect(rows(cache)).toEqual({
      set: { calls: 1, keys: 1, stored: 1 },
      get: { calls: 4, keys: 4, hits: 2, misses: 1, failed: 1 },
      getMany: { calls: 1, keys: 2, hits: 1, misses: 1 },
    })
  })

  it('are those of a meta client and its pipelines too', async () => {
    const server = await startServer()
    const meta = new MetaClient(server.address, patient)
    onTestFinished(() => meta.destroy())
    await meta.set('a', 1)
    await meta.get('a')
    await meta.pipeline().get('a').get('b').add('a', 1).incr('x').run()
    await meta.pipeline({ quiet: true }).set('c', 1).get('d').run()
    await meta.noop()
    expect(rows(meta)).toEqual({
      set: { calls: 2, keys: 2, stored: 2 },
      get: { calls: 4, keys: 4, hits: 2, misses: 2 },
      add: { calls: 1, keys: 1, notStored: 1 },
      incr: { calls: 1, keys: 1, notStored: 1 },
      noop: { calls: 1 },
    })
  })

  it('begin anew with resetMetrics, and are not counted with metrics: false', async () => {
    const cache = await connect()
    await cache.get('a')
    const before = cache.metrics()
    cache.resetMetrics()
    expect(before.calls.get!.calls).toBe(1)
    expect(cache.metrics()).toMatchObject({ calls: {}, latency: { count: 0, max: 0 }, writes: { written: 0 } })
    expect(cache.metrics().since >= before.since).toBe(true)
    await cache.get('a')
    expect(rows(cache)).toEqual({ get: { calls: 1, keys: 1, misses: 1 } })
    expect(cache.metrics().writes.written).toBe(1)
    const silent = await connect({ metrics: false })
    await silent.get('a')
    await silent.getMany(['a'])
    await rejection(silent.incr(''))
    await Promise.all([silent.getOrSet('new', () => 1), silent.getOrSet('new', () => 1)])
    expect(silent.metrics()).toMatchObject({ calls: {}, errors: {}, latency: { count: 0 }, writes: { written: 0 } })
    expect(silent.metrics().loads).toMatchObject({ reasons: { miss: 0 }, failed: 0, shared: 0 })
  })

  it('leave a hit alone that was counted before resetMetrics, when a schema refuses it afterwards', async () => {
    const cache = await connect()
    const gate = new Gate()
    const validate = async (value: unknown): Promise<{ issues: { message: string }[] } | { value: number }> => {
      await gate.opened
      if (value === 'broken') throw new Error('by the schema')
      return { issues: [{ message: 'never fits' }] }
    }
    const schema: StandardSchema<number> = { '~standard': { version: 1, vendor: 'by hand', validate } }
    await cache.setMany({ 'n:a': 1, 'n:b': 'broken', 'n:c': 3 })
    const numbers = cache.namespace('n:', { schema })
    const reads = [numbers.get('a'), numbers.get('b').catch(() => 'failed'), numbers.getMany(['a', 'c'])]
    const hits = (name: 'get' | 'getMany'): number => cache.metrics().calls[name]?.hits ?? 0
    await until(() => hits('get') === 2 && hits('getMany') === 2, 'the hits are counted')
    cache.resetMetrics()
    gate.open()
    expect(await Promise.all(reads)).toEqual([undefined, 'failed', new Map()])
    await Promise.all([cache.get('n:a'), cache.getMany(['n:a', 'n:c'])])
    expect(rows(cache)).toEqual({
      get: { calls: 1, keys: 1, hits: 1 },
      getMany: { calls: 1, keys: 2, hits: 2 },
    })
    expect(cache.metrics().errors).toEqual({})
  })

  it('count a key that a batch has twice, and that fails, as two failures', async () => {
    const closed = client('127.0.0.1:1')
    await rejection(
      closed.setMany([
        ['a', 1],
        ['a', 2],
        ['b', 1],
      ]),
    )
    expect(rows(closed)).toEqual({ setMany: { calls: 1, keys: 3, failed: 3 } })
    const absorbing = client('127.0.0.1:1', { failures: 'miss' })
    expect(
      await absorbing.setMany([
        ['a', 1],
        ['a', 2],
        ['b', 1],
      ]),
    ).toEqual(['a', 'b'])
    expect(rows(absorbing)).toEqual({ setMany: { calls: 1, keys: 3, notStored: 3, absorbed: 3 } })
  })
})

describe('the numbers of traffic', () => {
  it('count writes, commands, coalesced reads, bytes and connections', async () => {
    const server = await startServer()
    const cache = client(server.address)
    await cache.connect()
    await Promise.all([cache.get('a'), cache.get('b'), cache.get('c'), cache.set('a', 1)])
    await cache.getMany(['a', 'b', 'c'])
    const { writes, latency, servers } = cache.metrics()
    expect(writes).toEqual({ written: 2, commandsPerWrite: 3.5, mostCommands: 4, coalescedReads: 4 })
    expect(latency.count).toBe(7)
    expect(latency.p50 <= latency.p99 && latency.p99 <= latency.max && latency.max > 0).toBe(true)
    const { bytesIn, bytesOut, ...rest } = servers[server.address]!
    expect([bytesIn, bytesOut].every((bytes) => bytes > 20)).toBe(true)
    expect(rest).toEqual({
      state: 'up',
      pending: 0,
      connections: 1,
      opened: 1,
      connectFailures: 0,
      closed: {},
      latency,
      failovers: 0,
      downs: 0,
      downMs: 0,
    })
    await cache.disconnect()
    await cache.get('a')
    expect(cache.metrics().servers[server.address]).toMatchObject({ opened: 2, connections: 1, closed: { close: 1 } })
  })

  it('count failovers, downs and attempts that fail', async () => {
    const server = await startServer()
    const proxy = await FaultProxy.start((await startServer()).address)
    onTestFinished(() => proxy.close())
    const cache = client([server.address, proxy.address], { cluster: { failover: 'next' } })
    const keys = Array.from({ length: 50 }, (_, at) => `k${at}`)
    const key = keys.find((one) => cache.serverFor(one)!.name === proxy.address)!
    await cache.get(key)
    await proxy.refuse()
    proxy.reset()
    while ((cache.metrics().servers[proxy.address]?.downs ?? 0) === 0) await cache.get(key).catch(() => undefined)
    await cache.get(key)
    const { failovers, servers } = cache.metrics()
    expect(failovers).toBeGreaterThan(0)
    expect(servers[proxy.address]).toMatchObject({ failovers, downs: 1, opened: 1 })
    expect(servers[proxy.address]!.connectFailures).toBeGreaterThan(0)
    expect(servers[proxy.address]!.state).not.toBe('up')
  })

  it('count retries and connections out of step', async () => {
    const server = await ScriptedServer.startReady(async (peer, index) => {
      await peer.line()
      peer.reply(index === 0 ? 'VALUE other 0 1\r\n1\r\nEND\r\n' : 'END\r\n')
    })
    onTestFinished(() => server.close())
    const cache = client(server.address, { retry: { attempts: 2 } })
    await cache.get('k')
    const { retries, desyncs, calls, servers } = cache.metrics()
    expect({ retries, desyncs }).toEqual({ retries: 1, desyncs: 1 })
    expect(row(calls.get)).toEqual({ calls: 1, keys: 1, misses: 1 })
    expect(servers[server.address]!.closed).toEqual({ MEMLANE_PROTOCOL: 1 })
  })

  it('are shown as a table', async () => {
    const cache = await connect()
    await cache.set('a', 1)
    await cache.getMany(['a', 'b'])
    const text = inspect(cache.metrics())
    expect(text).toMatch(/^since .*\ncall +calls +keys +hits +misses +stored +notStored +failed +absorbed\n/)
    expect(text).toMatch(/\ngetMany +1 +2 +1 +1 +0 +0 +0 +0\n/)
    expect(text).toContain('\nwrites: written 2, commandsPerWrite 1.5, mostCommands 2, coalescedReads 1\n')
    expect(JSON.parse(JSON.stringify(cache.metrics()))).toMatchObject({ calls: { set: { stored: 1 } } })
  })
})

describe('the histogram of latencies', () => {
  it('gives quantiles at most 1.6 % above the real ones, and never below', () => {
    const histogram = new Histogram()
    const times = Array.from({ length: 20_000 }, (_, at) => (1 + ((at * 7919) % 20_000)) ** 1.7 / 1000)
    for (const time of times) histogram.record(time, 1)
    const sorted = times.toSorted((a, b) => a - b)
    for (const part of [0.01, 0.5, 0.9, 0.99, 0.999, 1]) {
      const exact = Math.round(sorted[Math.ceil(part * sorted.length) - 1]! * 1000) / 1000
      const found = histogram.quantileMs(part)
      expect(found).toBeGreaterThanOrEqual(exact)
      expect(found).toBeLessThanOrEqual(exact * 1.016 + 0.001)
    }
    expect(histogram.count).toBe(20_000)
  })

  it('takes any time, and has no quantile without one', () => {
    const histogram = new Histogram()
    expect([histogram.quantileMs(0.5), histogram.maxMs, histogram.count]).toEqual([0, 0, 0])
    for (const time of [-1, 0, 1e-9, 0.127, 0.128, 1e9, Number.POSITIVE_INFINITY]) histogram.record(time, 2)
    expect(histogram.count).toBe(14)
    expect(histogram.quantileMs(0.01)).toBe(0)
    expect(histogram.maxMs).toBe((2 ** 26 - 1) / 1000)
    expect(histogram.quantileMs(1)).toBe(histogram.maxMs)
  })
})

function loadOnes(keys: string[]): Map<string, number> {
  return new Map(keys.map((key) => [key, 1]))
}
