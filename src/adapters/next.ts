import type { Memcache } from '../client/memcache.ts'
import { refused } from '../option-checks.ts'
import { raw } from '../serde/raw.ts'
import {
  ADAPTER_NAMES,
  type AdapterOptions,
  type CacheOrServers,
  checkAdapterOptions,
  openHostClient,
  THROWS,
} from './host-client.ts'
import { hostKey } from './host-key.ts'
import { decodeItem, encodeEntry, type NextCacheEntry, type StoredEntry } from './next-entry.ts'
import { MAX_ENTRY_SECONDS, NextTags, type TagDurations } from './next-tags.ts'
import { atLeastSeconds } from './seconds.ts'

/** Options of {@link cacheHandler} and {@link incrementalCacheHandler}. */
export interface NextOptions extends AdapterOptions {
  /** Put in front of every key. Both handlers of an application take the same one: they share tags. @defaultValue `'next:'` */
  readonly prefix?: string
  /**
   * Called with the failure of a read or of a store: the entry is made anew, or is not stored. Errors that it throws are
   * ignored.
   *
   * @defaultValue none: failures are counted by the client's `metrics()`
   */
  readonly onError?: (error: unknown) => void
}

/** A handler of `cacheHandlers`, as Next.js 16 calls it. */
export interface NextCacheHandler {
  /** Reads an entry; undefined on a miss, after a revalidation, and where the cache fails. Waits for a `set` of that key. */
  get(cacheKey: string, softTags: string[]): Promise<NextCacheEntry | undefined>
  /** Stores an entry when all of it is there. Never rejects. */
  set(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void>
  /** Does nothing: tags are read with each entry. */
  refreshTags(): Promise<void>
  /** Returns `Infinity`, by which Next.js gives the tags of paths to `get`. */
  getExpiration(tags: string[]): Promise<number>
  /** Takes note that tags were revalidated. Rejects where the cache fails: entries of those tags may still be served. */
  updateTags(tags: string[], durations?: TagDurations): Promise<void>
}

/** Parts that both handlers have. */
export interface NextCache {
  readonly cache: Memcache
  readonly prefix: string
  readonly tags: NextTags
  /** Gives a failure to `onError`. */
  readonly report: (error: unknown) => void
}

const NAMES: readonly (keyof NextOptions)[] = [...ADAPTER_NAMES, 'onError']
const DEFAULT_PREFIX = 'next:'

/**
 * Checks the options and opens the client.
 *
 * @param name - Name of the handler, for messages.
 */
export function openNextCache(name: string, cache: CacheOrServers | undefined, options: NextOptions): NextCache {
  const prefix = checkAdapterOptions(name, options, NAMES, DEFAULT_PREFIX)
  const { client, onError } = options
  if (onError !== undefined && typeof onError !== 'function') throw refused('onError', 'a function', onError)
  const host = openHostClient(name, cache, client)
  const report = (error: unknown): void => {
    try {
      onError?.(error)
    } catch {
      // The page that is being made has nothing to do with it.
    }
  }
  return { cache: host.cache, prefix, tags: new NextTags(host.cache, prefix), report }
}

/**
 * Makes a handler for the option `cacheHandlers` of Next.js 16: `'use cache'` and `'use cache: remote'` keep their entries in
 * memcached, where all instances find them. `revalidateTag`, `updateTag` and `revalidatePath` of one instance are seen by the
 * others at their next request. While memcached is out, entries are made anew.
 *
 * @param cache - Servers, `localhost:11211` when left out, or a `Memcache`.
 * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
 *
 * @example
 * ```ts
 * // cache-handler.mjs, named by next.config: cacheHandlers: { default: require.resolve('./cache-handler.mjs') }
 * export default cacheHandler(process.env.MEMCACHED_SERVERS?.split(','), { client: { timeoutMs: 500 } })
 * ```
 */
export function cacheHandler(cache?: CacheOrServers, options: NextOptions = {}): NextCacheHandler {
  return new UseCacheHandler(openNextCache('cacheHandler of memlane/next', cache, options))
}

class UseCacheHandler implements NextCacheHandler {
  readonly #parts: NextCache
  /** Ends of the stores under way, by key. */
  readonly #pending: Map<string, Promise<void>> = new Map()

  constructor(parts: NextCache) {
    this.#parts = parts
  }

  async get(cacheKey: string, softTags: string[]): Promise<NextCacheEntry | undefined> {
    await this.#pending.get(cacheKey)
    try {
      return await this.#read(cacheKey, softTags)
    } catch (error) {
      this.#parts.report(error)
      return undefined
    }
  }

  async #read(cacheKey: string, softTags: readonly string[]): Promise<NextCacheEntry | undefined> {
    const { cache, tags } = this.#parts
    const item = await cache.get<Uint8Array>(this.#key(cacheKey), { ...THROWS, serde: raw })
    const found = item && (decodeItem(item) as StoredEntry | undefined)
    if (found === undefined) return undefined
    const { body, ...head } = found
    const state = await tags.stateOf(head.timestamp, head.tags, softTags)
    if (state === 'expired') return undefined
    return { ...head, ...(state === 'stale' && { revalidate: -1 }), value: streamOf(body) }
  }

  set(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void> {
    const storing = this.#store(cacheKey, pendingEntry).catch((error: unknown) => this.#parts.report(error))
    const ended = storing.finally(() => {
      if (this.#pending.get(cacheKey) === ended) this.#pending.delete(cacheKey)
    })
    this.#pending.set(cacheKey, ended)
    return ended
  }

  async #store(cacheKey: string, pendingEntry: Promise<NextCacheEntry>): Promise<void> {
    const { value, ...head } = await pendingEntry
    const body: Uint8Array[] = []
    for await (const piece of value) body.push(piece)
    // Such an entry is never served: Next.js makes it anew for each request.
    if (head.expire <= 0) return
    const { cache, tags } = this.#parts
    if (!(await tags.prepare(head.timestamp, head.tags))) return
    const ttl = atLeastSeconds(Math.min(head.expire, MAX_ENTRY_SECONDS) * 1000)
    await cache.set(this.#key(cacheKey), encodeEntry(head, body), { ...THROWS, serde: raw, ttl })
  }

  async refreshTags(): Promise<void> {}

  async getExpiration(): Promise<number> {
    return Number.POSITIVE_INFINITY
  }

  updateTags(tags: string[], durations?: TagDurations): Promise<void> {
    return this.#parts.tags.revalidate(tags, durations)
  }

  #key(cacheKey: string): string {
    return `${this.#parts.prefix}use:${hostKey(cacheKey)}`
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => {
      if (bytes.length > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
}
