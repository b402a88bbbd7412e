import { describe, expect, it } from 'vitest'
import type { Memcache } from '../../../src/client/memcache.ts'
import { MetaClient } from '../../../src/client/meta/client.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { deriveOperation } from '../../../src/seam/derive-operation.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { rejection } from '../../support/eventually.ts'
import { faultClient } from '../../support/fault-client.ts'
import { patient } from '../../support/memcache-options.ts'

async function ttlOf(cache: Memcache, key: string): Promise<number | undefined> {
  return (await cache.inspect(key))?.ttl
}

describe('maxTtl', () => {
  it('holds for what getOrSet stores, its grace included, and keeps the jitter', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { maxTtl: 100, ttlJitter: 0.5 })
    await cache.getOrSet('a', () => 1, { ttl: 1000, staleOnError: 90 })
    await cache.getOrSetMany(['b', 'c'], (keys) => new Map(keys.map((key) => [key, 1])))
    for (const key of ['a', 'b', 'c']) expect(await ttlOf(cache, key)).toBeLessThanOrEqual(100)
    const keys = Array.from({ length: 30 }, (_, at) => `k${at}`)
    await cache.setMany(
      keys.map((key) => [key, 1]),
      { ttl: 5000 },
    )
    const left = await Promise.all(keys.map((key) => ttlOf(cache, key)))
    expect(new Set(left).size).toBeGreaterThan(3)
  })

  it('refuses to keep a value for longer than that in case the loader fails', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { maxTtl: 100 })
    const error = await rejection(cache.getOrSet('a', () => 1, { staleOnError: 100 }))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toContain('staleOnError must be a whole number from 0 to 99')
  })

  it('holds for every meta command, whoever spells the flags', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address)
    const meta = new MetaClient(server.address, { ...patient, maxTtl: 100 })
    await meta.set('a', 1)
    await meta.append('b', 'x', { vivify: 500 })
    await meta.incr('c', 1, { initial: 1, initialTtl: 0 })
    await meta.get('d', { vivify: 500 })
    await meta.set('e', 1, { ttl: 10 })
    await meta.invalidate('e', { ttl: 500 })
    await meta.execute({ command: 'ms', key: 'f', flags: [], value: 'x' })
    for (const key of ['a', 'b', 'c', 'f']) expect(await ttlOf(cache, key)).toBeGreaterThan(90)
    for (const key of ['a', 'b', 'c', 'e', 'f']) expect(await ttlOf(cache, key)).toBeLessThanOrEqual(100)
    const made = await meta.get('d', { value: false, returnTtl: true })
    expect(made).toHaveProperty(
      'ttl',
      expect.toSatisfy((ttl) => ttl > 90 && ttl <= 100),
    )
    await meta.close()
  })

  it('holds for copies out of an older cluster', async () => {
    await using old = await MemcachedServer.start()
    await using server = await MemcachedServer.start()
    await faultClient(old.address).set('a', 1, { ttl: 5000 })
    const cache = faultClient(server.address, { fallback: [[old.address]], refill: true, maxTtl: 100 })
    expect(await cache.get('a')).toBe(1)
    const direct = faultClient(server.address)
    await expect.poll(() => ttlOf(direct, 'a')).toBeLessThanOrEqual(100)
    expect(await ttlOf(direct, 'a')).toBeGreaterThan(90)
  })

  it('holds for what middleware derives, and not for the generation of a namespace', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, {
      maxTtl: 100,
      middleware: [(next) => ({ dispatch: (operation) => next.dispatch(deriveOperation(operation)) })],
    })
    const names = cache.namespace('n:', { generations: true })
    await names.set('a', 1)
    expect(await ttlOf(cache, 'n:generation')).toBe(Number.POSITIVE_INFINITY)
    expect((await names.inspect('a'))?.ttl).toBeLessThanOrEqual(100)
  })
})
