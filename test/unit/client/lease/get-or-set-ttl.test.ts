import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { faultClient } from '../../../support/fault-client.ts'

const month = 30 * 24 * 3600

describe('the time that staleOnError adds', () => {
  it.each([
    ['a short ttl', 100, 100],
    ['30 days', month, month],
    ['more than 30 days', month + 50, month + 50],
    ['a point in time', new Date(Date.now() + 3_600_000), 3600],
  ] as const)('lengthens %s', async (_name, ttl, seconds) => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    await cache.getOrSet('k', () => 1, { ttl, staleOnError: 500 })
    const left = (await cache.inspect('k'))!.ttl
    // A point in time was some while ago when the test began.
    expect(left).toBeGreaterThan(seconds + 400)
    expect(left).toBeLessThanOrEqual(seconds + 502)
  })

  it('leaves what never expires as it is', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    await cache.getOrSet('k', () => 1, { ttl: 0, staleOnError: 500 })
    expect((await cache.inspect('k'))!.ttl).toBe(Number.POSITIVE_INFINITY)
  })

  it('is not shortened by jitter', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ttlJitter: 0.5 })
    for (let at = 0; at < 20; at++) await cache.getOrSet(`k${at}`, () => 1, { ttl: 100, staleOnError: 1000 })
    const left = await Promise.all(Array.from({ length: 20 }, async (_, at) => (await cache.inspect(`k${at}`))!.ttl))
    expect(Math.min(...left)).toBeGreaterThanOrEqual(1045)
    expect(Math.max(...left)).toBeLessThanOrEqual(1100)
    expect(new Set(left).size).toBeGreaterThan(1)
  })
})

describe('a point in time that passes while the value is being loaded', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it.each([
    ['ttl', 'loaded', 'inline'],
    ['ttl', 'loaded', 'key'],
    ['emptyTtl', null, 'inline'],
  ] as const)('as %s: %j is returned and not stored, lease %s', async (option, value, lease) => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    vi.useFakeTimers({ toFake: ['Date'] })
    const until = new Date(Date.now() + 1000)
    const load = (): string | null => {
      vi.setSystemTime(until.getTime() + 1)
      return value
    }
    expect(await cache.getOrSet<string | null>('k', load, { [option]: until, lease })).toBe(value)
    expect(await cache.getMany(['k', 'k:lease'])).toEqual(new Map())
    expect(await cache.add('k', 'nothing is in its place')).toBe(true)
  })

  it('may be a Date of another realm', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    vi.useFakeTimers({ toFake: ['Date'] })
    const untilMs = Date.now() + 1000
    const until = runInNewContext(`new Date(${untilMs})`) as Date
    expect(until instanceof Date).toBe(false)
    const load = (): number => {
      vi.setSystemTime(untilMs + 1)
      return 5
    }
    expect(await cache.getOrSet('k', load, { ttl: until })).toBe(5)
    expect(await cache.add('k', 'nothing is in its place')).toBe(true)
  })

  it('may come from the function that decides by the value', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    const over = { ttl: (value: number): Date => new Date(Date.now() - value) }
    expect(await cache.getOrSet('k', () => 5, over)).toBe(5)
    expect(await cache.add('k', 'nothing is in its place')).toBe(true)
    const many = await cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, 5])), over)
    expect(many.size).toBe(2)
    expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
  })

  it('refuses a ttl that the function cannot have meant', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    const loaded = cache.getOrSet('k', () => 5, { ttl: () => Number.NaN })
    await expect(loaded).rejects.toThrow('ttl must be whole seconds')
    await expect(cache.getOrSet('k', () => 5, { ttl: () => new Date(Number.NaN) })).rejects.toThrow('an invalid Date')
  })
})
