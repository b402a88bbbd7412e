import { describe, expect, it, onTestFinished } from 'vitest'
import { InvalidInputError, TimeoutError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'

const LATENCY_MS = 250

async function slowServer(): Promise<FaultProxy> {
  const server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.address)
  onTestFinished(async () => {
    await proxy.close()
    await server.close()
  })
  return proxy
}

describe('a namespace with generations on a slow server', () => {
  it('keeps the time of the call, however many round trips it takes', async () => {
    const proxy = await slowServer()
    const cache = faultClient(proxy.address, { timeoutMs: 350 })
    await cache.get('warm')
    proxy.set('toClient', { latencyMs: LATENCY_MS })
    const calls: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
      get: (name) => cache.namespace(name, { generations: true }).get('a'),
      getMany: (name) => cache.namespace(name, { generations: true }).getMany(['a']),
      set: (name) => cache.namespace(name, { generations: true }).set('a', 1),
      noreply: (name) => cache.namespace(name, { generations: true }).noreply.set('a', 1),
      clear: (name) => cache.namespace(name, { generations: true }).clear(),
      own: (name) => cache.namespace(name, { generations: true }).get('a', { timeoutMs: 300 }),
    }
    for (const [name, call] of Object.entries(calls)) {
      const startedAt = performance.now()
      expect(await rejection(call(`${name}:`)), name).toBeInstanceOf(TimeoutError)
      expect(performance.now() - startedAt, name).toBeLessThan(LATENCY_MS * 2)
    }
  })

  it('leaves the command what the generation has left of the time', async () => {
    const proxy = await slowServer()
    const cache = faultClient(proxy.address, { timeoutMs: 350 })
    const users = cache.namespace('users:', { generations: { refreshMs: 0 } })
    await users.set('a', 1)
    expect(await users.get('a')).toBe(1)
    const others = faultClient(proxy.address, { timeoutMs: 350 }).namespace('users:', { generations: true })
    proxy.set('toClient', { latencyMs: LATENCY_MS })
    // It knows no generation yet: two round trips.
    const startedAt = performance.now()
    expect(await rejection(others.get('a', { timeoutMs: 350 }))).toBeInstanceOf(TimeoutError)
    expect(performance.now() - startedAt).toBeLessThan(LATENCY_MS * 2)
    // It does: one.
    expect(await users.get('a')).toBe(1)
  })

  it('asks nobody for a call with bad options', async () => {
    const cache = faultClient(`127.0.0.1:${await freePort()}`)
    const rejected: unknown[] = []
    const listen = (reason: unknown): void => void rejected.push(reason)
    process.on('unhandledRejection', listen)
    onTestFinished(() => {
      process.off('unhandledRejection', listen)
    })
    const users = cache.namespace('users:', { generations: true })
    expect(await rejection(users.get('a', { timeoutMs: 0 }))).toBeInstanceOf(InvalidInputError)
    expect(await rejection(users.get('a', { signal: {} as never }))).toBeInstanceOf(InvalidInputError)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(rejected).toEqual([])
    expect(cache.servers[0]?.connections.open).toBe(0)
  })
})
