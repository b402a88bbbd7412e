import { channel, tracingChannel } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { MemcacheOptions } from '../../src/client/options.ts'
import { instrumentMemlane } from '../../src/otel/instrument.ts'
import type { InstrumentOptions } from '../../src/otel/options.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { rejection } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'
import { type CollectedMetric, type FinishedSpan, startSdk } from './sdk.ts'

/** Stands for every value: none of it may be in a span or a metric. */
const SECRET = 'secret-value'
/** Begins every key. */
const KEY = 'private-key:'

async function start(options: InstrumentOptions = {}, clientOptions: MemcacheOptions = {}) {
  const sdk = startSdk()
  const { api, tracerProvider, meterProvider } = sdk
  const instrumented = instrumentMemlane({ api, tracerProvider, meterProvider, ...options })
  onTestFinished(() => instrumented[Symbol.dispose]())
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  const cache = new Memcache(server.address, { ...patient, ...clientOptions })
  onTestFinished(() => cache.destroy())
  const [host, port] = server.address.split(':')
  return { ...sdk, instrumented, server, cache, host, port: Number(port) }
}

function ofSpan({ name, attributes, status }: FinishedSpan) {
  const { 'server.address': _address, 'server.port': _port, 'memlane.client.id': _id, ...rest } = attributes
  return { name: name.replace(/ .*/, ''), ...rest, status: status.code }
}

const SYSTEM = { 'db.system.name': 'memcached' }

function reads(hits: number, misses: number): object {
  return { 'memlane.hits': hits, 'memlane.misses': misses }
}

function writes(stored: number, notStored: number): object {
  return { 'memlane.stored': stored, 'memlane.not_stored': notStored }
}

/** Attributes of the span of a call, and its status. */
function called(name: string, keys: number, rest: object): object {
  return { ...SYSTEM, name, 'db.operation.name': name, 'memlane.keys': keys, ...rest, status: 0 }
}

describe('the spans of instrumentMemlane', () => {
  it('are those of the semantic conventions', async () => {
    const { cache, spans, within, host, port } = await start()
    await within(async () => {
      await cache.set(`${KEY}1`, SECRET)
    })
    const [span] = spans()
    expect(span).toMatchObject({ name: `set ${host}:${port}`, kind: 2, status: { code: 0 } })
    expect(span!.attributes).toEqual({
      ...SYSTEM,
      'db.operation.name': 'set',
      'server.address': host,
      'server.port': port,
      'memlane.client.id': expect.stringMatching(/^memlane-\d+$/),
      'memlane.keys': 1,
      'memlane.stored': 1,
      'memlane.not_stored': 0,
    })
  })

  it('count keys by what came of them', async () => {
    const { cache, spans, within } = await start()
    await within(async () => {
      await cache.get(`${KEY}1`)
      await cache.add(`${KEY}1`, SECRET)
      await cache.get(`${KEY}1`)
      await cache.getMany([`${KEY}1`, `${KEY}2`, `${KEY}3`])
      await cache.delete(`${KEY}4`)
      await cache.noreply.setMany({ [`${KEY}5`]: 1, [`${KEY}6`]: 2 })
      await cache.version()
    })
    expect(spans().map(ofSpan)).toEqual([
      called('get', 1, { ...reads(0, 1), 'memlane.cache.hit': false }),
      called('add', 1, writes(1, 0)),
      called('get', 1, { ...reads(1, 0), 'memlane.cache.hit': true }),
      called('getMany', 3, { ...reads(1, 2), 'db.operation.batch.size': 3 }),
      called('delete', 1, writes(0, 1)),
      called('noreply.setMany', 2, { 'db.operation.batch.size': 2 }),
      called('version', 0, {}),
    ])
  })

  it('have the code of an error, and no message of it', async () => {
    const { cache, spans, within } = await start()
    await within(async () => {
      await rejection(cache.get(`${KEY}${'x'.repeat(300)}`))
      await rejection(cache.incr(`${KEY}1`, -1))
      await rejection(cache.getOrSet(`${KEY}2`, () => Promise.reject(new RangeError(SECRET))))
    })
    expect(spans().map((span) => [span.attributes['error.type'], span.status])).toEqual([
      ['MEMLANE_INVALID_INPUT', { code: 2 }],
      ['MEMLANE_INVALID_INPUT', { code: 2 }],
      ['RangeError', { code: 2 }],
    ])
  })

  it('show keys only if asked, as the caller wants them, and never values', async () => {
    const plain = await start()
    await plain.within(async () => {
      await plain.cache.set(`${KEY}1`, SECRET)
      await rejection(plain.cache.get(`${KEY}${'x'.repeat(300)}`))
    })
    expect(JSON.stringify(plain.spans().map(ofSpan))).not.toContain(KEY)
    plain.instrumented[Symbol.dispose]()

    const shown = await start({ keys: true })
    await shown.within(async () => {
      await shown.cache.set(`${KEY}1`, SECRET)
      await shown.cache.getMany(Array.from({ length: 25 }, (_, i) => `${KEY}${i}`))
      await rejection(shown.cache.get('x'.repeat(300)))
    })
    const [set, getMany, get] = shown.spans()
    expect(set!.attributes['db.query.text']).toBe(`set "${KEY}1"`)
    expect(getMany!.attributes['db.query.text']).toMatch(/^getMany "private-key:0" .* … 5 more$/)
    expect(get!.status.message).toContain('has 300 bytes')
    expect(JSON.stringify(shown.spans().map(ofSpan))).not.toContain(SECRET)
    shown.instrumented[Symbol.dispose]()

    const hashed = await start({ keys: () => '#' })
    await hashed.within(() => hashed.cache.get(`${KEY}1`))
    expect(hashed.spans()[0]!.attributes['db.query.text']).toBe('get #')
  })

  it('are children of the active span, and parents of what a loader begins', async () => {
    const { cache, spans, within, api, tracerProvider } = await start()
    await within(() =>
      cache.getOrSet(`${KEY}1`, () => {
        tracerProvider.getTracer('test').startSpan('query', {}, api.context.active()).end()
        return SECRET
      }),
    )
    const [query, getOrSet] = spans()
    expect([query!.name, getOrSet!.name.replace(/ .*/, '')]).toEqual(['query', 'getOrSet'])
    expect(query!.parentSpanContext?.spanId).toBe(getOrSet!.spanContext().spanId)
    expect(getOrSet!.parentSpanContext).toBeDefined()
  })

  it('are only made inside of another span, unless asked for', async () => {
    const { cache, spans, within, instrumented } = await start()
    await cache.get(`${KEY}1`)
    expect(spans()).toEqual([])
    await within(() => cache.get(`${KEY}1`))
    expect(spans()).toHaveLength(1)
    instrumented[Symbol.dispose]()

    const free = await start({ requireParentSpan: false })
    await free.cache.get(`${KEY}1`)
    expect(free.spans()).toHaveLength(1)
    expect(free.spans()[0]!.parentSpanContext).toBeUndefined()
  })

  it('end with the subscription, and are not made with `spans: off`', async () => {
    const { cache, spans, within, instrumented } = await start()
    instrumented[Symbol.dispose]()
    await within(() => cache.get(`${KEY}1`))
    expect(spans()).toEqual([])

    const off = await start({ spans: 'off' })
    await off.within(() => off.cache.get(`${KEY}1`))
    expect(off.spans()).toEqual([])
    expect((await off.metrics()).get('db.client.operation.duration')!.dataPoints).toHaveLength(1)
  })
})

describe('the metrics of instrumentMemlane', () => {
  it('are the duration of calls, and their keys by result', async () => {
    const { cache, metrics, host, port } = await start()
    await cache.set(`${KEY}1`, SECRET)
    await cache.getMany([`${KEY}1`, `${KEY}2`, `${KEY}3`])
    await rejection(cache.get(''))
    const collected = await metrics()
    const duration = collected.get('db.client.operation.duration')!
    const server = { 'server.address': host, 'server.port': port }
    expect(duration.descriptor.unit).toBe('s')
    expect(duration.dataPoints.map(({ attributes }) => attributes)).toEqual([
      { ...SYSTEM, 'db.operation.name': 'set', ...server },
      { ...SYSTEM, 'db.operation.name': 'getMany', ...server },
      { ...SYSTEM, 'db.operation.name': 'get', ...server, 'error.type': 'MEMLANE_INVALID_INPUT' },
    ])
    expect(duration.dataPoints[0]!.value).toMatchObject({
      count: 1,
      buckets: {
        boundaries: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      },
    })
    const keys = collected
      .get('memlane.client.keys')!
      .dataPoints.map(({ attributes, value }) => [attributes['db.operation.name'], attributes['memlane.result'], value])
    expect(keys).toEqual([
      ['set', 'stored', 1],
      ['getMany', 'hit', 1],
      ['getMany', 'miss', 2],
      ['get', 'failed', 1],
    ])
    expect(JSON.stringify([...collected.values()])).not.toMatch(/secret-value|private-key/)
  })
})

/** The samples of a counter, each as its attributes' values and its own, without what all have in common. */
function samplesOf(metric: CollectedMetric | undefined): unknown[] {
  return (metric?.dataPoints ?? []).map(({ attributes: { 'db.system.name': _system, ...rest }, value }) => [
    ...Object.values(rest),
    value,
  ])
}

describe('the metrics of connections, loads and failures', () => {
  it('count connections while they are open, and by the reason of their end', async () => {
    const { cache, metrics, server } = await start()
    await cache.connect()
    const open = await metrics()
    expect(samplesOf(open.get('db.client.connection.count'))).toEqual([[server.address, 'used', 1]])
    expect(open.get('db.client.connection.create_time')!.dataPoints[0]!.value).toMatchObject({ count: 1 })
    await cache.close()
    const closed = await metrics()
    expect(samplesOf(closed.get('db.client.connection.count'))).toEqual([[server.address, 'used', 0]])
    expect(samplesOf(closed.get('memlane.client.connections.closed'))).toEqual([[server.address, 'close', 1]])
  })

  it('do not count the end of connections that were opened before', async () => {
    const before = await start()
    before.instrumented[Symbol.dispose]()
    await before.cache.connect()
    const { api, tracerProvider, meterProvider, metrics } = startSdk()
    const instrumented = instrumentMemlane({ api, tracerProvider, meterProvider })
    onTestFinished(() => instrumented[Symbol.dispose]())
    await before.cache.close()
    expect(samplesOf((await metrics()).get('db.client.connection.count'))).toEqual([])
  })

  it('count loads by reason and outcome', async () => {
    const { cache, metrics } = await start()
    await cache.getOrSet(`${KEY}1`, () => SECRET)
    await cache.getOrSet(`${KEY}1`, () => SECRET)
    await rejection(cache.getOrSet(`${KEY}2`, () => Promise.reject(new Error(SECRET))))
    expect(samplesOf((await metrics()).get('memlane.client.loads'))).toEqual([
      ['miss', 'loaded', 1],
      ['miss', 'failed', 1],
    ])
  })

  it('count retries, failovers and servers that are down, as the channels tell them', async () => {
    const { metrics } = await start()
    channel('memlane:retry').publish({ command: 'get', key: KEY })
    channel('memlane:failover').publish({ key: KEY, from: 'a:1', to: 'b:2' })
    channel('memlane:server:down').publish({ server: 'a:1', failures: 3 })
    const collected = await metrics()
    expect(samplesOf(collected.get('memlane.client.retries'))).toEqual([['get', 1]])
    expect(samplesOf(collected.get('memlane.client.failovers'))).toEqual([['a:1', 'b:2', 1]])
    expect(samplesOf(collected.get('memlane.client.server.downs'))).toEqual([['a:1', 1]])
    expect(JSON.stringify([...collected.values()])).not.toContain(KEY)
  })
})

describe('the spans of writes', () => {
  it('are one for each write to a connection, without keys', async () => {
    const { cache, spans, server } = await start({ spans: 'batch', requireParentSpan: false })
    await cache.connect()
    const before = spans().length
    await cache.set(`${KEY}1`, SECRET)
    await Promise.all([cache.get(`${KEY}1`), cache.set(`${KEY}2`, SECRET)])
    const [set, both] = spans().slice(before)
    expect([set!.name, both!.name]).toEqual([expect.stringMatching(` ${server.address}$`), `BATCH ${server.address}`])
    expect(both!.attributes).toMatchObject({ 'db.operation.batch.size': 2, 'memlane.reads': 1 })
    for (const name of ['memlane.bytes_out', 'memlane.bytes_in']) expect(both!.attributes[name]).toBeGreaterThan(0)
    expect(JSON.stringify(spans().map(ofSpan))).not.toMatch(/secret-value|private-key/)
  })
})

describe('spans and metrics of a client with a login', () => {
  it.each(['command', 'batch'] as const)('have no credential, with `spans: %s`', async (granularity) => {
    const { api, tracerProvider, meterProvider, spans, metrics } = startSdk()
    const options = { api, tracerProvider, meterProvider, spans: granularity, requireParentSpan: false, keys: true }
    const instrumented = instrumentMemlane(options)
    onTestFinished(() => instrumented[Symbol.dispose]())
    const auth = { username: 'known-user', password: 'known-password' }
    const server = await MemcachedServer.start({ auth })
    onTestFinished(() => server.close())
    const cache = new Memcache(`memcached://known-user:known-password@${server.address}`, patient)
    onTestFinished(() => cache.destroy())
    const refused = new Memcache(server.address, { ...patient, auth: { ...auth, password: 'wrong-password' } })
    onTestFinished(() => refused.destroy())
    await cache.set('1', SECRET)
    await rejection(refused.get('1'))
    const all = JSON.stringify([
      spans().map(({ name, attributes, status }) => [name, attributes, status]),
      [...(await metrics()).values()],
    ])
    expect(all).toContain(server.address)
    expect(all).not.toMatch(/known-user|-password|secret-value/)
  })
})

describe('a call that ends before its method returns', () => {
  it('has one span and one measurement, as a call that ends later', async () => {
    const { spans, metrics } = await start({ requireParentSpan: false })
    const channels = tracingChannel<string, Record<string, unknown>>('memlane:command')
    for (const outcome of [{ result: 'hit' }, { error: new RangeError(SECRET) }]) {
      const context: Record<string, unknown> = { command: 'get', keys: [KEY], batchSize: 1, args: ['?'], clientId: 'c' }
      channels.start.publish(context)
      Object.assign(context, outcome)
      if ('error' in outcome) channels.error.publish(context)
      channels.end.publish(context)
      channels.asyncEnd.publish(context)
    }
    expect(spans().map(({ name, status }) => [name, status.code])).toEqual([
      ['get', 0],
      ['get', 2],
    ])
    const keys = (await metrics()).get('memlane.client.keys')
    expect(samplesOf(keys)).toEqual([
      ['get', 'hit', 1],
      ['get', 'failed', 1],
    ])
  })
})
