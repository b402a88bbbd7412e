import { onTestFinished } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { type MemcacheOptions, patient } from '../../support/memcache-options.ts'

/** Starts an embedded server and a client of it, which end with the test. */
export async function startCache(
  options: MemcacheOptions = {},
): Promise<{ readonly server: MemcachedServer; readonly cache: Memcache }> {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, { ...patient, ...options })
  onTestFinished(async () => {
    cache.destroy()
    await server.close()
  })
  return { server, cache }
}

/** Opens a client of one server or several, which ends with the test. */
export function openCache(address: string | string[], options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(address, { ...patient, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}
