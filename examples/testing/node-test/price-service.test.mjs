import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'
import { MockMemcache } from 'memlane/testing'
import { cacheOptions, PriceService } from '../price-service.mjs'

const database = { price: mock.fn(async () => 1.2) }
let cache, service

beforeEach(() => {
  database.price.mock.resetCalls()
  cache = new MockMemcache('cache', cacheOptions)
  service = new PriceService(database, cache)
})

test('asks the database once a minute', async () => {
  await service.price('apple')
  await service.price('apple')
  assert.equal(database.price.mock.callCount(), 1)
  cache.advance(60)
  await service.price('apple')
  assert.equal(database.price.mock.callCount(), 2)
})

const states = {
  down: () => cache.fail({ error: 'down' }),
  slow: () => cache.slow({ latencyMs: 5000 }),
  full: () => cache.fail({ error: 'full' }),
}

for (const [state, begin] of Object.entries(states)) {
  test(`answers while the cache is ${state}, and uses it again afterwards`, async () => {
    const outage = begin()
    assert.equal(await service.price('apple'), 1.2)
    assert.ok(outage.count > 0)
    outage.heal()
    await service.price('apple')
    assert.equal(await cache.get('price:apple'), 1.2)
  })
}
