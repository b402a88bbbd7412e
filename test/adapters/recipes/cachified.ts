import { type Cache, type CacheEntry, type CacheMetadata, totalTtl } from '@epic-web/cachified'
import { type Memcache, ttlFromMs } from 'memlane'

/** A failure is a miss. cachified would reject where `delete` does. */
const MISS = { failures: 'miss' } as const

/** The option `cache` of `cachified`. */
export function cachifiedCache(cache: Memcache, prefix = 'cachified:'): Cache {
  const entries = cache.namespace<CacheEntry>(prefix)
  return {
    name: 'memcached',
    get: (key) => entries.get(key, MISS),
    set: (key, entry) => entries.set(key, entry, { ...MISS, ttl: ttlOf(entry.metadata) }),
    delete: (key) => entries.delete(key, MISS),
  }
}

/** cachified looks at the time itself, so the item must not end before. `swr: Infinity` comes as `null`. */
function ttlOf(metadata: CacheMetadata): number {
  return ttlFromMs(metadata.swr === null ? Number.POSITIVE_INFINITY : totalTtl(metadata), { atLeast: true })
}
