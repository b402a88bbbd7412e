import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import type { MemcacheOptions } from '../../../src/client/options.ts'
import type { MemcacheError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { FaultProxy } from '../../../src/testing/fault-proxy.ts'
import { messagesOf, tracesOf } from '../../support/channels.ts'
import { rejection, until } from '../../support/eventually.ts'
import { compareGolden } from '../../support/golden.ts'
import { patient } from '../../support/memcache-options.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

const ENDED = ['start', 'end', 'asyncStart', 'asyncEnd']
const FAILED = ['start', 'end', 'error', 'asyncStart', 'asyncEnd']

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

/** A context as JSON, without what differs from run to run. */
function show(context: object): string {
  return JSON.stringify({ ...context, ...('error' in context && { error: String(context.error).split(':')[0] }) })
    .replace(/"memlane-\d+"/, '"memlane-1"')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:11211')
    .replace(/"serverPort":\d+/, '"serverPort":11211')
    .replace(/"createTimeMs":[\d.]+/, '"createTimeMs":1.5')
    .replace(/"downMs":[\d.]+/, '"downMs":2100')
    .replace(/"bytesIn":\d+/, '"bytesIn":123')
    .replace(/"version":"[^"]+"/, '"version":"1.6.45"')
}

describe('memlane:connect, :connection:ready and :connection:closed', () => {
  it('tell of a connection from its attempt to its end', async () => {
    const server = await startServer()
    const attempts = tracesOf('memlane:connect')
    const ready = messagesOf('memlane:connection:ready')
    const closed = messagesOf('memlane:connection:closed')
    const cache = client(server.address)
    await cache.get('k')
    await cache.close()
    expect([...attempts.values()]).toEqual([ENDED])
    expect([...attempts.keys(), ...ready, ...closed].map(show)).toEqual(
      compareGolden('Connections', [...attempts.keys(), ...ready, ...closed].map(show)),
    )
  })

  it('count attempts that fail, each with its error', async () => {
    const attempts = tracesOf('memlane:connect')
    const closed = messagesOf('memlane:connection:closed')
    const cache = client('127.0.0.1:1')
    const first = await rejection(cache.connect())
    while (attempts.size < 2) await rejection(cache.connect())
    await until(() => closed.length === attempts.size, 'the second attempt ends')
    expect([...attempts.values()]).toEqual(Array.from(attempts, () => FAILED))
    expect([...attempts.keys()].slice(0, 2)).toMatchObject([
      { attempt: 1, server: '127.0.0.1:1', serverPort: 1, tls: false, error: { code: (first as MemcacheError).code } },
      { attempt: 2 },
    ])
    expect(closed[0]).toMatchObject({ reason: 'MEMLANE_CONNECT', wasConnected: false, pending: 0 })
    expect(attempts.keys().next().value).not.toHaveProperty('result')
  })

  it('say why a connection ends', async () => {
    const server = await startServer()
    await using proxy = await FaultProxy.start(server.address)
    const closed = messagesOf('memlane:connection:closed')
    await client(proxy.address, { idleTimeoutMs: 30 }).get('k')
    await until(() => closed.length === 1, 'the idle connection ends')
    const cache = client(proxy.address, { idleTimeoutMs: 0 })
    await cache.get('k')
    await cache.disconnect()
    await cache.get('k')
    proxy.reset()
    await until(() => closed.length === 3, 'the lost connection ends')
    expect(closed).toMatchObject(['idle', 'close', 'MEMLANE_CONNECTION_CLOSED'].map((reason) => ({ reason })))
  })
})

describe('memlane:batch', () => {
  it('tells of a write, from the write to its last reply', async () => {
    const server = await startServer()
    const cache = client(server.address)
    await cache.connect()
    const batches = tracesOf('memlane:batch')
    await Promise.all([cache.get('a'), cache.get('b'), cache.set('a', 'secret-value'), cache.has('a')])
    await cache.getMany(['a', 'b', 'c'])
    await cache.noreply.set('q', 1)
    await cache.get('q')
    const lines = [...batches.keys()].map(show)
    expect(lines).toEqual(compareGolden('Writes', lines))
    expect([...batches.values()]).toEqual(lines.map(() => ENDED))
  })

  it('fails what is unanswered when its connection ends', async () => {
    const server = await ScriptedServer.startReady((peer) => void peer.socket.resume())
    onTestFinished(() => server.close())
    const batches = tracesOf('memlane:batch')
    const cache = client(server.address)
    const calls = [cache.get('a'), cache.incr('b')]
    await until(() => batches.size === 1, 'a write')
    cache.destroy()
    await Promise.all(calls.map((call) => rejection(call)))
    expect([...batches.values()]).toEqual([FAILED])
    expect([...batches.keys()]).toMatchObject([{ commands: 2, reads: 1, firstCommand: 'get', bytesIn: 0 }])
    expect([...batches.keys()][0]).toHaveProperty('error.code', 'MEMLANE_CLOSED')
  })
})

describe('memlane:load', () => {
  it('tells of each call of a loader, and why it was called', async () => {
    const server = await startServer()
    const cache = client(server.address)
    const loads = tracesOf('memlane:load')
    await cache.getOrSet('user:1', () => 'secret-value')
    await cache.getOrSet('user:1', () => 'secret-value')
    await cache.getOrSetMany(['user:1', 'user:2', 'user:3'], (keys) => new Map(keys.map((key) => [key, 1])))
    await cache.invalidate('user:1', { staleFor: 60 })
    await cache.getOrSet('user:1', () => 2)
    await until(() => loads.size === 3, 'the value is loaded anew')
    await cache.set('user:4', 1, { ttl: 20 })
    await cache.getOrSet('user:4', () => 2, { refreshAhead: 60, ttl: 600 })
    await until(() => loads.size === 4, 'the value is loaded ahead')
    await cache.close()
    expect([...loads.values()]).toEqual([ENDED, ENDED, ENDED, ENDED])
    const lines = [...loads.keys()].map(show)
    expect(lines).toEqual(compareGolden('Loads', lines))
  })

  it('tells of loads that fail, and of loads without a cache', async () => {
    const loads = tracesOf('memlane:load')
    const cache = client('127.0.0.1:1', { failures: 'miss' })
    const error = new Error('no database')
    await expect(cache.getOrSet('k', () => Promise.reject(error))).rejects.toBe(error)
    await expect(cache.getOrSet('k', () => throwing(error))).rejects.toBe(error)
    expect([...loads.values()]).toEqual([FAILED, FAILED])
    expect([...loads.keys()]).toMatchObject([
      { keys: ['k'], reason: 'noCache', error },
      { keys: ['k'], reason: 'noCache', error },
    ])
  })

  it('carries what was bound at its start into the loader', async () => {
    const server = await startServer()
    const storage = new AsyncLocalStorage<unknown>()
    const { start } = tracingChannel('memlane:load')
    start.bindStore(storage, (context) => (context as { reason: string }).reason)
    onTestFinished(() => void start.unbindStore(storage))
    let seen: unknown
    await client(server.address).getOrSet('k', () => {
      seen = storage.getStore()
    })
    expect(seen).toBe('miss')
  })
})

describe('the channels of what happens', () => {
  it('tell of a server that is down and up again, of commands that go elsewhere, and of retries', async () => {
    const server = await startServer()
    const proxied = await startServer()
    const proxy = await FaultProxy.start(proxied.address)
    const names = ['server:down', 'server:up', 'retry', 'failover', 'error'] as const
    const [down, up, retry, failover, errors] = names.map((name) => messagesOf(`memlane:${name}`))
    const cache = client([server.address, proxy.address], {
      cluster: { failover: 'next' },
      retry: { attempts: 2 },
      failures: 'missReads',
    })
    const keys = Array.from({ length: 50 }, (_, at) => `k${at}`)
    const key = keys.find((one) => cache.serverFor(one)!.name === proxy.address)!
    await cache.get(key)
    await proxy.refuse()
    proxy.reset()
    while (down!.length === 0 || failover!.length === 0) await cache.get(key)
    expect(failover![0]).toEqual({ clientId: expect.any(String), key, from: proxy.address, to: server.address })
    await proxy.accept()
    await until(() => up!.length > 0, 'the server is back', 30_000)
    expect(down![0]).toMatchObject({ server: proxy.address, failures: expect.any(Number), error: expect.any(Error) })
    expect(up![0]).toMatchObject({ server: proxy.address, downMs: expect.any(Number), removedKeys: 0 })
    for (const message of retry!) expect(message).toMatchObject({ command: 'get', key, attempt: 2 })
    for (const message of errors!) expect(message).toHaveProperty('error')
    await proxy.close()
  })

  it('tell of absorbed failures and of replies that do not fit', async () => {
    const server = await ScriptedServer.startReady(async (peer) => {
      await peer.line()
      peer.reply('VALUE other 0 1\r\n1\r\nEND\r\n')
    })
    onTestFinished(() => server.close())
    const desync = messagesOf('memlane:desync')
    const errors = messagesOf('memlane:error')
    const cache = client(server.address, { failures: 'miss' })
    expect(await cache.get('k')).toBeUndefined()
    expect(desync).toMatchObject([{ server: server.address, error: { code: 'MEMLANE_PROTOCOL' } }])
    expect(errors).toMatchObject([{ server: server.address, error: { code: 'MEMLANE_PROTOCOL' } }])
  })
})

function throwing(error: Error): never {
  throw error
}
