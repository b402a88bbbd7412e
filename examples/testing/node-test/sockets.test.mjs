// The same questions with real sockets: a memcached in this process, behind a network that misbehaves.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Memcache } from 'memlane'
import { FaultProxy, MemcachedServer } from 'memlane/testing'
import { cacheOptions, PriceService } from '../price-service.mjs'

let server, network, cache, service

beforeEach(async () => {
  server = await MemcachedServer.start()
  network = await FaultProxy.start(server.address)
  cache = new Memcache(network.address, cacheOptions)
  service = new PriceService({ price: async () => 1.2 }, cache)
})

afterEach(async () => {
  cache.destroy()
  await network.close()
  await server.close()
})

const states = {
  'refuses connections': async () => {
    await network.refuse()
    network.reset()
  },
  'is slow': () => network.set('toClient', { latencyMs: 5000 }),
  freezes: () => network.freeze(),
  'sends half a reply': () => network.set('toClient', { cutAfterBytes: 5 }),
  'sends one byte at a time': () => network.set('toClient', { splitBytes: 1 }),
}

for (const [state, begin] of Object.entries(states)) {
  test(`answers while the cache ${state}, and uses it again afterwards`, async () => {
    await service.price('pear')
    await begin()
    assert.equal(await service.price('apple'), 1.2)
    await network.heal()
    // The client connects again after a pause of its own.
    while ((await cache.get('price:apple')) === undefined) await service.price('apple')
  })
}
