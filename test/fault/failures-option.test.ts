import { describe, expect, it } from 'vitest'
import { BatchError, InvalidInputError, MemcacheError } from '../../src/errors.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'

async function deadServer(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
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

  it('nobody listens: absorbed failures stay absorbed', async () => {
    const cache = faultClient(await deadServer(), { failures: 'missReads' })
    expect(await cache.get('k')).toBeUndefined()
    expect(await cache.getMany(['k'])).toEqual(new Map())
  })
})
