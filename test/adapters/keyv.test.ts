import suite from '@keyv/test-suite'
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import * as vitest from 'vitest'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { KeyvMemlane, type KeyvMemlaneOptions } from '../../src/adapters/keyv.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { patient } from '../support/memcache-options.ts'
import { deadAddress } from './support/dead-server.ts'
import { type TestServer, targets } from './support/servers.ts'

async function start(options: KeyvMemlaneOptions = {}) {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, patient)
  onTestFinished(async () => {
    cache.destroy()
    await server.close()
  })
  const keyv = (namespace = ''): Keyv => new Keyv({ store: new KeyvMemlane(cache, options), namespace })
  return { server, cache, keyv }
}

/** An entry as Keyv stores it. */
function entry(expires: number): string {
  return JSON.stringify({ value: 1, expires })
}

describe.each(targets())('the suite of Keyv 5 on $name', (target) => {
  let server: TestServer
  let cache: Memcache

  beforeAll(async () => {
    server = await target.start()
    cache = new Memcache(server.address, patient)
  })
  afterAll(async () => {
    cache.destroy()
    await server[Symbol.asyncDispose]()
  })

  suite(vitest, Keyv, () => new KeyvMemlane(cache))

  it('keeps entries of 300 ms at least that long, whatever the ticks of the server', async () => {
    const store = new KeyvMemlane(cache)
    const keyv = new Keyv({ store, useKeyPrefix: false })
    for (let round = 0; round < 1000; round++) {
      await keyv.set(`short-${round}`, round, 300)
      expect(await store.get(`short-${round}`)).toContain(`"value":${round},`)
    }
  })
})

describe('KeyvMemlane', () => {
  it('clears one namespace of two on one Memcache', async () => {
    const { keyv } = await start()
    const [a, b] = [keyv('a'), keyv('b')]
    await a.set('key', 1)
    await b.set('key', 2)
    await a.clear()
    expect(await a.get('key')).toBeUndefined()
    expect(await b.get('key')).toBe(2)
  })

  it('never stores a fraction, nor 0 for a short ttl', async () => {
    const { cache, keyv } = await start()
    const ttls: unknown[] = []
    const store = new KeyvMemlane(cache)
    const view = cache.namespace('keyv:/', { generations: true })
    for (const ttl of [1, 999, 1000, 1500.5]) {
      await store.set('key', 'value', ttl)
      ttls.push((await view.inspect('key'))?.ttl)
    }
    expect(ttls).toEqual([2, 2, 2, 3])
    await keyv().set('forever', 'value', 0)
    expect((await view.inspect('forever'))?.ttl).toBe(Number.POSITIVE_INFINITY)
  })

  it('keeps for ever what would end after January 2038', async () => {
    const { cache } = await start()
    const store = new KeyvMemlane(cache)
    expect(await store.set('far', 'value', 1e13)).toBe(true)
    expect(await store.set('further', 'value', Number.POSITIVE_INFINITY)).toBe(true)
    expect(await store.getMany(['far', 'further'])).toEqual(['value', 'value'])
  })

  it('removes what has expired already, and says that it was stored', async () => {
    const { cache } = await start()
    const store = new KeyvMemlane(cache)
    await store.set('key', 'old')
    expect(await store.set('key', 'new', -1)).toBe(true)
    expect(await store.get('key')).toBeUndefined()
  })

  it('has no entry whose time has passed, though the server keeps it for a second more', async () => {
    const { cache } = await start()
    const store = new KeyvMemlane(cache)
    await store.set('over', entry(Date.now() - 1), 1000)
    await store.set('there', entry(Date.now() + 60_000), 60_000)
    await store.set('forever', JSON.stringify({ value: { expires: 5 } }))
    expect(await store.hasMany(['over', 'there', 'forever', 'absent'])).toEqual([false, true, true, false])
  })

  it('takes keys that memcached does not: long ones, white space, control characters', async () => {
    const { keyv } = await start()
    const cached = keyv('a namespace')
    const keys = ['x'.repeat(5000), 'y'.repeat(5000), 'a b', 'a\r\nb', 'ä'.repeat(200), '~tilde', '😀']
    for (const key of keys) expect(await cached.set(key, key.length)).toBe(true)
    expect(await cached.get(keys)).toEqual(keys.map((key) => key.length))
  })

  it.each([10, 100_000])('stores and removes more entries than maxPending: %i', async (maxPending) => {
    const { server } = await start()
    const store = new KeyvMemlane(server.address, { client: { ...patient, maxPending } })
    onTestFinished(() => store.disconnect())
    const errors: unknown[] = []
    store.on('error', (error) => errors.push(error))
    const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`)
    expect(await store.setMany(keys.map((key) => ({ key, value: key, ttl: 60_000 })))).toEqual(keys.map(() => true))
    expect(await store.getMany(keys)).toEqual(keys)
    expect(await store.deleteMany([...keys, 'absent'])).toBe(true)
    expect(await store.deleteMany(keys)).toBe(false)
    expect(errors).toEqual([])
  })

  it('sends the entries of a batch in one write', async () => {
    const { cache } = await start()
    const store = new KeyvMemlane(cache)
    await store.get('connected')
    cache.resetMetrics()
    await store.setMany(['a', 'b', 'c'].map((key, index) => ({ key, value: key, ttl: 60_000 * (1 + (index % 2)) })))
    await store.deleteMany(['a', 'b', 'c'])
    const { calls, writes } = cache.metrics()
    expect(writes.written).toBe(2)
    expect(calls).toMatchObject({ setMany: { calls: 3 }, deleteMany: { calls: 1 } })
  })

  it('keeps the last of several entries for one key, each with its own time', async () => {
    const { cache } = await start()
    const store = new KeyvMemlane(cache)
    const view = cache.namespace('keyv:/', { generations: true })
    const entries = [9000, 19_000, 9000].map((ttl, index) => ({ key: 'key', value: String(index), ttl }))
    expect(
      await store.setMany([...entries, { key: 'over', value: 'x', ttl: -1 }, { key: 'ever', value: 'y' }]),
    ).toEqual([true, true, true, true, true])
    expect(await store.getMany(['key', 'over', 'ever'])).toEqual(['2', undefined, 'y'])
    expect((await view.inspect('key'))?.ttl).toBe(10)
    expect((await view.inspect('ever'))?.ttl).toBe(Number.POSITIVE_INFINITY)
  })

  it('has results for the other keys of a batch in which one fails, and one error event', async () => {
    const { cache } = await start()
    const store = new KeyvMemlane(cache)
    const errors: unknown[] = []
    store.on('error', (error) => errors.push(error))
    const large = { key: 'large', value: 'x'.repeat(2 * 2 ** 20) }
    expect(await store.setMany([{ key: 'a', value: '1' }, large, { key: 'b', value: '2' }])).toEqual([
      true,
      false,
      true,
    ])
    const view = cache.namespace('keyv:/', { generations: true })
    await view.set('unreadable', { an: 'object' })
    await view.append('unreadable', 'and more')
    expect(await store.getMany(['a', 'unreadable', 'absent', 'b'])).toEqual(['1', undefined, undefined, '2'])
    expect(errors).toMatchObject([{ code: 'MEMLANE_BATCH' }, { code: 'MEMLANE_BATCH' }])
  })

  it('leaves keys that fit readable', async () => {
    const { cache, keyv } = await start()
    await keyv('users').set('ada', 1)
    const generation = await cache.get<number>('keyv:users/generation')
    expect(await cache.get(`keyv:users/${generation}:users:ada`)).toBe('{"value":1}')
  })

  it('makes an evicted generation a new one, never the first', async () => {
    const { cache, keyv } = await start({ refreshMs: 0 })
    const cached = keyv()
    await cached.set('key', 'old')
    await cached.clear()
    await cached.set('key', 'new')
    await cache.delete('keyv:/generation')
    expect(await cached.get('key')).toBeUndefined()
  })

  it('does not close a Memcache that it was given, and closes one that it has made', async () => {
    const { server, cache, keyv } = await start()
    await keyv().disconnect()
    expect(await cache.set('key', 1)).toBe(true)
    const own = new KeyvMemlane(server.address, { client: patient })
    await own.set('key', 'value')
    await own.disconnect()
    await expect(own.cache.get('key')).rejects.toThrow(/closed/)
  })

  it('is a store by the types of Keyv 5', async () => {
    const { cache } = await start()
    // Keyv 5 and Keyv 6 have different types for these; Keyv 5 gives away what setMany gives.
    const store: Omit<KeyvStoreAdapter, 'deleteMany' | 'setMany'> = new KeyvMemlane(cache)
    expect(typeof store.get).toBe('function')
  })

  it('refuses what cannot be', async () => {
    const { cache } = await start()
    expect(() => new KeyvMemlane(cache, { client: {} })).toThrow(/leave out the option client/)
    expect(() => new KeyvMemlane(cache.namespace('a:') as never)).toThrow(/not a namespace/)
    expect(() => new KeyvMemlane(cache, { prefix: '' })).toThrow(/option prefix must be text/)
    expect(() => new KeyvMemlane(cache, { errors: 'ignore' } as never)).toThrow(/'emit' or 'throw'/)
    expect(() => new KeyvMemlane(cache, { refreshMs: -1 })).toThrow(/refreshMs/)
    expect(() => new KeyvMemlane(cache, { ttl: 1 } as never)).toThrow(/no option "ttl"; it has prefix, client/)
    expect(() => new KeyvMemlane({ getMany: () => undefined } as never)).toThrow(/of this copy of memlane/)
  })
})

describe('KeyvMemlane on a dead server', () => {
  const fast = { timeoutMs: 5000, connectTimeoutMs: 5000 }

  it('gives what it gives of absent entries, and one error event for each call', async () => {
    const keyv = new Keyv({ store: new KeyvMemlane(await deadAddress(), { client: fast }) })
    const errors: unknown[] = []
    keyv.on('error', (error) => errors.push(error))
    expect(await keyv.get('key')).toBeUndefined()
    expect(errors).toHaveLength(1)
    expect(errors[0]).toMatchObject({ code: 'MEMLANE_CONNECT' })
    expect(await keyv.set('key', 1)).toBe(false)
    expect(await keyv.delete('key')).toBe(false)
    expect(await keyv.has('key')).toBe(false)
    expect(await keyv.get(['a', 'b'])).toEqual([undefined, undefined])
    await keyv.clear()
    expect(errors).toHaveLength(6)
  })

  it('is not silenced by failures of the client', async () => {
    const address = await deadAddress()
    const client = { ...fast, failures: 'miss' } as const
    const [emitting, throwing] = [
      new KeyvMemlane(address, { client }),
      new KeyvMemlane(address, { client, errors: 'throw' }),
    ]
    const errors: unknown[] = []
    emitting.on('error', (error) => errors.push(error))
    expect(await emitting.get('key')).toBeUndefined()
    expect(await emitting.getMany(['a', 'b'])).toEqual([undefined, undefined])
    expect(await emitting.set('key', 'value', 1000)).toBe(false)
    expect(await emitting.setMany(['a', 'b'].map((key) => ({ key, value: 'value' })))).toEqual([false, false])
    expect([await emitting.delete('key'), await emitting.deleteMany(['a', 'b'])]).toEqual([false, false])
    expect(errors).toHaveLength(6)
    const calls = [
      throwing.get('a'),
      throwing.getMany(['a']),
      throwing.set('a', 1),
      throwing.delete('a'),
      throwing.clear(),
    ]
    for (const call of [...calls, throwing.setMany([{ key: 'a', value: 1 }]), throwing.deleteMany(['a'])])
      await expect(call).rejects.toMatchObject({ delivery: 'not-sent' })
  })

  it('needs no listener', async () => {
    const store = new KeyvMemlane(await deadAddress(), { client: fast })
    expect(await store.get('key')).toBeUndefined()
    expect(await new Keyv({ store }).get('key')).toBeUndefined()
  })

  it('has a result though a listener throws, as Keyv 6 does where nothing listens to it', async () => {
    const store = new KeyvMemlane(await deadAddress(), { client: fast })
    store.on('error', (error) => {
      throw error
    })
    expect(await store.get('key')).toBeUndefined()
  })

  it("rejects with errors: 'throw', and Keyv decides", async () => {
    const store = new KeyvMemlane(await deadAddress(), { errors: 'throw', client: fast })
    const keyv = new Keyv({ store, throwOnErrors: true })
    keyv.on('error', () => undefined)
    await expect(keyv.get('key')).rejects.toMatchObject({ code: 'MEMLANE_CONNECT' })
    await expect(keyv.set('key', 1)).rejects.toMatchObject({ code: 'MEMLANE_CONNECT' })
    expect(await new Keyv({ store }).get('key')).toBeUndefined()
  })
})

describe('hosts over Keyv', () => {
  it('cache-manager wraps, deletes and clears', async () => {
    const { keyv } = await start()
    const cache = createCache({ stores: [keyv('manager')] })
    let loads = 0
    const load = (): Promise<number> => cache.wrap('answer', async () => ++loads, 60_000)
    expect([await load(), await load()]).toEqual([1, 1])
    await cache.del('answer')
    expect(await load()).toBe(2)
    await cache.mset([
      { key: 'a', value: 1 },
      { key: 'b', value: 2, ttl: 900 },
    ])
    expect(await cache.mget(['a', 'b', 'c'])).toEqual([1, 2, undefined])
    await cache.clear()
    expect(await cache.get('a')).toBeUndefined()
  })

  it('cacheable has it as its second layer', async () => {
    const { keyv } = await start()
    const one = new Cacheable({ secondary: keyv('cacheable') })
    const other = new Cacheable({ secondary: keyv('cacheable') })
    await one.set('key', { name: 'Ada' }, '1h')
    expect(await other.get('key')).toEqual({ name: 'Ada' })
    await other.delete('key')
    expect(await keyv('cacheable').get('key')).toBeUndefined()
  })
})
