import { createHash } from 'node:crypto'
import { getTableName } from 'drizzle-orm'
import { Cache, type MutationOption } from 'drizzle-orm/cache/core'
import type { CacheConfig } from 'drizzle-orm/cache/core/types'
import { type Memcache, type Ttl, ttlFromMs } from 'memlane'
import { structuredClone } from 'memlane/serde'
import { type Versions, versions } from 'memlane/versions'

/** Options of a `MemlaneCache`. */
export interface MemlaneCacheOptions {
  /** `'all'` caches every select, `'explicit'` those with `$withCache()`. */
  readonly strategy?: 'explicit' | 'all'
  /** Seconds that a result is kept where its query does not say. */
  readonly ttl?: number
  /** Called when memcached fails. The query goes on. */
  readonly onError?: (error: unknown) => void
}

/** Keeps results under keys that carry the versions of their tables. A mutation changes the versions. */
export class MemlaneCache extends Cache {
  readonly #cache: Memcache
  readonly #versions: Versions
  readonly #options: MemlaneCacheOptions

  constructor(cache: Memcache, options: MemlaneCacheOptions = {}) {
    super()
    this.#cache = cache
    this.#versions = versions(cache, 'drizzle:v:')
    this.#options = options
  }

  override strategy(): 'explicit' | 'all' {
    return this.#options.strategy ?? 'explicit'
  }

  override async get(
    key: string,
    tables: string[],
    isTag: boolean,
    isAutoInvalidate?: boolean,
  ): Promise<unknown[] | undefined> {
    return this.#attempt(async () => {
      const item = await this.#keyOf(key, isAutoInvalidate === false ? [] : tables, isTag)
      return this.#cache.get<unknown[]>(item, { serde: structuredClone, failures: 'throw' })
    })
  }

  override async put(
    key: string,
    response: unknown,
    tables: string[],
    isTag: boolean,
    config?: CacheConfig,
  ): Promise<void> {
    await this.#attempt(async () => {
      const ttl = ttlOf(config) ?? this.#options.ttl ?? 60
      await this.#cache.set(await this.#keyOf(key, tables, isTag), response, { serde: structuredClone, ttl })
    })
  }

  override async onMutate({ tables = [], tags = [] }: MutationOption): Promise<void> {
    const names = [tables].flat().map((table) => (typeof table === 'string' ? table : getTableName(table)))
    const changed = [...names, ...[tags].flat().map(tagName)]
    await this.#attempt(() => this.#versions.bump(...changed))
  }

  async #keyOf(key: string, tables: readonly string[], isTag: boolean): Promise<string> {
    const names = isTag ? [...tables, tagName(key)] : tables
    const text = `${await this.#versions.of(names)}:${key}`
    return `drizzle:${createHash('sha256').update(text).digest('base64url')}`
  }

  async #attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call()
    } catch (error) {
      this.#options.onError?.(error)
      return undefined
    }
  }
}

function tagName(tag: string): string {
  return `tag:${tag}`
}

function ttlOf({ ex, px, exat, pxat }: CacheConfig = {}): Ttl | undefined {
  if (ex !== undefined) return ttlFromMs(ex * 1000)
  if (px !== undefined) return ttlFromMs(px)
  const end = pxat ?? (exat === undefined ? undefined : exat * 1000)
  return end === undefined ? undefined : ttlFromMs(end - Date.now())
}
