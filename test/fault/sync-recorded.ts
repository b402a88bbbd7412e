import { onTestFinished } from 'vitest'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import { MetaClientSync } from '../../src/sync/meta-client-sync.ts'
import type { MemcacheSyncOptions } from '../../src/sync/options.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { type BlockedProxy, startProxies } from './sync-proxies.ts'

/** A client through a recording proxy, and one straight to the server, which says what was carried out. */
export interface Setup {
  readonly proxy: BlockedProxy
  readonly cache: MemcacheSync
  readonly meta: MetaClientSync
  readonly direct: MemcacheSync
}

/** Starts them; they end with the test. */
export async function setUp(options: MemcacheSyncOptions = {}): Promise<Setup> {
  const server = await startMemcached()
  const [proxy] = await startProxies([server.address])
  proxy!.record()
  const limits = { timeoutMs: 300, connectTimeoutMs: 300 }
  const cache = new MemcacheSync(proxy!.address, { ...limits, ...options })
  const meta = new MetaClientSync(proxy!.address, limits)
  const direct = new MemcacheSync(server.address, { timeoutMs: 10_000 })
  onTestFinished(async () => {
    for (const client of [cache, meta, direct]) client.destroy()
    await server.stop()
  })
  return { proxy: proxy!, cache, meta, direct }
}
