import session from 'express-session'
import { RateLimiterMemcache, type RateLimiterRes } from 'rate-limiter-flexible'
import { describe, expect, it, onTestFinished } from 'vitest'
import { argsOf } from '../support/callback-call.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { type AnyClient, IMPLEMENTATIONS, type Implementation, SHIM } from './support/classes.ts'
import { loadConsumer } from './support/consumers.ts'

interface SessionStore {
  readonly client: AnyClient
}

type StoreClass = new (options: object) => SessionStore

function open({ Class }: Implementation, address: string): AnyClient {
  const client = new Class(address, { minTimeout: 10 })
  onTestFinished(() => client.end())
  return client
}

const refusalOf = (consumed: Promise<RateLimiterRes>): Promise<unknown> =>
  consumed.then(
    () => 'taken',
    (error: unknown) => error,
  )

async function start(): Promise<string> {
  const server = await startMemcached()
  onTestFinished(() => server.stop())
  return server.address
}

describe.each(IMPLEMENTATIONS)('connect-memcached on the $name', (implementation) => {
  function openStore(options: object): SessionStore {
    const Store = (loadConsumer('connect-memcached', implementation) as (host: unknown) => StoreClass)(session)
    const store = new Store(options)
    onTestFinished(() => store.client.end())
    return store
  }

  const visit = { cookie: { maxAge: 60_000 }, name: 'Ada' }

  it('makes its client of hosts, and stores, reads, renews and removes sessions', async () => {
    const store = openStore({ hosts: [await start()], prefix: 'sess:' })
    expect(store.client).toBeInstanceOf(implementation.Class)
    expect(await argsOf(store, 'get', 'a')).toEqual([])
    expect(await argsOf(store, 'set', 'a', visit)).toEqual([undefined, true])
    expect(await argsOf(store, 'get', 'a')).toEqual([null, visit])
    expect(await argsOf(store.client, 'get', 'sess:a')).toEqual([undefined, visit])
    expect(await argsOf(store, 'touch', 'a', { ...visit, name: 'Grace' })).toEqual([undefined, true])
    expect(await argsOf(store, 'get', 'a')).toEqual([null, { ...visit, name: 'Grace' }])
    expect(await argsOf(store, 'destroy', 'a')).toEqual([undefined, true])
    expect(await argsOf(store, 'get', 'a')).toEqual([])
  })

  it('counts and clears', async () => {
    const store = openStore({ hosts: await start() })
    await argsOf(store, 'set', 'a', visit)
    const [, items] = await argsOf(store, 'length')
    expect(items).toHaveLength(1)
    expect(await argsOf(store, 'clear')).toEqual([undefined, [true]])
    expect(await argsOf(store, 'get', 'a')).toEqual([])
  })

  it('encrypts', async () => {
    const store = openStore({ hosts: await start(), secret: 'S3CRET!? 42 of at least so many characters' })
    expect(await argsOf(store, 'set', 'a', visit)).toEqual([undefined, true])
    expect(await argsOf(store, 'get', 'a')).toEqual([null, visit])
    const [, stored] = await argsOf(store.client, 'get', 'a')
    expect(stored).toBeTypeOf('string')
    expect(stored).not.toContain('Ada')
  })

  it('takes a client', async () => {
    const client = open(implementation, await start())
    const store = openStore({ client })
    await argsOf(store, 'set', 'a', visit)
    expect(await argsOf(client, 'get', 'a')).toEqual([undefined, visit])
  })
})

interface HitStore {
  readonly client: AnyClient
  init(options: { readonly windowMs: number }): void
  increment(key: string): Promise<{ readonly totalHits: number; readonly resetTime: Date }>
  decrement(key: string): Promise<void>
  resetKey(key: string): Promise<void>
}

describe.each(IMPLEMENTATIONS)('rate-limit-memcached on the $name', (implementation) => {
  function openStore(options: object, windowMs = 60_000): HitStore {
    type Package = { readonly MemcachedStore: new (options: object) => HitStore }
    const { MemcachedStore } = loadConsumer('rate-limit-memcached', implementation) as Package
    const store = new MemcachedStore(options)
    store.init({ windowMs })
    onTestFinished(() => store.client.end())
    return store
  }

  it('makes its client of locations, and counts hits until the window ends', async () => {
    const store = openStore({ locations: [await start()] })
    expect(store.client).toBeInstanceOf(implementation.Class)
    const first = await store.increment('ip')
    expect(first.totalHits).toBe(1)
    expect(first.resetTime.getTime()).toBeGreaterThan(Date.now())
    const second = await store.increment('ip')
    expect(second).toEqual({ totalHits: 2, resetTime: first.resetTime })
    await store.decrement('ip')
    expect((await store.increment('ip')).totalHits).toBe(2)
    expect((await store.increment('other')).totalHits).toBe(1)
    await store.resetKey('ip')
    expect((await store.increment('ip')).totalHits).toBe(1)
  })

  it('counts hits that come together once each', async () => {
    const store = openStore({ client: open(implementation, await start()), prefix: 'p:' })
    const hits = await Promise.all(Array.from({ length: 20 }, () => store.increment('ip')))
    expect(hits.map(({ totalHits }) => totalHits).toSorted((a, b) => a - b)).toEqual(hits.map((_, at) => at + 1))
    expect(await argsOf(store.client, 'get', 'p:ip')).toEqual([undefined, 20])
  })

  it('refuses a client that is none', () => {
    expect(() => openStore({ client: {} })).toThrow('An invalid memcached client was passed to store.')
  })

  it.runIf(implementation === SHIM)('counts in windows that are no whole seconds', async () => {
    const client = open(implementation, await start())
    for (const windowMs of [500, 90_500]) {
      const store = openStore({ client, prefix: `${windowMs}:` }, windowMs)
      expect((await store.increment('ip')).totalHits).toBe(1)
      expect(await argsOf(client, 'get', `${windowMs}:ip`)).toEqual([undefined, 1])
    }
  })
})

describe.each(IMPLEMENTATIONS)('rate-limiter-flexible on the $name', (implementation) => {
  async function openLimiter(options: object = {}): Promise<RateLimiterMemcache> {
    const storeClient = open(implementation, await start())
    return new RateLimiterMemcache({ storeClient, points: 3, duration: 60, ...options })
  }

  it('takes points until none is left', async () => {
    const limiter = await openLimiter()
    expect(await limiter.consume('ip')).toMatchObject({
      consumedPoints: 1,
      remainingPoints: 2,
      isFirstInDuration: true,
    })
    expect(await limiter.consume('ip', 2)).toMatchObject({ consumedPoints: 3, remainingPoints: 0 })
    const refusal = (await refusalOf(limiter.consume('ip'))) as RateLimiterRes
    expect(refusal).toMatchObject({ consumedPoints: 4, remainingPoints: 0 })
    expect(refusal.msBeforeNext).toBeGreaterThan(0)
    expect(refusal.msBeforeNext).toBeLessThanOrEqual(60_000)
  })

  it('takes points that come together once each', async () => {
    const limiter = await openLimiter({ points: 5 })
    const taken = await Promise.allSettled(Array.from({ length: 10 }, () => limiter.consume('ip')))
    expect(taken.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })

  it('gives penalties, and reads, sets, blocks and deletes', async () => {
    const limiter = await openLimiter()
    expect(await limiter.get('ip')).toBeNull()
    expect(await limiter.penalty('ip', 2)).toMatchObject({ consumedPoints: 2 })
    expect(await limiter.get('ip')).toMatchObject({ consumedPoints: 2, remainingPoints: 1 })
    await limiter.set('ip', 1, 30)
    expect(await limiter.get('ip')).toMatchObject({ consumedPoints: 1 })
    await limiter.block('ip', 30)
    expect(await refusalOf(limiter.consume('ip'))).toMatchObject({ remainingPoints: 0 })
    expect(await limiter.delete('ip')).toBe(true)
    expect(await limiter.delete('ip')).toBe(false)
    expect(await limiter.consume('ip')).toMatchObject({ consumedPoints: 1 })
  })

  it('keeps points for ever without a duration', async () => {
    const limiter = await openLimiter({ duration: 0 })
    expect(await limiter.consume('ip')).toMatchObject({ consumedPoints: 1, msBeforeNext: -1 })
    expect(await limiter.consume('ip')).toMatchObject({ consumedPoints: 2, msBeforeNext: -1 })
  })

  it('cannot reward: no server takes a negative number', async () => {
    const limiter = await openLimiter()
    await limiter.consume('ip', 2)
    await expect(limiter.reward('ip', 1)).rejects.toThrow('Can not add key')
  })
})
