import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { BatchError, MemcacheError } from '../../src/errors.ts'
import { startCachingProxy } from '../support/caching-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

const BACKENDS = 6
const KEYS = Array.from({ length: 120 }, (_, index) => `key:${index}`)

/** A client of one server. */
function clientOf(address: string): Memcache {
  const client = new Memcache(address, patient)
  onTestFinished(() => client.destroy())
  return client
}

describe.each(['builtin', 'twemproxy'] as const)('six servers behind a proxy (%s)', (kind) => {
  it('have their keys read and written; where one dies, its keys alone fail, none looks like a miss, and it comes back', async () => {
    const proxy = await startCachingProxy(kind, BACKENDS)
    onTestFinished(proxy.stop)
    const cache = clientOf(proxy.address)
    expect(await cache.setMany(KEYS.map((key) => [key, `value of ${key}`]))).toEqual([])
    const all = new Map(KEYS.map((key) => [key, `value of ${key}`]))
    expect(await cache.getMany(KEYS)).toEqual(all)
    const held = await Promise.all(proxy.backends.map(async ({ address }) => clientOf(address).getMany(KEYS)))
    expect(held.every(({ size }) => size > 0)).toBe(true)
    expect(held.reduce((sum, { size }) => sum + size, 0)).toBe(KEYS.length)

    const [dead] = proxy.backends.slice(-1)
    const lost = held.at(-1)!
    await dead!.stop()
    // The proxy notices at the first command.
    await eventually(async () => {
      const outcomes = await Promise.allSettled(KEYS.map((key) => cache.get(key)))
      for (const [index, outcome] of outcomes.entries()) {
        const key = KEYS[index]!
        if (lost.has(key)) expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) })
        else expect(outcome).toEqual({ status: 'fulfilled', value: `value of ${key}` })
      }
    })
    const failure: unknown = await cache.getMany(KEYS).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(BatchError)
    const { found, failed } = failure as BatchError
    for (const key of lost.keys()) expect(failed?.has(key)).toBe(true)
    for (const [key, value] of found ?? []) expect(value).toBe(`value of ${String(key)}`)

    const again = await startMemcached({ port: dead!.port, ...(kind === 'builtin' ? { version: '1.6.45' } : {}) })
    onTestFinished(() => again.stop())
    await eventually(async () => expect(await cache.setMany([...lost.keys()].map((key) => [key, 'new']))).toEqual([]))
    expect(await cache.getMany(KEYS)).toEqual(
      new Map([...all, ...[...lost.keys()].map((key): [string, string] => [key, 'new'])]),
    )
  })
})
