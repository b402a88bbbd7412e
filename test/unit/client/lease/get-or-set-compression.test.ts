import { describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../../../src/server/memcached-server.ts'
import { faultClient } from '../../../support/fault-client.ts'
import { patient } from '../../../support/memcache-options.ts'

describe.each(['meta', 'text'] as const)('getOrSet of a large value, protocol %s', (protocol) => {
  it('stores what is compressed on the thread pool', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { ...patient, protocol, compression: { minBytes: 10, asyncBytes: 100 } })
    const text = 'abc'.repeat(50_000)
    expect(await cache.getOrSet('k', () => text)).toBe(text)
    expect(await cache.get('k')).toBe(text)
    expect(await cache.getOrSet('k', () => 'not loaded')).toBe(text)
    expect(await cache.update<string>('k', (current = '') => `${current}!`)).toBe(`${text}!`)
    expect(await cache.pop('k')).toBe(`${text}!`)
  })
})
