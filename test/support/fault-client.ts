import { onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { MemcacheOptions } from './memcache-options.ts'

/** A client with short deadlines for a server that misbehaves; destroyed when the test has ended. */
export function faultClient(address: string, options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(address, { timeoutMs: 400, connectTimeoutMs: 2000, ...options })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}
