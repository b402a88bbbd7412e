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

  it('of a call: its failures are results, and those of other calls errors', async () => {
    const cache = faultClient(await deadServer())
    const events = collectCommandErrors(cache)
    expect(await cache.get('k', { failures: 'missReads' })).toBeUndefined()
    expect(await cache.set('k', 1, { failures: 'miss' })).toBe(false)
    expect(await cache.sets('k', 1, { failures: 'miss' })).toEqual({ stored: false })
    expect(await cache.append('k', 'x', { failures: 'miss', create: { ttl: 1 } })).toBe(false)
    expect(await cache.incr('k', 1, { failures: 'miss', initial: 1 })).toBeUndefined()
    expect(await cache.setMany({ a: 1 }, { failures: 'miss' })).toEqual(['a'])
    expect(await cache.deleteMany(['a'], { failures: 'miss' })).toBe(0)
    expect(await cache.getOrSet('k', () => 5, { failures: 'missReads' })).toBe(5)
    expect(await cache.getOrSetMany(['k'], () => new Map([['k', 6]]), { failures: 'missReads' })).toEqual(
      new Map([['k', 6]]),
    )
    const clearable = cache.namespace('n:', { generations: true })
    expect(await clearable.get('k', { failures: 'missReads', default: 7 })).toBe(7)
    expect(events.length).toBe(10)
    const metrics = cache.metrics().calls
    expect(metrics['get']).toMatchObject({ misses: 2, absorbed: 2 })
    expect(metrics['append']).toMatchObject({ notStored: 1, absorbed: 1 })
    for (const call of [
      cache.get('k'),
      cache.set('k', 1, { failures: 'missReads' }),
      cache.getOrSet('k', () => 5),
      cache.cas('k', 1, 1n, { failures: 'miss' }),
      cache.pop('k', { failures: 'miss' }),
      cache.update('k', () => 1, { failures: 'miss' }),
      clearable.set('k', 1, { failures: 'missReads' }),
    ]) {
      expect(await rejection(call)).toBeInstanceOf(MemcacheError)
    }
    expect(events.length).toBe(10)
  })

  it('of a call: throw makes errors of what the client would absorb', async () => {
    const cache = faultClient(await deadServer(), { failures: 'miss' })
    const events = collectCommandErrors(cache)
    expect(await rejection(cache.get('k', { failures: 'throw' }))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.set('k', 1, { failures: 'missReads' }))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.getMany(['k'], { failures: 'throw' }))).toBeInstanceOf(BatchError)
    expect(await rejection(cache.incr('k', 1, { initial: 1, failures: 'throw' }))).toBeInstanceOf(MemcacheError)
    expect(await rejection(cache.getOrSet('k', () => 5, { failures: 'throw' }))).toBeInstanceOf(MemcacheError)
    expect(events).toEqual([])
  })

  it('an add that need not be reported is no writeFailed event', async () => {
    const cache = faultClient(await deadServer())
    const failed: unknown[] = []
    cache.on('writeFailed', ({ command, key }) => failed.push([command, key]))
    const quiet = { reportFailure: false }
    await rejection(cache.add('a', 1, quiet))
    await rejection(cache.addMany({ b: 1, c: 1 }, quiet))
    await rejection(cache.noreply.add('d', 1, quiet))
    await rejection(cache.namespace('n:').add('e', 1, quiet))
    expect(failed).toEqual([])
    await rejection(cache.add('f', 1, { reportFailure: true }))
    await rejection(cache.addMany({ g: 1 }))
    expect(failed).toEqual([
      ['add', 'f'],
      ['add', 'g'],
    ])
    for (const call of [
      cache.set('a', 1, quiet as object),
      cache.setMany({ a: 1 }, quiet as object),
      cache.add('a', 1, { reportFailure: 0 as never }),
    ]) {
      const error = await rejection(call)
      expect(error).toBeInstanceOf(InvalidInputError)
      expect(error.message).toContain('reportFailure')
    }
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
