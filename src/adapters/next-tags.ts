import type { Memcache } from '../client/memcache.ts'
import { THROWS } from './host-client.ts'
import { hostKey } from './host-key.ts'

/** What became of a tag. Points in time, in milliseconds since 1970; 0: never. */
interface TagTimes {
  /** Entries made before it are served once more while they are made anew. */
  readonly stale: number
  /** Entries made before it are gone. */
  readonly expired: number
  /** When entries made before `stale` are gone. */
  readonly later: number
}

/** State of an entry by its tags. */
export type TagState = 'fresh' | 'stale' | 'expired'

/** Durations as Next.js gives them. */
export interface TagDurations {
  /** Seconds until the entries that are stale now are gone. */
  readonly expire?: number
}

/** Longest time to live of an entry, in seconds: tags must live longer. */
export const MAX_ENTRY_SECONDS: number = 30 * 86_400

const FORM = /^(\d{1,16}),(\d{1,16}),(\d{1,16})$/

/** Tags of Next.js, each an item with the times when it was revalidated. All instances see them at the next request. */
export class NextTags {
  readonly #cache: Memcache
  readonly #prefix: string

  constructor(cache: Memcache, prefix: string) {
    this.#cache = cache
    this.#prefix = `${prefix}tag:`
  }

  /**
   * Reads all tags in one round trip, and finds the state of an entry. A tag of the entry that is not there was evicted, with
   * what was known of it: the entry is expired. A soft tag is that of a path, which is written when it is revalidated and not
   * before: one that is not there says nothing.
   *
   * @param madeAt - When the making of the entry began, in milliseconds since 1970.
   * @throws `MemcacheError` - tags cannot be read.
   */
  async stateOf(madeAt: number, tags: readonly string[], softTags: readonly string[]): Promise<TagState> {
    const times = await this.#read([...tags, ...softTags])
    if (tags.some((tag) => !times.has(tag))) return 'expired'
    const now = nextNow()
    const states = [...times.values()].map((known) => stateBy(known, madeAt, now))
    if (states.includes('expired')) return 'expired'
    return states.includes('stale') ? 'stale' : 'fresh'
  }

  /**
   * Prepares the tags of an entry that is to be stored: those that are not there are made. What was stored before them is expired
   * by that.
   *
   * @returns whether the entry is good: none of its tags expired while it was made.
   */
  async prepare(madeAt: number, tags: readonly string[]): Promise<boolean> {
    if (tags.length === 0) return true
    const times = await this.#read(tags)
    const missing = tags.filter((tag) => !times.has(tag))
    if (missing.length > 0) {
      const first = show({ stale: 0, expired: Math.floor(madeAt), later: 0 })
      await this.#cache.addMany(new Map(missing.map((tag) => [this.#key(tag), first])), { ...THROWS, ttl: 0 })
    }
    const now = nextNow()
    return [...times.values()].every((known) => stateBy(known, madeAt, now) !== 'expired')
  }

  /**
   * Takes note that tags were revalidated.
   *
   * @param durations - Without them, entries are gone at once; with them, they are stale now, and gone after `expire` seconds.
   * @throws `MemcacheError` - the first failure: entries of that tag may still be served.
   */
  async revalidate(tags: readonly string[], durations: TagDurations | undefined): Promise<void> {
    const now = Math.ceil(nextNow())
    const change = (current: unknown): string => show(revalidated(parse(current), now, durations))
    const updates = [...new Set(tags)].map((tag) => this.#cache.update(this.#key(tag), change, { ...THROWS, ttl: 0 }))
    await Promise.all(updates)
  }

  async #read(tags: readonly string[]): Promise<Map<string, TagTimes>> {
    const names = [...new Set(tags)]
    if (names.length === 0) return new Map()
    const found = await this.#cache.getMany(
      names.map((tag) => this.#key(tag)),
      THROWS,
    )
    const known = names.map((tag) => [tag, parse(found.get(this.#key(tag)))] as const)
    return new Map(known.filter((pair): pair is readonly [string, TagTimes] => pair[1] !== undefined))
  }

  #key(tag: string): string {
    return this.#prefix + hostKey(tag)
  }
}

/** Returns the time in milliseconds since 1970, by the clock from which Next.js takes the times of entries. */
export function nextNow(): number {
  return performance.timeOrigin + performance.now()
}

function stateBy({ stale, expired, later }: TagTimes, madeAt: number, now: number): TagState {
  if (expired > madeAt) return 'expired'
  if (stale <= madeAt) return 'fresh'
  return later > 0 && later <= now ? 'expired' : 'stale'
}

/** Returns the times of a tag after it was revalidated. Of one that was not there all may be old: that is gone. */
function revalidated(known: TagTimes | undefined, now: number, durations: TagDurations | undefined): TagTimes {
  if (durations === undefined || known === undefined) return { stale: 0, expired: now, later: 0 }
  const { expire } = durations
  const later = expire === undefined ? known.later : Math.min(now + Math.ceil(expire * 1000), Number.MAX_SAFE_INTEGER)
  return { stale: now, expired: known.expired, later }
}

function show({ stale, expired, later }: TagTimes): string {
  return `${stale},${expired},${later}`
}

/** Reads the item of a tag; undefined where there is none, or it is none. */
function parse(value: unknown): TagTimes | undefined {
  const match = typeof value === 'string' ? FORM.exec(value) : null
  if (match === null) return undefined
  const [, stale, expired, later] = match
  return { stale: Number(stale), expired: Number(expired), later: Number(later) }
}
