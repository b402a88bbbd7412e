import { createHash } from 'node:crypto'
import type { CacheAdapter } from '@mikro-orm/core'
import { type Clearable, type Memcache, type Namespace, ttlFromMs } from 'memlane'
import { structuredClone } from 'memlane/serde'

/** Options of a `MemlaneResultCache`, which MikroORM hands over. */
export interface MemlaneResultCacheOptions {
  readonly cache: Memcache
  readonly prefix?: string
  /** Milliseconds, where a query does not say. */
  readonly expiration?: number
}

/** Rows have dates and buffers, which JSON loses. A read or write that fails counts as a miss. */
const CALL = { serde: structuredClone, failures: 'miss' } as const

/** Keeps the results of queries. It never closes the client. */
export class MemlaneResultCache implements CacheAdapter {
  readonly #results: Namespace & Clearable
  readonly #expiration: number

  constructor({ cache, prefix = 'mikro:', expiration = 1000 }: MemlaneResultCacheOptions) {
    this.#results = cache.namespace(prefix, { generations: true })
    this.#expiration = expiration
  }

  async get<T>(name: string): Promise<T | undefined> {
    return (await this.#results.get(keyOf(name), CALL)) as T | undefined
  }

  async set(name: string, data: unknown, _origin: string, expiration: number = this.#expiration): Promise<void> {
    await this.#results.set(keyOf(name), data, { ...CALL, ttl: ttlFromMs(expiration) })
  }

  async remove(name: string): Promise<void> {
    await this.#results.delete(keyOf(name), { failures: 'throw' })
  }

  async clear(): Promise<void> {
    await this.#results.clear()
  }
}

/** Names are JSON of the whole query. */
function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

/** The option `resultCache` of MikroORM. */
export function resultCache(cache: Memcache): {
  adapter: typeof MemlaneResultCache
  expiration: number
  options: { cache: Memcache }
} {
  return { adapter: MemlaneResultCache, expiration: 60_000, options: { cache } }
}
