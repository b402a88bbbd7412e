import { createStorage, type Driver, prefixStorage, restoreSnapshot, type Storage } from 'unstorage'
import { createStorage as createStorage2 } from 'unstorage2'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type UnstorageOptions, unstorageDriver } from '../../src/adapters/unstorage.ts'
import type { Memcache } from '../../src/client/memcache.ts'
import { listKeys } from '../../src/keys/list-keys.ts'
import { patient } from '../support/memcache-options.ts'
import { deadAddress } from './support/dead-server.ts'
import { type TestServer, targets } from './support/servers.ts'
import { openCache, startCache } from './support/start.ts'

/** Versions of unstorage, each with its `createStorage`. */
const VERSIONS = [
  ['1.17', createStorage],
  ['2', createStorage2],
] as const

const RUNS = targets().flatMap((target) =>
  VERSIONS.map(([version, create]) => ({ version, create, server: target.name, start: target.start })),
)

describe.each(RUNS)('unstorage $version on $server', ({ create, start }) => {
  let server: TestServer
  let storage: Storage

  beforeEach(async () => {
    server = await start()
    storage = create({ driver: unstorageDriver({ servers: server.address, client: patient, listKeys }) as Driver })
  })
  afterEach(async () => {
    await storage.dispose()
    await server[Symbol.asyncDispose]()
  })

  it('is empty at first, and takes a snapshot', async () => {
    expect([await storage.hasItem('a:b'), await storage.getItem('a:b'), await storage.getKeys()]).toEqual([
      false,
      null,
      [],
    ])
    await restoreSnapshot(storage, { initial: 'works' })
    expect(await storage.getItem('initial')).toBe('works')
  })

  it('stores, reads and removes items, falsy ones too', async () => {
    const values = { 'a:text': 'text', 'a:object': { deep: [1, null] }, 'a:zero': 0, 'a:false': false, 'a:empty': '' }
    for (const [key, value] of Object.entries(values)) await storage.setItem(key, value)
    for (const [key, value] of Object.entries(values)) expect(await storage.getItem(key)).toEqual(value)
    expect(await storage.hasItem('a:zero')).toBe(true)
    await storage.removeItem('a:zero')
    expect([await storage.hasItem('a:zero'), await storage.getItem('a:zero')]).toEqual([false, null])
  })

  it('stores and reads many items', async () => {
    await storage.setItems<string | object>([
      { key: 't:1', value: 'one' },
      { key: 't:2', value: { two: 2 } },
    ])
    expect(await storage.getItems(['t:2', { key: 't:1' }, 't:absent'])).toEqual([
      { key: 't:2', value: { two: 2 } },
      { key: 't:1', value: 'one' },
      { key: 't:absent', value: null },
    ])
  })

  it('stores and reads bytes', async () => {
    const bytes = Uint8Array.from([1, 2, 0xff, 0])
    for (const value of [bytes, bytes.buffer, new DataView(bytes.buffer)]) {
      await storage.setItemRaw('raw.bin', value)
      expect(Uint8Array.from((await storage.getItemRaw<Buffer>('raw.bin')) as Buffer)).toEqual(bytes)
    }
    await storage.setItemRaw('raw.txt', 'text')
    expect(await storage.getItemRaw('raw.txt')).toBe('text')
    await storage.setItemRaw('json', new TextEncoder().encode('{"a":1}'))
    expect(await storage.getItem('json')).toEqual({ a: 1 })
    expect(await storage.getItemRaw('absent')).toBeNull()
  })

  it('lists keys, of a part and by depth', async () => {
    for (const key of ['a', 'b:c', 'b:d', 'b:e:f', 'bc:x']) await storage.setItem(key, 'value')
    expect((await storage.getKeys()).toSorted()).toEqual(['a', 'b:c', 'b:d', 'b:e:f', 'bc:x'])
    expect((await storage.getKeys('b')).toSorted()).toEqual(['b:c', 'b:d', 'b:e:f'])
    expect((await storage.getKeys('', { maxDepth: 1 })).toSorted()).toEqual(['a', 'b:c', 'b:d', 'bc:x'])
  })

  it('clears all, and what is empty', async () => {
    for (const key of ['a', 'b:c', 'b:d']) await storage.setItem(key, 'value')
    await storage.clear()
    expect([await storage.getKeys(), await storage.getItem('a')]).toEqual([[], null])
    await storage.clear()
  })

  it('keeps meta data, and knows the time left', async () => {
    await storage.setItem('a', 'value', { ttl: 100 })
    await storage.setMeta('a', { owner: 'Ada' })
    expect(await storage.getMeta('a')).toEqual({ ttl: 100, size: 5, owner: 'Ada' })
    await storage.removeItem('a', { removeMeta: true })
    expect(await storage.getMeta('a')).toEqual({})
  })
})

function make(options: object): () => unknown {
  return () => unstorageDriver(options)
}

function open(cache: Memcache, options: UnstorageOptions = {}): Storage {
  return createStorage({ driver: unstorageDriver({ cache, ...options }) })
}

async function ttlOf(storage: Storage, ttl?: number): Promise<unknown> {
  await storage.setItem('key', 'value', ttl === undefined ? {} : { ttl })
  return (await storage.getMeta('key')).ttl
}

describe('the driver for unstorage', () => {
  it('is one by the types of unstorage', () => {
    expectTypeOf<ReturnType<typeof unstorageDriver>>().toExtend<Driver>()
  })

  it('rounds a ttl up, never to 0, and has one of its own for items without', async () => {
    const { cache } = await startCache()
    const [plain, own] = [open(cache), open(cache, { ttl: 60, base: 'own' })]
    expect(await ttlOf(plain, 0.2)).toBe(1)
    expect(await ttlOf(plain, 1.5)).toBe(2)
    expect([await ttlOf(plain), await ttlOf(plain, 0), await ttlOf(plain, Number.POSITIVE_INFINITY)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
    expect([await ttlOf(own), await ttlOf(own, 5)]).toEqual([60, 5])
  })

  it('stores more items at a time than maxPending, each for its own time', async () => {
    const { cache } = await startCache({ maxPending: 10 })
    const storage = open(cache)
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
    const items = keys.map((key, index) => ({ key, value: key, options: index < 40 ? { ttl: 100 } : {} }))
    await storage.setItems(items, { ttl: 200 })
    expect(await storage.getItems(keys)).toEqual(keys.map((key) => ({ key, value: key })))
    const { ttl: own } = await storage.getMeta('key-0')
    const { ttl: common } = await storage.getMeta('key-49')
    expect([own, common]).toEqual([100, 200])
  })

  it('keeps mounts with two bases apart, and clears one of them', async () => {
    const { cache } = await startCache()
    const storage = createStorage({ driver: unstorageDriver({ cache, base: 'one' }) })
    storage.mount('cache', unstorageDriver({ cache, base: 'two:' }))
    await storage.setItem('key', 1)
    await storage.setItem('cache:key', 2)
    await prefixStorage(storage, 'cache').clear()
    expect([await storage.getItem('key'), await storage.getItem('cache:key')]).toEqual([1, null])
    expect(await cache.get('two:generation')).toBeDefined()
  })

  it('takes keys that memcached does not, and lists none of them', async () => {
    const { cache } = await startCache()
    const driver = unstorageDriver({ cache, listKeys })
    const keys = ['x'.repeat(1000), 'a b', 'ä'.repeat(100), '~']
    for (const key of keys) await driver.setItem(key, key)
    for (const key of keys) expect(await driver.getItem(key)).toBe(key)
    expect(await driver.getItems(keys.map((key) => ({ key })))).toEqual(keys.map((key) => ({ key, value: key })))
    expect(await driver.getKeys()).toEqual([])
  })

  it('clears a part with listKeys, and says without it that it cannot', async () => {
    const { cache } = await startCache()
    const [plain, listing] = [unstorageDriver({ cache }), unstorageDriver({ cache, listKeys })]
    for (const key of ['a', 'b:c', 'b:d']) await plain.setItem(key, 'value')
    expect(await plain.getKeys()).toEqual([])
    await expect(plain.clear('b:')).rejects.toThrow(/a base of its own.*or give the option listKeys/)
    await listing.clear('b:')
    expect(await listing.getKeys()).toEqual(['a'])
  })

  it('has no meta data of its own over the classic protocol', async () => {
    const { server } = await startCache()
    const storage = open(openCache(server.address, { protocol: 'text' }))
    await storage.setItem('a', 'value')
    expect(await storage.getMeta('a')).toEqual({})
  })

  it('does not close a Memcache that it was given, and closes one that it has made', async () => {
    const { server, cache } = await startCache()
    await open(cache).dispose()
    expect(await cache.set('key', 1)).toBe(true)
    const driver = unstorageDriver({ servers: [server.address] })
    await driver.setItem('a', 'value')
    await driver.dispose()
    await expect(driver.getItem('a')).rejects.toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('is made of plain data', async () => {
    const { server } = await startCache()
    const options = { servers: server.address, base: 'nitro', ttl: 60, client: { failures: 'miss', timeoutMs: 60_000 } }
    const driver = unstorageDriver(JSON.parse(JSON.stringify(options)) as UnstorageOptions)
    await driver.setItem('a', 'value')
    expect(await driver.getItem('a')).toBe('value')
    await driver.dispose()
  })

  it('refuses what cannot be', async () => {
    const { cache } = await startCache()
    expect(make({ cache, servers: 'localhost' })).toThrow(/servers or the option cache, not both/)
    expect(make({ cache, client: {} })).toThrow(/leave out the option client/)
    expect(make({ cache, ttl: -1 })).toThrow(/option ttl must be a number of seconds/)
    expect(make({ cache, base: 5 })).toThrow(/option base must be text/)
    expect(make({ cache, listKeys: true })).toThrow(/import { listKeys } from 'memlane\/keys'/)
    expect(make({ cache, prefix: 'a' })).toThrow(/no option "prefix"; it has servers/)
    await expect(open(cache).setItem('a', 'b', { ttl: Number.NaN })).rejects.toThrow(/option ttl/)
    await expect(open(cache).setItemRaw('a', { not: 'bytes' })).rejects.toThrow(/takes text, a Uint8Array/)
  })

  it('fails where the cache fails, or has no items, by the option failures of its client', async () => {
    const servers = await deadAddress()
    const client = { timeoutMs: 5000, connectTimeoutMs: 5000 }
    const throwing = unstorageDriver({ servers, client })
    await expect(throwing.getItem('a')).rejects.toMatchObject({ delivery: 'not-sent' })
    await expect(throwing.setItem('a', 'b')).rejects.toMatchObject({ delivery: 'not-sent' })
    const absorbing = unstorageDriver({ servers, client: { ...client, failures: 'miss' } })
    expect(await absorbing.getItem('a')).toBeNull()
    await absorbing.setItem('a', 'b')
    await Promise.all([throwing.dispose(), absorbing.dispose()])
  })
})
