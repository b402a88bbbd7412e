import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { eventually, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'

describe('a bad network', () => {
  let server: MemcachedServer
  beforeAll(async () => {
    server = await MemcachedServer.start({ host: '127.0.0.1', port: 0 })
  })
  afterAll(() => server.close())

  it('that delivers replies byte by byte changes no answer', async () => {
    await using proxy = await FaultProxy.start(server.address)
    proxy.set('toClient', { splitBytes: 1 })
    const cache = faultClient(proxy.address, patient)
    const keys = Array.from({ length: 100 }, (_, at) => `split${at}`)
    await cache.setMany(keys.map((key) => [key, `END\r\n${key}`]))
    expect([...(await cache.getMany(keys)).values()]).toEqual(keys.map((key) => `END\r\n${key}`))
  })

  it('that is slow delays answers, nothing else', async () => {
    await using proxy = await FaultProxy.start(server.address)
    proxy.set({ latencyMs: 20 })
    const cache = faultClient(proxy.address, patient)
    const calls = Array.from({ length: 50 }, (_, at) => cache.set(`slow${at}`, at).then(() => cache.get(`slow${at}`)))
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 50 }, (_, at) => at))
  })

  it('that freezes and thaws gives late replies to nobody', async () => {
    await using proxy = await FaultProxy.start(server.address)
    const cache = faultClient(proxy.address, { timeoutMs: 200 })
    const keys = Array.from({ length: 20 }, (_, at) => `frozen${at}`)
    await eventually(() => cache.setMany(keys.map((key) => [key, key])))
    proxy.freeze()
    for (const outcome of await settleAll(
      keys.map((key) => cache.get(key)),
      10_000,
    )) {
      expect(outcome.status).toBe('rejected')
    }
    proxy.thaw()
    for (const key of keys.toReversed()) await eventually(async () => expect(await cache.get(key)).toBe(key), 15_000)
  })

  it('that garbles replies gives no wrong answer to a checked read', async () => {
    await using proxy = await FaultProxy.start(server.address)
    const cache = faultClient(proxy.address, { timeoutMs: 1000, coalesceReads: false })
    await eventually(async () => expect(await cache.set('clean', 'value')).toBe(true))
    proxy.set('toClient', {
      transform: (chunk) => Buffer.from(chunk.toString('latin1').replaceAll('VALUE', 'VALVE'), 'latin1'),
    })
    const outcomes = await settleAll([cache.get('clean'), cache.get('clean')], 10_000)
    for (const outcome of outcomes) expect(outcome.status).toBe('rejected')
    await proxy.heal()
    await eventually(async () => expect(await cache.get('clean')).toBe('value'), 15_000)
  })

  it('that resets connections under load leaves nothing hanging', async () => {
    await using proxy = await FaultProxy.start(server.address)
    const cache = faultClient(proxy.address, { timeoutMs: 1000 })
    for (let round = 0; round < 10; round++) {
      const calls = Array.from({ length: 100 }, (_, at) => cache.get(`none${at}`))
      setImmediate(() => proxy.reset())
      for (const outcome of await settleAll(calls, 15_000)) {
        if (outcome.status === 'fulfilled') expect(outcome.value).toBeUndefined()
      }
    }
    await eventually(async () => expect(await cache.get('none')).toBeUndefined(), 15_000)
  })
})
