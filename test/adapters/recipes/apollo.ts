import { createHash } from 'node:crypto'
import type { KeyValueCache } from '@apollo/utils.keyvaluecache'
import { FOREVER, type Memcache, type Ttl, ttlFromMs } from 'memlane'

/** A failure is a miss: Apollo Server goes on without its cache. */
const MISS = { failures: 'miss' } as const

/** The option `cache` of `ApolloServer`. */
export function apolloCache(cache: Memcache, prefix = 'apollo:'): KeyValueCache {
  const items = cache.namespace<string>(prefix)
  return {
    get: async (key) => items.get(hash(key), MISS),
    set: async (key, value, options) => {
      await items.set(hash(key), value, { ...MISS, ...ttlOf(options?.ttl) })
    },
    delete: async (key) => items.delete(hash(key), MISS),
  }
}

/** Seconds of Apollo may be a fraction; `null` never expires; without any the client's `defaultTtl` holds. */
function ttlOf(seconds: number | null | undefined): { ttl?: Ttl } {
  if (seconds === undefined) return {}
  return { ttl: seconds === null ? FOREVER : ttlFromMs(seconds * 1000) }
}

/** Keys of data sources contain URLs, which may be longer than a key. */
function hash(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}
