import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import type { MemcacheOptions } from '../../../src/client/options.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { traced, tracesOf } from '../../support/channels.ts'
import { compareGolden } from '../../support/golden.ts'
import { patient } from '../../support/memcache-options.ts'

/** Stands for every value that is stored: none of it may be in a context. */
const SECRET = 'secret-value'

async function startServer(): Promise<MemcachedServer> {
  const server = await MemcachedServer.start()
  onTestFinished(() => server.close())
  return server
}

async function connect(options: MemcacheOptions = {}): Promise<{ cache: Memcache; server: MemcachedServer }> {
  const server = await startServer()
  const cache = new Memcache(server.address, { ...patient, ...options })
  onTestFinished(() => cache.destroy())
  return { cache, server }
}

/** A context as JSON; the port and the number of the client differ from run to run. */
function show(context: object): string {
  return JSON.stringify(context)
    .replace(/"memlane-\d+"/, '"memlane-1"')
    .replace(/"serverPort":\d+/, '"serverPort":11211')
}

/** Makes every call once or more; the order is that of docs/observability.md. */
async function callAll(cache: Memcache): Promise<void> {
  await cache.set('user:1', SECRET)
  await cache.get('user:1')
  await cache.get('user:2')
  await cache.get('user:2', { default: SECRET })
  const { cas } = (await cache.gets('user:1'))!
  await cache.gat('user:1', 60)
  await cache.gats('user:1', 60)
  await cache.has('user:1')
  await cache.inspect('user:1')
  await cache.getMany(['user:1', 'user:2'])
  await cache.getsMany(new Set(['user:1', 'user:2']))
  await cache.add('user:1', SECRET)
  await cache.replace('user:2', SECRET)
  await cache.append('log', SECRET)
  await cache.prepend('log', SECRET)
  await cache.cas('user:1', SECRET, cas)
  await cache.cas('user:1', SECRET, cas)
  await cache.cas('user:2', SECRET, 1n)
  await cache.setMany(
    new Map([
      ['a', SECRET],
      ['b', SECRET],
    ]),
  )
  await cache.addMany({ b: SECRET, c: SECRET })
  await cache.touch('user:1', 60)
  await cache.touch('user:2', 60)
  await cache.invalidate('user:1', { staleFor: 60 })
  await cache.incr('visits')
  await cache.incr('visits', 1, { initial: 1 })
  await cache.decr('visits')
  await cache.incrMany(['visits', 'missing'])
  await cache.getOrSet('user:3', () => SECRET)
  await cache.getOrSet('user:3', () => SECRET)
  await cache.getOrSetMany(['user:3', 'user:4'], () => new Map([['user:4', SECRET]]))
  await cache.update('user:3', () => SECRET)
  await cache.update('user:3', () => undefined)
  await cache.pop('user:3')
  await cache.pop('user:3')
  await cache.delete('user:4')
  await cache.delete('user:4')
  await cache.deleteMany(['a', 'missing'])
  await cache.noreply.set('user:5', SECRET)
  await cache.noreply.setMany({ a: SECRET, b: SECRET })
  await cache.noreply.deleteMany(['a', 'b'])
  const users = cache.namespace('user:')
  await users.get('5')
  await users.set('6', SECRET)
  await users.getMany(['5', '7'])
  await users.getOrSet('6', () => SECRET)
  await cache.version()
  await cache.flushAll()
}

describe('memlane:command', () => {
  it('carries what docs/observability.md says, for every call, and no value', async () => {
    const { cache } = await connect()
    await cache.connect()
    const traces = tracesOf('memlane:command')
    await callAll(cache)
    const lines = [...traces.keys()].map(show)
    expect(lines).toEqual(compareGolden('Contexts of commands', lines))
    expect(lines.join('\n')).not.toContain(SECRET)
  })

  it('goes through start, end, asyncStart and asyncEnd, with error in the middle where a call fails', async () => {
    const { cache } = await connect()
    const traces = tracesOf('memlane:command')
    await callAll(cache)
    for (const events of traces.values()) expect(events).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    traces.clear()
    await expect(cache.get('')).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.set('k', 1, { ttl: -1 })).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.getMany(5 as never)).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.getOrSet('k', 1 as never)).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.incr('k', -1)).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.noreply.set('', 1)).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.namespace('n').getMany(5 as never)).rejects.toBeInstanceOf(InvalidInputError)
    await expect(cache.get('k', { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
    expect([...traces.values()]).toEqual(
      Array.from({ length: 8 }, () => ['start', 'end', 'error', 'asyncStart', 'asyncEnd']),
    )
    for (const context of traces.keys()) expect(context).not.toHaveProperty('result')
  })

  it('has no error where a call succeeds, and the error that the call rejects with where it fails', async () => {
    const { cache } = await connect()
    await cache.set('k', 'text')
    const traces = tracesOf('memlane:command')
    const error: unknown = await cache.incr('k').catch((reason: unknown) => reason)
    expect([...traces.keys()]).toEqual([
      expect.objectContaining({ command: 'incr', error, serverAddress: '127.0.0.1' }),
    ])
  })

  it('is one call where commands are repeated for it', async () => {
    const { cache } = await connect()
    const traces = tracesOf('memlane:command')
    await cache.set('n', 1)
    await cache.update<number>('n', (n = 0) => n + 1)
    await cache.pop('n')
    await cache.incr('c', 1, { initial: 1 })
    await cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, 1])))
    expect(Array.from(traces.keys(), (context) => (context as { command: string }).command)).toEqual([
      'set',
      'update',
      'pop',
      'incr',
      'getOrSetMany',
    ])
  })

  it('tells of an absorbed failure as of a miss', async () => {
    const cache = new Memcache('127.0.0.1:1', { ...patient, failures: 'miss' })
    onTestFinished(() => cache.destroy())
    const traces = tracesOf('memlane:command')
    await cache.get('k')
    await cache.set('k', 1)
    await cache.getMany(['a', 'b'])
    const results = Array.from(traces.keys(), (context) => (context as { result: unknown }).result)
    expect(results).toEqual(['miss', 'notStored', { hits: 0, misses: 2 }])
  })

  it('leaves what was found out of the error of a batch', async () => {
    const server = await startServer()
    const cache = new Memcache([server.address, '127.0.0.1:1'], { ...patient, cluster: { failover: 'none' } })
    onTestFinished(() => cache.destroy())
    const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
    const home = keys.filter((key) => cache.serverFor(key)!.index === 0)
    await cache.setMany(home.map((key) => [key, SECRET] as const))
    const traces = tracesOf('memlane:command')
    const error = (await cache.getMany(keys).catch((reason: unknown) => reason)) as { found: Map<string, string> }
    expect([...error.found.keys()]).toEqual(home)
    const [context] = [...traces.keys()] as [{ error: { found: Map<string, string>; failed: Map<string, unknown> } }]
    expect(context.error.found.size).toBe(0)
    expect(context.error.failed.size).toBe(keys.length - home.length)
  })

  it('carries what was bound at its start into the loader and the serde', async () => {
    const seen: unknown[] = []
    const storage = new AsyncLocalStorage<string>()
    const look = <T>(value: T): T => {
      seen.push(storage.getStore())
      return value
    }
    const serde = {
      serialize: (value: unknown) => look({ data: String(value), clientFlags: 0 }),
      deserialize: (data: Uint8Array) => String(data),
    }
    const { cache } = await connect({ serde })
    const { start } = tracingChannel('memlane:command')
    start.bindStore(storage, (context) => (context as { command: string }).command)
    onTestFinished(() => void start.unbindStore(storage))
    await cache.set('k', 1)
    await cache.getOrSet('other', () => look(1))
    expect(seen).toEqual(['set', 'getOrSet', 'getOrSet'])
  })

  it('tells of the commands of a meta client, and of each command of its pipelines', async () => {
    const server = await startServer()
    const meta = new MetaClient(server.address, patient)
    onTestFinished(() => meta.destroy())
    const traces = tracesOf('memlane:command')
    await meta.set('k', SECRET)
    await meta.execute({ command: 'mg', key: 'k' })
    await meta.pipeline().get('k').get('missing').incr('k').run()
    const told = Array.from(traces, ([context, events]) => [
      ...['command', 'keys', 'result', 'error'].map((field) => (context as Record<string, unknown>)[field]),
      events.join(),
    ])
    const ended = 'start,end,asyncStart,asyncEnd'
    expect(told).toEqual([
      ['set', ['k'], 'stored', undefined, ended],
      ['execute', ['k'], 'hit', undefined, ended],
      ['get', ['k'], 'hit', undefined, ended],
      ['get', ['missing'], 'miss', undefined, ended],
      ['incr', ['k'], undefined, expect.any(Error), 'start,end,error,asyncStart,asyncEnd'],
    ])
  })

  it('ends before the caller goes on', async () => {
    const { cache } = await connect()
    const order: string[] = []
    traced('memlane:command', { asyncEnd: () => void order.push('asyncEnd') })
    await cache.get('k').then(() => order.push('caller'))
    await cache.getMany(['k']).then(() => order.push('caller'))
    expect(order).toEqual(['asyncEnd', 'caller', 'asyncEnd', 'caller'])
  })
})
