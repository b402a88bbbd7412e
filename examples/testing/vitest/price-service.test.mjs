import { MockMemcache } from 'memlane/testing'
import { beforeEach, expect, it, vi } from 'vitest'
import { cacheOptions, PriceService } from '../price-service.mjs'

const database = { price: vi.fn(async () => 1.2) }
let cache, service

beforeEach(() => {
  database.price.mockClear()
  cache = new MockMemcache('cache', cacheOptions)
  service = new PriceService(database, cache)
})

it('asks the database once a minute', async () => {
  await service.price('apple')
  await service.price('apple')
  expect(database.price).toHaveBeenCalledTimes(1)
  cache.advance(60)
  await service.price('apple')
  expect(database.price).toHaveBeenCalledTimes(2)
})

it.each([
  ['down', () => cache.fail({ error: 'down' })],
  ['slow', () => cache.slow({ latencyMs: 5000 })],
  ['full', () => cache.fail({ error: 'full' })],
])('answers while the cache is %s, and uses it again afterwards', async (_state, begin) => {
  const outage = begin()
  expect(await service.price('apple')).toBe(1.2)
  expect(outage.count).toBeGreaterThan(0)
  outage.heal()
  await service.price('apple')
  expect(await cache.get('price:apple')).toBe(1.2)
})
