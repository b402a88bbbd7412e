import { expect, onTestFinished } from 'vitest'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import type { MemcacheSyncOptions } from '../../src/sync/options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

/** Servers that end with the test. */
export async function startServers(count: number): Promise<RealMemcached[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()))
  onTestFinished(() => Promise.all(servers.map((server) => server.stop())).then(() => undefined))
  return servers
}

/** A client that ends with the test. Its times are for a busy machine: a test whose call must time out says so at the call. */
export function open(addresses: readonly string[], options: MemcacheSyncOptions = {}): MemcacheSync {
  const cache = new MemcacheSync(addresses, { timeoutMs: 10_000, connectTimeoutMs: 10_000, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

export const KEYS: readonly string[] = Array.from({ length: 60 }, (_, at) => `key:${at}`)

/** So that there is a connection to every server, and the direct way is open. */
export function fill(cache: MemcacheSync): void {
  for (let round = 0; round < 3; round++) for (const key of KEYS) expect(cache.set(key, `${key}!`)).toBe(true)
  for (const key of KEYS) expect(cache.get(key)).toBe(`${key}!`)
}

/** Those of the keys that are on a server. */
export function keysOf(cache: MemcacheSync, server: string): string[] {
  return KEYS.filter((key) => cache.serverFor(key)?.name === server)
}
