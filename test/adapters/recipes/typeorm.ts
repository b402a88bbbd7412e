import { createHash } from 'node:crypto'
import { type Clearable, type Memcache, type Namespace, ttlFromMs } from 'memlane'
import type { QueryResultCache } from 'typeorm/cache/QueryResultCache.js'
import type { QueryResultCacheOptions } from 'typeorm/cache/QueryResultCacheOptions.js'

/** Keeps the results of queries. TypeORM makes one for each DataSource; none closes the client. */
export class MemlaneQueryCache implements QueryResultCache {
  readonly #results: Namespace<QueryResultCacheOptions> & Clearable

  constructor(cache: Memcache, prefix = 'typeorm:') {
    this.#results = cache.namespace<QueryResultCacheOptions>(prefix, { generations: true })
  }

  async connect(): Promise<void> {}
  async disconnect(): Promise<void> {}
  async synchronize(): Promise<void> {}

  async getFromCache(options: QueryResultCacheOptions): Promise<QueryResultCacheOptions | undefined> {
    return this.#results.get(keyOf(options))
  }

  async storeInCache(options: QueryResultCacheOptions): Promise<void> {
    // TypeORM looks at the time itself, so the item must not end before.
    await this.#results.set(keyOf(options), options, { ttl: ttlFromMs(options.duration, { atLeast: true }) })
  }

  isExpired({ time = 0, duration }: QueryResultCacheOptions): boolean {
    return time + duration < Date.now()
  }

  async clear(): Promise<void> {
    await this.#results.clear()
  }

  async remove(identifiers: string[]): Promise<void> {
    await this.#results.deleteMany(identifiers.map((identifier) => keyOf({ identifier })))
  }
}

/** SQL is longer than a key may be. */
function keyOf({ identifier, query = '' }: Pick<QueryResultCacheOptions, 'identifier' | 'query'>): string {
  const text = identifier === undefined ? `query:${query}` : `id:${identifier}`
  return createHash('sha256').update(text).digest('base64url')
}

/** The option `cache` of a DataSource. */
export function queryCache(cache: Memcache): { provider: () => QueryResultCache; ignoreErrors: boolean } {
  return { provider: () => new MemlaneQueryCache(cache), ignoreErrors: true }
}
