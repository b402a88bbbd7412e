import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BentoCache, bentostore } from 'bentocache'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type BentocacheOptions, bentocacheDriver as memlaneDriver } from '../../src/adapters/bentocache.ts'
import type { CacheOrServers } from '../../src/adapters/host-client.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { deadAddress } from './support/dead-server.ts'
import { targets } from './support/servers.ts'
import { openCache, startCache } from './support/start.ts'

/** Opens a BentoCache with one store, which ends with the test. It goes on where the second layer fails. */
function open(cache: CacheOrServers, options?: BentocacheOptions) {
  const bento = new BentoCache({
    suppressL2Errors: true,
    default: 'main',
    stores: { main: bentostore().useL2Layer(memlaneDriver(cache, options)) },
  })
  onTestFinished(() => bento.disconnectAll())
  return bento
}

/** A line of the report of bentocache's test runner. */
interface Reported {
  readonly event: string
  readonly title?: { readonly expanded: string }
  readonly errors?: readonly unknown[]
}

describe.each(targets())('the suite of bentocache on $name', (target) => {
  it('passes, all 21 of it', async () => {
    await using server = await target.start()
    const file = join(import.meta.dirname, 'bentocache', 'run-suite.mjs')
    const env = { ...process.env, MEMLANE_TEST_SERVER: server.address }
    const { stdout } = await promisify(execFile)(process.execPath, [file], { env }).catch(
      (error: Error & { stdout: string }) => error,
    )
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'))
    const ended = lines.map((line) => JSON.parse(line) as Reported).filter(({ event }) => event === 'test:end')
    expect(ended.filter(({ errors }) => errors === undefined || errors.length > 0)).toEqual([])
    expect(ended).toHaveLength(21)
  })
})

/** Makes a driver with options that types do not allow. */
function bad(options: object): () => unknown {
  return () => memlaneDriver('localhost', options)
}

describe('the driver for BentoCache', () => {
  it('serves a BentoCache: values, tags, namespaces, clear', async () => {
    const { cache } = await startCache()
    const bento = open(cache)
    let loads = 0
    const load = (): Promise<string> =>
      bento.getOrSet({ key: 'user', ttl: '10m', tags: ['people'], factory: () => `load ${++loads}` })
    expect([await load(), await load()]).toEqual(['load 1', 'load 1'])
    await bento.deleteByTag({ tags: ['people'] })
    expect(await load()).toBe('load 2')
    const posts = bento.namespace('posts')
    await posts.set({ key: 'first', value: { title: 'Hello' } })
    expect(await posts.get({ key: 'first' })).toEqual({ title: 'Hello' })
    await posts.clear()
    expect(await posts.get({ key: 'first' })).toBeUndefined()
    expect(await load()).toBe('load 2')
    await bento.clear()
    expect(await load()).toBe('load 3')
  })

  it('is one cache in two processes, and clears that of the other within refreshMs', async () => {
    const { server, cache } = await startCache()
    const [a, b] = [open(cache, { refreshMs: 0 }), open(openCache(server.address), { refreshMs: 0 })]
    await a.set({ key: 'key', value: 1 })
    expect(await b.get({ key: 'key' })).toBe(1)
    await a.clear()
    expect(await b.get({ key: 'key' })).toBeUndefined()
  })

  it('finds keys of a namespace that only another process has made where it is an option', async () => {
    const { server, cache } = await startCache()
    const namespaces = ['users', 'users:posts']
    const there = memlaneDriver(cache, { namespaces }).factory({})
    const here = memlaneDriver(openCache(server.address), { namespaces, refreshMs: 0 }).factory({})
    await there.namespace('users').namespace('posts').set('1', 'value')
    expect(await here.get('users:posts:1')).toBe('value')
    await there.namespace('users').clear()
    expect(await here.get('users:posts:1')).toBeUndefined()
  })

  it('does not clear what only begins like a namespace', async () => {
    const { cache } = await startCache()
    const root = memlaneDriver(cache).factory({})
    const users = root.namespace('users')
    await root.set('users2:1', 'other')
    await users.clear()
    expect(await root.get('users2:1')).toBe('other')
  })

  it('takes keys that memcached cannot take', async () => {
    const { cache } = await startCache()
    const driver = memlaneDriver(cache).factory({})
    const spaces = driver.namespace('name with spaces')
    const keys = ['a key', 'é'.repeat(400), '\n', 'x'.repeat(240), '']
    for (const [at, key] of keys.entries()) expect(await spaces.set(key, String(at))).toBe(true)
    expect(await Promise.all(keys.map((key) => spaces.get(key)))).toEqual(['0', '1', '2', '3', '4'])
    expect(await spaces.deleteMany(keys)).toBe(true)
    expect(await spaces.get('a key')).toBeUndefined()
  })

  it('rounds times to live up, and never makes a short one endless', async () => {
    const { cache } = await startCache()
    const driver = memlaneDriver(cache, { prefix: 'p' }).factory({})
    const seconds: unknown[] = []
    for (const ttl of [1, 1000, 1500.5, 0, undefined]) {
      await driver.set('key', 'value', ttl)
      const numbers = await cache.get<string>('p:version:')
      const wireKey = `p:${BigInt(String(numbers)).toString(36)}:key`
      seconds.push((await cache.inspect(wireKey))?.ttl)
    }
    const forever = Number.POSITIVE_INFINITY
    expect(seconds).toEqual([1, 1, 2, forever, forever])
  })

  it('has the prefix of its store, unless it is given one', async () => {
    const { cache } = await startCache()
    const store = bentostore().useL2Layer(memlaneDriver(cache))
    const bento = new BentoCache({ prefix: 'shop', default: 'main', stores: { main: store } })
    await bento.set({ key: 'key', value: 1 })
    expect(await cache.get('shop:version:')).toBeDefined()
    const own = open(cache, { prefix: 'own' })
    await own.set({ key: 'key', value: 1 })
    expect(await cache.get('own:version:')).toBeDefined()
  })

  it('closes the client that it has made, and no other', async () => {
    const { server, cache } = await startCache()
    const given = memlaneDriver(cache).factory({})
    await given.disconnect()
    await given.namespace('a').disconnect()
    expect(await given.set('key', 'value')).toBe(true)
    const made = memlaneDriver(server.address).factory({})
    await made.set('key', 'value')
    await made.disconnect()
    await expect(made.get('key')).rejects.toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('lets BentoCache load values while memcached is down', async () => {
    const client = { timeoutMs: 200, connectTimeoutMs: 200 }
    const bento = open(await deadAddress(), { client })
    const loaded = await bento.getOrSet({ key: 'key', factory: () => 'loaded' })
    expect(loaded).toBe('loaded')
    await expect(
      memlaneDriver(await deadAddress(), { client })
        .factory({})
        .clear(),
    ).rejects.toThrow()
  })

  it('rejects where the cache fails, whatever the client makes of failures', async () => {
    const cache = openCache(await deadAddress(), { failures: 'miss', timeoutMs: 5000, connectTimeoutMs: 5000 })
    const driver = memlaneDriver(cache).factory({})
    const calls = [
      driver.get('a'),
      driver.pull('a'),
      driver.set('a', '1'),
      driver.delete('a'),
      driver.deleteMany(['a']),
    ]
    for (const call of calls) await expect(call).rejects.toThrow()
  })

  it('goes on after a server that was frozen', async () => {
    await using server = await startMemcached()
    const cache = new Memcache(server.address, { ...patient, timeoutMs: 300 })
    onTestFinished(() => cache.destroy())
    const bento = open(cache)
    await bento.set({ key: 'key', value: 1, ttl: '1h' })
    process.kill(server.pid, 'SIGSTOP')
    expect(await bento.getOrSet({ key: 'other', factory: () => 'loaded' })).toBe('loaded')
    process.kill(server.pid, 'SIGCONT')
    await expect.poll(() => bento.get({ key: 'key' }), { timeout: 30_000 }).toBe(1)
  })

  it('refuses what it cannot use', () => {
    expect(bad({ prefix: '' })).toThrow(/prefix/)
    expect(bad({ namespaces: 'users' })).toThrow(/namespaces/)
    expect(bad({ namespaces: [''] })).toThrow(/namespaces/)
    expect(bad({ ttl: 5 })).toThrow(/ttl/)
    expect(() => memlaneDriver('localhost', { refreshMs: -1 }).factory({})).toThrow(/refreshMs/)
  })
})
