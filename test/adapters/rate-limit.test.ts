import fastifyRateLimit from '@fastify/rate-limit'
import { serve as serveHono } from '@hono/node-server'
import express from 'express'
import { rateLimit, type Store } from 'express-rate-limit'
import fastify from 'fastify'
import { Hono } from 'hono'
import { rateLimiter } from 'hono-rate-limiter'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fastifyRateLimitStore, RateLimitStore } from '../../src/adapters/rate-limit.ts'
import type { RateLimitOptions } from '../../src/adapters/rate-limit-options.ts'
import type { Memcache } from '../../src/client/memcache.ts'
import { rejection } from '../support/eventually.ts'
import { deadAddress } from './support/dead-server.ts'
import { browse, serve } from './support/http.ts'
import { targets } from './support/servers.ts'
import { openCache, startCache } from './support/start.ts'

/** A store whose windows are a minute long. */
function openStore(cache: Memcache, options: RateLimitOptions = {}): RateLimitStore {
  const store = new RateLimitStore(cache, options)
  store.init({ windowMs: 60_000 })
  return store
}

async function hitsOf(store: RateLimitStore, key: string, times = 1): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: times }, () => store.increment(key)))
  return answers.map(({ totalHits }) => totalHits)
}

describe.each(targets())('a store of rate limits on $name', ({ start }) => {
  it('gives 500 hits at a time the numbers from 1 to 500', async () => {
    await using server = await start()
    const store = openStore(openCache(server.address))
    const numbers = await hitsOf(store, 'a', 500)
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1))
  })

  it('takes one round trip for a hit, the first included', async () => {
    await using server = await start()
    const cache = openCache(server.address)
    const store = openStore(cache)
    await cache.get('connected')
    cache.resetMetrics()
    for (let hit = 1; hit <= 3; hit++) expect(await hitsOf(store, 'a')).toEqual([hit])
    const { calls, writes } = cache.metrics()
    expect(calls).toMatchObject({ incr: { calls: 3, stored: 3 } })
    expect(writes.written).toBe(3)
  })

  it('reads, takes back and forgets hits', async () => {
    await using server = await start()
    const store = openStore(openCache(server.address))
    expect(await store.get('a')).toBeUndefined()
    await hitsOf(store, 'a', 10)
    await store.decrement('a')
    expect(await store.get('a')).toMatchObject({ totalHits: 9 })
    await store.resetKey('a')
    expect(await store.get('a')).toBeUndefined()
    await store.decrement('a')
    expect(await hitsOf(store, 'a')).toEqual([1])
  })

  it('counts by the clock, and where the server speaks the classic protocol only', async () => {
    await using server = await start()
    const byClock = openStore(openCache(server.address), { align: 'clock', prefix: 'clock:' })
    const classic = openStore(openCache(server.address, { protocol: 'text' }), { prefix: 'text:' })
    for (const store of [byClock, classic]) {
      store.init({ windowMs: 3_600_000_000 })
      const numbers = await hitsOf(store, 'a', 100)
      expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
      await store.decrement('a')
      expect(await store.get('a')).toMatchObject({ totalHits: 99 })
      await store.resetKey('a')
      expect(await store.get('a')).toBeUndefined()
    }
  })
})

describe('a store of rate limits', () => {
  it.each([
    [1, 1],
    [999, 1],
    [1000, 1],
    [1500, 2],
    [60_000, 60],
  ])('keeps a window of %i ms for %i s, rounded up and never longer', async (windowMs, seconds) => {
    const { cache } = await startCache()
    const store = new RateLimitStore(cache)
    store.init({ windowMs })
    const before = Date.now()
    const { resetTime } = await store.increment('a')
    expect((await cache.inspect('rl:a'))!.ttl).toBeLessThanOrEqual(seconds)
    expect(resetTime.getTime()).toBeGreaterThan(before)
  })

  it('knows the end of a window of the clock exactly', async () => {
    const { cache } = await startCache()
    const store = openStore(cache, { align: 'clock' })
    expect((await store.increment('a')).resetTime.getTime() % 60_000).toBe(0)
  })

  it('lets no window of the clock live for ever', async () => {
    const { cache } = await startCache()
    const store = openStore(cache, { align: 'clock' })
    const { resetTime } = await store.increment('a')
    const number = (resetTime.getTime() / 60_000 - 1).toString(36)
    expect((await cache.inspect(`rl:a:${number}`))?.ttl).toBe(120)
  })

  it('takes keys that memcached does not', async () => {
    const { cache } = await startCache()
    const classic = openCache((await startCache()).server.address, { protocol: 'text' })
    const keys = ['x'.repeat(1000), '😀'.repeat(100), '\ud800', 'a b', 'a\r\nflush_all', '']
    for (const store of [openStore(cache), openStore(classic), openStore(cache, { align: 'clock' })]) {
      store.init({ windowMs: 3_600_000_000 })
      for (const key of keys) expect([await hitsOf(store, key), await hitsOf(store, key)]).toEqual([[1], [2]])
    }
  })

  it('keeps plain prefixes: no lost item begins all counts anew', async () => {
    const { cache } = await startCache()
    const store = openStore(cache)
    await hitsOf(store, '::1')
    expect(await cache.get('rl:::1')).toBe('1')
    expect(await cache.get('rl:generation')).toBeUndefined()
    expect(store.resetAll).toBeUndefined()
  })

  it('begins all counts anew where that is asked for', async () => {
    const { cache } = await startCache()
    const store = openStore(cache, { clearable: true })
    await hitsOf(store, 'a', 5)
    await store.resetAll!()
    expect(await hitsOf(store, 'a')).toEqual([1])
  })

  it('does not close a Memcache that it was given, and closes one that it has made', async () => {
    const { server, cache } = await startCache()
    await openStore(cache).shutdown()
    expect(await cache.set('key', 1)).toBe(true)
    const own = new RateLimitStore(server.address)
    await own.increment('a')
    await own.shutdown()
    await expect(own.increment('a')).rejects.toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('refuses what cannot be', async () => {
    const { cache } = await startCache()
    const make = (options: object) => () => new RateLimitStore(cache, options)
    expect(make({ align: 'hour' })).toThrow(/option align must be 'first-hit' or 'clock'/)
    expect(make({ onError: 'ignore' })).toThrow(/'throw', 'allow' or 'deny'/)
    expect(make({ clearable: 'yes' })).toThrow(/clearable/)
    expect(make({ windowMs: 1 })).toThrow(/no option "windowMs"/)
    expect(make({ client: {} })).toThrow(/leave out the option client/)
    for (const windowMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1m']) {
      const store = new RateLimitStore(cache)
      store.init({ windowMs: windowMs as number })
      await expect(store.increment('a')).rejects.toThrow(/window of a rate limit/)
    }
    await expect(openStore(cache).increment(5 as never)).rejects.toThrow(/a key must be text/)
    await expect(openStore(cache, { onError: 'allow' }).increment(5 as never)).rejects.toThrow(/a key must be text/)
  })

  it.each(['throw', 'miss'] as const)(
    'fails where the cache fails, with failures: %s of the client',
    async (failures) => {
      const cache = openCache(await deadAddress(), { failures, timeoutMs: 5000, connectTimeoutMs: 5000 })
      for (const align of ['first-hit', 'clock'] as const) {
        const store = openStore(cache, { align })
        for (const call of [store.increment('a'), store.get('a'), store.decrement('a'), store.resetKey('a')])
          expect(await rejection(call)).toMatchObject({ delivery: 'not-sent' })
      }
    },
  )

  it('allows or denies where the cache fails, where that is asked for, and reports it', async () => {
    const cache = openCache(await deadAddress(), { timeoutMs: 5000, connectTimeoutMs: 5000 })
    const reported: unknown[] = []
    cache.on('commandError', ({ key }) => reported.push(key))
    expect(await hitsOf(openStore(cache, { onError: 'allow' }), 'a')).toEqual([1])
    expect(await hitsOf(openStore(cache, { onError: 'deny' }), 'a')).toEqual([Number.MAX_SAFE_INTEGER])
    expect(reported).toEqual(['rl:a', 'rl:a'])
  })
})

async function startExpress(store: RateLimitStore, passOnStoreError = false): Promise<string> {
  const app = express()
  // Every validation of the package is on: what it complains about is an error.
  const logger = {
    error: (problem: unknown) => problems.push(problem),
    warn: (problem: unknown) => problems.push(problem),
  }
  const problems: unknown[] = []
  onTestFinished(() => {
    if (!passOnStoreError) expect(problems).toEqual([])
  })
  app.use(rateLimit({ windowMs: 60_000, limit: 2, store, passOnStoreError, logger, standardHeaders: 'draft-7' }))
  app.get('/', (_request, response) => {
    response.send('ok')
  })
  app.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(503).send(error.name)
  })
  return serve(app)
}

describe('express-rate-limit', () => {
  it('lets no more pass than the limit, and says when to come again', async () => {
    const { cache } = await startCache()
    const store = new RateLimitStore(cache)
    const fits: Store = store
    expect(fits.localKeys).toBe(false)
    const { get } = browse(await startExpress(store))
    expect([(await get('/')).status, (await get('/')).status]).toEqual([200, 200])
    const refused = await get('/')
    expect(refused.status).toBe(429)
    expect(refused.headers.get('ratelimit')).toMatch(/^limit=2, remaining=0, reset=(?:60|59|58)$/)
  })

  it.each([
    ['throw', false, 503],
    ['throw', true, 200],
    ['allow', false, 200],
    ['deny', false, 429],
    ['deny', true, 429],
  ] as const)(
    'while memcached is down, onError: %s and passOnStoreError: %s give %i',
    async (onError, pass, status) => {
      const cache = openCache(await deadAddress(), { timeoutMs: 5000, connectTimeoutMs: 5000 })
      const { get } = browse(await startExpress(new RateLimitStore(cache, { onError }), pass))
      expect((await get('/')).status).toBe(status)
    },
  )
})

describe('hono-rate-limiter', () => {
  it('lets no more pass than the limit', async () => {
    const { cache } = await startCache()
    const app = new Hono()
    app.use(rateLimiter({ windowMs: 60_000, limit: 2, keyGenerator: () => 'a', store: new RateLimitStore(cache) }))
    app.get('/', (context) => context.text('ok'))
    const server = serveHono({ fetch: app.fetch, port: 0 })
    onTestFinished(() => {
      server.close()
    })
    const address = server.address()
    const { get } = browse(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
    expect([(await get('/')).status, (await get('/')).status, (await get('/')).status]).toEqual([200, 200, 429])
  })
})

async function startFastify(
  store: ReturnType<typeof fastifyRateLimitStore>,
  options: Parameters<typeof fastifyRateLimit>[1] = {},
): Promise<string> {
  const app = fastify()
  onTestFinished(() => app.close())
  await app.register(fastifyRateLimit, { max: 2, timeWindow: '1 minute', store, ...options })
  app.get('/', async () => 'ok')
  app.get('/own', { config: { rateLimit: { max: 1, timeWindow: 60_000 } } }, async () => 'ok')
  const look = app.createRateLimit()
  app.get('/look', { config: { rateLimit: false } }, async (request) => {
    const limit = await look(request, { increment: false })
    return 'remaining' in limit ? String(limit.remaining) : 'allowed'
  })
  return app.listen({ port: 0, host: '127.0.0.1' })
}

describe('@fastify/rate-limit', () => {
  it('lets no more pass than the limit, with limits of their own for routes', async () => {
    const { cache } = await startCache()
    const { get } = browse(await startFastify(fastifyRateLimitStore(cache)))
    expect((await get('/look')).text).toBe('2')
    expect([(await get('/')).status, (await get('/')).status]).toEqual([200, 200])
    expect((await get('/look')).text).toBe('0')
    const refused = await get('/')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50)
    expect([(await get('/own')).status, (await get('/own')).status]).toEqual([200, 429])
    expect(await cache.get('frl:GET/own-127.0.0.1')).toBe('2')
  })

  it.each([
    ['continueExceeding', 60],
    ['exponentialBackoff', 120],
  ])('keeps a client out for longer with %s', async (option, seconds) => {
    const { cache } = await startCache()
    const { get } = browse(await startFastify(fastifyRateLimitStore(cache), { [option]: true }))
    for (let request = 0; request < 3; request++) await get('/')
    await cache.touch('frl:127.0.0.1', 5)
    expect((await get('/')).status).toBe(429)
    expect((await cache.inspect('frl:127.0.0.1'))!.ttl).toBeGreaterThanOrEqual(seconds - 1)
  })

  it('says that windows of the clock cannot go on', async () => {
    const { cache } = await startCache()
    const store = fastifyRateLimitStore(cache, { align: 'clock' })
    expect(() => new store({ continueExceeding: true })).toThrow(/align: 'first-hit'/)
    const classic = openCache((await startCache()).server.address, { protocol: 'text' })
    const limit = new (fastifyRateLimitStore(classic))({ continueExceeding: true })
    const outcome = await new Promise((resolve) => limit.incr('a', (error) => resolve(error), 60_000, 0))
    expect(outcome).toMatchObject({ message: expect.stringContaining("align: 'first-hit'") as string })
  })

  it.each([
    [{}, {}, 500],
    [{}, { skipOnError: true }, 200],
    [{ onError: 'allow' }, {}, 200],
    [{ onError: 'deny' }, { skipOnError: true }, 429],
  ] as const)('while memcached is down, %o and %o give %i', async (options, hostOptions, status) => {
    const cache = openCache(await deadAddress(), { timeoutMs: 5000, connectTimeoutMs: 5000 })
    const { get } = browse(await startFastify(fastifyRateLimitStore(cache, options), hostOptions))
    expect((await get('/')).status).toBe(status)
  })
})
