import { describe, expect, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { BatchError, ConnectionClosedError, type MemcacheError, TimeoutError } from '../../src/errors.ts'
import { nearCache } from '../../src/middleware/near/near-cache.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { eventually, rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import { skipTime } from '../support/skip-time.ts'

const TTL_MS = 60_000

/** A client that keeps what it reads, behind a line that breaks, and another process on the same server. */
async function start(
  options: MemcacheOptions = {},
): Promise<{ near: Memcache; far: Memcache; proxy: FaultProxy; reads: () => Promise<unknown> }> {
  const server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.address)
  onTestFinished(async () => {
    await proxy.close()
    await server.close()
  })
  const near = faultClient(proxy.address, { nearCache: nearCache({ ttlMs: TTL_MS, admitAfter: 1 }), ...options })
  const far = faultClient(server.address)
  const reads = async (): Promise<unknown> => (await far.stats()).get(server.address)!['cmd_get']
  await near.connect()
  return { near, far, proxy, reads }
}

describe('a near cache behind a slow line', () => {
  it('counts the time of a value from when its read left, however late the reply comes', async () => {
    const { near, far, proxy, reads } = await start({ timeoutMs: 600_000, validateAfterIdleMs: 600_000 })
    await far.set('a', 'old')
    proxy.freeze('toClient')
    const reading = near.get('a')
    await eventually(async () => expect(await reads()).toBe(1))
    await far.set('a', 'new')
    skipTime(TTL_MS / 2)
    proxy.thaw()
    expect(await reading).toBe('old')
    expect([await near.get('a'), near.nearCache?.hits]).toEqual(['old', 1])
    skipTime(TTL_MS / 2)
    expect(await near.get('a')).toBe('new')
  })

  it('keeps nothing of a read that was aborted, or that timed out, though its reply comes later', async () => {
    const { near, far, proxy, reads } = await start()
    await far.setMany({ a: 'old', b: 'old' })
    proxy.freeze('toClient')
    const controller = new AbortController()
    const aborted = near.getMany(['a', 'b'], { signal: controller.signal })
    const late = near.get('a', { timeoutMs: 30 })
    await eventually(async () => expect(await reads()).toBe(3))
    controller.abort(new Error('enough'))
    expect((await rejection(aborted)).message).toBe('enough')
    expect(await rejection(late)).toBeInstanceOf(TimeoutError)
    await far.setMany({ a: 'new', b: 'new' })
    proxy.thaw()
    expect([...(await near.getMany(['a', 'b'])).values()]).toEqual(['new', 'new'])
    expect([await near.get('a'), near.nearCache?.hits]).toEqual(['new', 1])
  })
})

describe('a near cache behind a line that breaks', () => {
  it('gives no value from before a write that has failed, where the read behind it was tried again', async () => {
    const { near, far, proxy } = await start({ retry: { attempts: 5, delayMs: 20 } })
    await far.set('a', 'old')
    proxy.freeze('toServer')
    const writing = near.incr('a')
    const reading = near.get('a')
    proxy.reset()
    proxy.thaw()
    const error = (await rejection(writing)) as MemcacheError
    expect([error instanceof ConnectionClosedError, error.delivery]).toEqual([true, 'unknown'])
    expect(await reading).toBe('old')
    expect(near.nearCache).toMatchObject({ calledOff: 1, items: 0 })
    await far.set('a', 'new')
    expect(await near.get('a')).toBe('new')
  })

  it('gives no value from before a write that retry has carried out after the read behind it', async () => {
    const { near, far, proxy } = await start({ retry: { attempts: 5, delayMs: 50 } })
    await far.set('a', 'old')
    proxy.freeze('toServer')
    const writing = near.set('a', 'new')
    const reading = near.get('a')
    proxy.reset()
    proxy.thaw()
    expect([await writing, typeof (await reading)]).toEqual([true, 'string'])
    expect([await near.get('a'), await near.get('a')]).toEqual(['new', 'new'])
  })

  it('forgets the keys of quiet writes that were lost with their connection', async () => {
    const { near, far, proxy } = await start({ retry: { attempts: 5, delayMs: 20 } })
    await far.set('a', 'old')
    const failed = new Promise((resolve) => near.once('commandError', resolve))
    proxy.freeze('toServer')
    await near.noreply.set('a', 'lost')
    const reading = near.get('a')
    proxy.reset()
    proxy.thaw()
    await failed
    expect(await reading).toBe('old')
    expect(near.nearCache).toMatchObject({ calledOff: 1, items: 0 })
    await far.set('a', 'new')
    expect(await near.get('a')).toBe('new')
  })

  it('gives what it has of a getMany, and says which keys failed', async () => {
    const { near, far, proxy } = await start()
    await far.setMany({ a: 1, b: 2, c: 3 })
    await near.getMany(['a', 'b'])
    await proxy.refuse()
    proxy.reset()
    const error = (await rejection(near.getMany(['a', 'b', 'c']))) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect([[...error.found], [...error.failed.keys()]]).toEqual([
      [
        ['a', 1],
        ['b', 2],
      ],
      ['c'],
    ])
    expect([await near.get('a'), near.nearCache?.items]).toEqual([1, 2])
  })
})
