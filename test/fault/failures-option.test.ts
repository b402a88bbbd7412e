import { Buffer } from 'node:buffer'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BatchError, InvalidInputError, MemcacheError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'

async function deadServer(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}

async function startProxied(): Promise<{ server: MemcachedServer; proxy: FaultProxy }> {
  const server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.address)
  onTestFinished(async () => {
    await proxy.close()
    await server.close()
  })
  return { server, proxy }
}

describe('a server that is down', () => {
  it('throw: every call rejects, batches with an error per key', async () => {
    const cache = faultClient(await deadServer(), { failures: 'throw' })
    expect(await rejection(cache.get('k'))).toBeInstanceOf(MemcacheError)
    const reads = (await rejection(cache.getMany(['a', 'b']))) as BatchError
    expect(reads).toBeInstanceOf(BatchError)
    expect([...reads.failed.keys()]).toEqual(['a', 'b'])
    const writes = (await rejection(cache.setMany({ a: 1, b: 2 }))) as BatchError
    expect(writes.done).toEqual([])
    expect([...writes.failed.keys()]).toEqual(['a', 'b'])
    expect(await rejection(cache.deleteMany(['a']))).toBeInstanceOf(BatchError)
  })

  it('missReads: reads are misses, writes reject', async () => {
    const cache = faultClient(await deadServer(), { failures: 'missReads' })
    const events = collectCommandErrors(cache)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.get('k', { default: 0 })).toBe(0)
    expect(await cache.gets('k')).toBeUndefined()
    expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
    expect(events.length).toBe(5)
    expect(await rejection(cache.set('k', 1))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.delete('k'))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.incr('k'))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.setMany({ a: 1 }))).toBeInstanceOf(BatchError)
  })

  it('miss: writes are false as well, cas and bad input still reject', async () => {
    const cache = faultClient(await deadServer(), { failures: 'miss' })
    const events = collectCommandErrors(cache)
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.set('k', 1)).toBe(false)
    expect(await cache.delete('k')).toBe(false)
    expect(await cache.touch('k', 1)).toBe(false)
    expect(await cache.incr('k')).toBeUndefined()
    expect(await cache.decr('k')).toBeUndefined()
    expect(await cache.setMany({ a: 1, b: 2 })).toEqual(['a', 'b'])
    expect(await cache.deleteMany(['a'])).toBe(0)
    expect(events.length).toBe(9)
    for (const event of events) expect(event.error).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.cas('k', 1, 1n))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.get(''))).toBeInstanceOf(InvalidInputError)
  })

  it('miss: a counter whose reply was lost is not counted again, though it might be missing', async () => {
    const { server, proxy } = await startProxied()
    const direct = faultClient(server.address)
    const cache = faultClient(proxy.address, { failures: 'miss' })
    const events = collectCommandErrors(cache)
    await direct.set('count', 10)
    await cache.get('count')
    // The reply to the first command is lost.
    let isFirst = true
    proxy.set('toClient', {
      transform: (chunk) => {
        if (!isFirst) return chunk
        isFirst = false
        setImmediate(() => proxy.reset())
        return Buffer.alloc(0)
      },
    })
    expect(await cache.incr('count', 1, { initial: 1 })).toBeUndefined()
    expect(await direct.get('count')).toBe(11)
    await direct.set('text', 'hello')
    expect(await cache.incr('text', 1, { initial: 5 })).toBeUndefined()
    expect(events).toHaveLength(2)
    expect(await cache.incr('none', 1, { initial: 5 })).toBe(5)
  })

  it('nobody listens: absorbed failures stay absorbed', async () => {
    const cache = faultClient(await deadServer(), { failures: 'missReads' })
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual(new Map())
  })
})
