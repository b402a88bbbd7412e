import flexible from 'rate-limiter-flexible'
import { describe, expect, it } from 'vitest'
import { rateLimiterFlexible } from '../../src/adapters/rate-limiter-flexible.ts'
import type { Memcache } from '../../src/client/memcache.ts'
import { rejection } from '../support/eventually.ts'
import { deadAddress } from './support/dead-server.ts'
import { targets } from './support/servers.ts'
import { openCache, startCache } from './support/start.ts'

const { BurstyRateLimiter, RateLimiterMemcache, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } = flexible
const RateLimiterMemlane = rateLimiterFlexible(RateLimiterMemcache)

function open(cache: Memcache, options: object = {}) {
  return new RateLimiterMemlane({ storeClient: cache, points: 2, duration: 60, keyPrefix: 'test', ...options })
}

describe.each(targets())('rate-limiter-flexible on $name', ({ start }) => {
  it('consumes points, and refuses beyond them', async () => {
    await using server = await start()
    const limiter = open(openCache(server.address))
    expect(await limiter.consume('a')).toMatchObject({ consumedPoints: 1, remainingPoints: 1, isFirstInDuration: true })
    expect(await limiter.consume('a')).toMatchObject({
      consumedPoints: 2,
      remainingPoints: 0,
      isFirstInDuration: false,
    })
    const refused = await limiter.consume('a').catch((reason: unknown) => reason)
    if (!(refused instanceof RateLimiterRes)) throw new Error('it was not refused')
    expect(refused.consumedPoints).toBe(3)
    expect(refused.msBeforeNext).toBeGreaterThan(50_000)
    expect(refused.msBeforeNext).toBeLessThanOrEqual(60_000)
  })

  it('counts 100 points at a time exactly', async () => {
    await using server = await start()
    const limiter = open(openCache(server.address), { points: 1000 })
    const results = await Promise.all(Array.from({ length: 100 }, () => limiter.consume('a')))
    const numbers = results.map(({ consumedPoints }) => consumedPoints).toSorted((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1))
  })

  it('gives points back, below 0 too, where the package cannot', async () => {
    await using server = await start()
    const limiter = open(openCache(server.address))
    await limiter.consume('a', 2)
    expect(await limiter.reward('a')).toMatchObject({ consumedPoints: 1, remainingPoints: 1 })
    expect(await limiter.reward('a', 5)).toMatchObject({ consumedPoints: 0, remainingPoints: 2 })
    expect(await limiter.reward('b', 5)).toMatchObject({ consumedPoints: 0 })
    expect(await limiter.penalty('a', 7)).toMatchObject({ consumedPoints: 7 })
  })

  it('blocks, sets, reads and deletes', async () => {
    await using server = await start()
    const limiter = open(openCache(server.address))
    expect(await limiter.get('a')).toBeNull()
    await limiter.block('a', 30)
    const blocked = (await limiter.get('a'))!
    expect(blocked.consumedPoints).toBe(3)
    expect(blocked.msBeforeNext).toBeLessThanOrEqual(30_000)
    expect(await rejection(limiter.consume('a'))).toBeInstanceOf(RateLimiterRes)
    expect(await limiter.delete('a')).toBe(true)
    expect(await limiter.delete('a')).toBe(false)
    await limiter.set('a', 1, 60)
    expect(await limiter.get('a')).toMatchObject({ consumedPoints: 1, remainingPoints: 1 })
  })

  it('blocks for ever with 0 seconds, and counts for ever with a duration of 0', async () => {
    await using server = await start()
    const limiter = open(openCache(server.address), { duration: 0 })
    expect(await limiter.consume('a')).toMatchObject({ msBeforeNext: -1 })
    await limiter.block('b', 0)
    expect(await limiter.get('b')).toMatchObject({ consumedPoints: 3, msBeforeNext: -1 })
  })
})

describe('rate-limiter-flexible', () => {
  it('takes one round trip for a call', async () => {
    const { cache } = await startCache()
    const limiter = open(cache)
    await cache.get('connected')
    cache.resetMetrics()
    await limiter.consume('a')
    await limiter.consume('a')
    await limiter.reward('a')
    expect(cache.metrics().writes.written).toBe(3)
  })

  it('never stores a fraction of a second, nor a short duration for ever', async () => {
    const { cache } = await startCache()
    await open(cache, { duration: 0.3 }).consume('a')
    expect((await cache.inspect('test:a'))!.ttl).toBe(1)
  })

  it('blocks for blockDuration at the first point too many', async () => {
    const { cache } = await startCache()
    const limiter = open(cache, { points: 1, blockDuration: 600 })
    await limiter.consume('a')
    expect(await rejection(limiter.consume('a'))).toMatchObject({ msBeforeNext: 600_000 })
    expect((await cache.inspect('test:a'))!.ttl).toBeGreaterThan(590)
  })

  it('takes keys that memcached does not', async () => {
    const { cache } = await startCache()
    const limiter = open(cache)
    for (const key of ['x'.repeat(1000), '😀'.repeat(100), 'a b'])
      expect(await limiter.consume(key)).toMatchObject({ consumedPoints: 1 })
  })

  it('works within BurstyRateLimiter', async () => {
    const { cache } = await startCache()
    const bursty = new BurstyRateLimiter(open(cache, { points: 1 }), open(cache, { points: 1, keyPrefix: 'burst' }))
    await bursty.consume('a')
    await bursty.consume('a')
    expect(await rejection(bursty.consume('a'))).toBeInstanceOf(RateLimiterRes)
  })

  it('goes to the insuranceLimiter when the cache fails, and only then', async () => {
    const cache = openCache(await deadAddress(), { failures: 'miss', timeoutMs: 5000, connectTimeoutMs: 5000 })
    expect(await rejection(open(cache).consume('a'))).toMatchObject({ delivery: 'not-sent' })
    const insuranceLimiter = new RateLimiterMemory({ points: 1, duration: 60 })
    const insured = open(cache, { insuranceLimiter })
    expect(await insured.consume('a')).toMatchObject({ consumedPoints: 1 })
    expect(await rejection(insured.consume('a'))).toBeInstanceOf(RateLimiterRes)
    const { cache: working } = await startCache()
    const other = open(working, { insuranceLimiter: new RateLimiterMemory({ points: 1000, duration: 60 }) })
    await other.consume('a', 2)
    // A refusal is no failure: it does not go on to the other limiter.
    expect(await rejection(other.consume('a'))).toMatchObject({ consumedPoints: 3 })
  })

  it('refuses what cannot be', async () => {
    const { cache } = await startCache()
    expect(() => open({} as Memcache)).toThrow(/storeClient must be a Memcache/)
    expect(() => open(cache.namespace('a') as never)).toThrow(/storeClient must be a Memcache/)
    for (const other of [RateLimiterMemory, RateLimiterRedis, undefined, {}])
      expect(() => rateLimiterFlexible(other as never)).toThrow(/the class RateLimiterMemcache/)
    await expect(open(cache).consume('a', 1.5)).rejects.toThrow(/whole number/)
  })

  it('fails where the server speaks the classic protocol only, and says why', async () => {
    const { server } = await startCache()
    const classic = open(openCache(server.address, { protocol: 'text' }))
    const error = await rejection(classic.consume('a'))
    expect(error).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', delivery: 'not-sent' })
    expect(String(error)).toContain('meta protocol')
  })
})
