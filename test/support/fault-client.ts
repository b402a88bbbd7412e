import { onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { type MemcacheOptions, patient } from './memcache-options.ts'

/**
 * A client for a server that misbehaves; destroyed when the test has ended. Its times are for a busy machine: where one must
 * pass, the test gives it.
 */
export function faultClient(address: string, options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(address, { ...patient, ...options })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}
