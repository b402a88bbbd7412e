import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { raw } from '../serde/raw.ts'
import { type CacheOrServers, THROWS } from './host-client.ts'
import { hostKey } from './host-key.ts'
import { type NextCache, type NextOptions, openNextCache } from './next.ts'
import { decodeItem } from './next-entry.ts'
import { MAX_ENTRY_SECONDS, nextNow, type TagDurations } from './next-tags.ts'
import { atLeastSeconds } from './seconds.ts'

/** Header by which Next.js keeps the tags of a page. */
const TAGS_HEADER = 'x-next-cache-tags'

/** Keys whose time of reading is noted, at most. */
const MAX_NOTED = 1000

/** Lifetime of a page, in seconds. */
export interface NextCacheControl {
  /** Seconds after which it is made anew; `false`: never. */
  readonly revalidate: number | false
  /** Seconds after which it is gone. */
  readonly expire?: number | undefined
}

/** The value of a page, a route or a `fetch`, as Next.js gives it. `null`: a page that is not there. */
export interface NextValue {
  /** `APP_PAGE`, `APP_ROUTE`, `PAGES`, `FETCH` and others. */
  readonly kind: string
  /** Headers of a page. One of them has its tags. */
  readonly headers?: Readonly<Record<string, unknown>> | undefined
  /** Tags of a result of `fetch`. */
  readonly tags?: readonly string[] | undefined
  /** Seconds after which a result of `fetch` is fetched anew; `false`: never. */
  readonly revalidate?: number | false | undefined
}

/** Facts about a call, as Next.js gives them. */
export interface NextContext {
  /** Kind of what is read. */
  readonly kind?: string
  /** Whether a result of `fetch` is stored. */
  readonly fetchCache?: boolean
  /** Tags of a result of `fetch`. */
  readonly tags?: readonly string[]
  /** Tags of the path that is being made. */
  readonly softTags?: readonly string[]
  /** Seconds after which the reader wants a result of `fetch` anew. */
  readonly revalidate?: number | false
  /** Lifetime of a page that is stored. */
  readonly cacheControl?: NextCacheControl
}

/** An entry of the incremental cache, as Next.js takes it. */
export interface NextIncrementalEntry {
  /** Milliseconds since 1970; -1: Next.js makes the page anew before it answers. */
  readonly lastModified: number
  /** The value; `null`: there is no such page. */
  readonly value: NextValue | null
  /** Lifetime of a page. */
  readonly cacheControl?: NextCacheControl
}

/** A handler of the option `cacheHandler`: Next.js makes one for each request. */
export interface NextIncrementalHandler {
  /** Reads an entry; `null` on a miss, after a revalidation, and where the cache fails. */
  get(key: string, context?: NextContext): Promise<NextIncrementalEntry | null>
  /** Stores an entry. Never rejects. */
  set(key: string, value: NextValue | null, context?: NextContext): Promise<void>
  /** Takes note that tags were revalidated. Rejects where the cache fails: entries of those tags may still be served. */
  revalidateTag(tags: string | string[], durations?: TagDurations): Promise<void>
  /** Does nothing: the handler remembers nothing. */
  resetRequestCache(): void
}

/** Facts about the application, as Next.js gives them to the constructor. */
export interface NextHandlerInit {
  /** Folder of the built server. The name of the build stands beside it. */
  readonly serverDistDir?: string
}

/** Constructor of {@link NextIncrementalHandler}. */
export type NextIncrementalClass = new (init?: NextHandlerInit) => NextIncrementalHandler

/** An item of the cache. */
interface Stored extends NextIncrementalEntry {
  readonly tags: readonly string[]
}

/**
 * Makes the class for the option `cacheHandler` of Next.js 16: pages of incremental static regeneration, routes, and results of
 * `fetch` are in memcached, where all instances find them. Set `cacheMaxMemorySize: 0` beside it. Pages belong to the build
 * that made them; results of `fetch` outlive it.
 *
 * @param cache - Servers, `localhost:11211` when left out, or a `Memcache`.
 * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
 *
 * @example
 * ```ts
 * // isr-handler.mjs, named by next.config: cacheHandler: require.resolve('./isr-handler.mjs')
 * export default incrementalCacheHandler(process.env.MEMCACHED_SERVERS?.split(','), { client: { timeoutMs: 500 } })
 * ```
 */
export function incrementalCacheHandler(cache?: CacheOrServers, options: NextOptions = {}): NextIncrementalClass {
  const parts = openNextCache('incrementalCacheHandler of memlane/next', cache, options)
  return class extends IncrementalHandler {
    constructor(init: NextHandlerInit = {}) {
      super(parts, init)
    }
  }
}

class IncrementalHandler implements NextIncrementalHandler {
  readonly #parts: NextCache
  readonly #build: string
  /** Times at which keys were read: what is stored then is made after that. */
  readonly #readAt: Map<string, number> = new Map()

  constructor(parts: NextCache, { serverDistDir }: NextHandlerInit) {
    this.#parts = parts
    this.#build = buildOf(serverDistDir)
  }

  async get(key: string, context: NextContext = {}): Promise<NextIncrementalEntry | null> {
    this.#noteRead(this.#key(key, context))
    try {
      return await this.#read(key, context)
    } catch (error) {
      this.#parts.report(error)
      return null
    }
  }

  async #read(key: string, context: NextContext): Promise<NextIncrementalEntry | null> {
    const { cache, tags } = this.#parts
    const item = await cache.get<Uint8Array>(this.#key(key, context), { ...THROWS, serde: raw })
    const found = item && (decodeItem(item) as Stored | undefined)
    if (found === undefined) return null
    const soft = [...(context.tags ?? []), ...(context.softTags ?? [])].filter((tag) => !found.tags.includes(tag))
    const state = await tags.stateOf(found.lastModified, found.tags, soft)
    if (state === 'expired') return null
    const { value, cacheControl, lastModified } = found
    const entry = { value, ...(cacheControl !== undefined && { cacheControl }) }
    return { ...entry, lastModified: state === 'stale' ? staleTime(found, context) : lastModified }
  }

  async set(key: string, value: NextValue | null, context: NextContext = {}): Promise<void> {
    try {
      await this.#store(key, value, context)
    } catch (error) {
      this.#parts.report(error)
    }
  }

  async #store(key: string, value: NextValue | null, context: NextContext): Promise<void> {
    const { cache, tags } = this.#parts
    const { cacheControl } = context
    const names = tagsOf(value, context)
    const wireKey = this.#key(key, context)
    const lastModified = Math.floor(this.#readAt.get(wireKey) ?? nextNow())
    this.#readAt.delete(wireKey)
    if (!(await tags.prepare(lastModified, names))) return
    const seconds = Math.min(cacheControl?.expire ?? MAX_ENTRY_SECONDS, MAX_ENTRY_SECONDS)
    if (seconds <= 0) return
    const stored: Stored = { lastModified, value, tags: names, ...(cacheControl !== undefined && { cacheControl }) }
    const options = { ...THROWS, serde: raw, ttl: atLeastSeconds(seconds * 1000) }
    await cache.set(wireKey, serialize(stored), options)
  }

  async revalidateTag(tags: string | string[], durations?: TagDurations): Promise<void> {
    await this.#parts.tags.revalidate(typeof tags === 'string' ? [tags] : tags, durations)
  }

  resetRequestCache(): void {}

  /** Next.js makes a handler for each request: there are few keys. */
  #noteRead(wireKey: string): void {
    this.#readAt.set(wireKey, nextNow())
    if (this.#readAt.size > MAX_NOTED) this.#readAt.delete(this.#readAt.keys().next().value!)
  }

  /** Pages name files of their build. */
  #key(key: string, { kind, fetchCache }: NextContext): string {
    const scope = kind === 'FETCH' || fetchCache === true ? 'fetch' : `page:${this.#build}`
    return `${this.#parts.prefix}${hostKey(`${scope}:${key}`)}`
  }
}

/** Builds whose name was read, by folder. */
const builds: Map<string, string> = new Map()

/** Returns the name of a build: Next.js writes it beside the folder of the server, before it makes pages. */
function buildOf(serverDistDir: string | undefined): string {
  if (serverDistDir === undefined) return ''
  let build = builds.get(serverDistDir)
  if (build === undefined) {
    build = readBuild(join(serverDistDir, '..', 'BUILD_ID'))
    if (build !== '') builds.set(serverDistDir, build)
  }
  return build
}

function readBuild(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function tagsOf(value: NextValue | null, { tags = [] }: NextContext): string[] {
  const header = value?.headers?.[TAGS_HEADER]
  const named = typeof header === 'string' ? header.split(',').filter((tag) => tag !== '') : []
  return [...new Set([...tags, ...(value?.tags ?? []), ...named])]
}

/** Returns a time by which Next.js finds an entry due: it serves the entry, and makes it anew. */
function staleTime({ value, cacheControl }: Stored, { revalidate }: NextContext): number {
  const seconds = revalidate || (value?.kind === 'FETCH' ? value.revalidate : cacheControl?.revalidate)
  return typeof seconds === 'number' ? Math.floor(nextNow()) - seconds * 1000 - 1000 : -1
}
