import type { Memcache } from '../client/memcache.ts'
import { hostKey } from './host-key.ts'
import { TagItems } from './next-tag-items.ts'

/** Times at which a tag was revalidated, in milliseconds since 1970; 0: never. */
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

/** Times that a tag is read again because another instance has changed it. */
const MAX_TRIES = 16

const FORM = /^(\d{1,16}),(\d{1,16}),(\d{1,16})$/

/** Tags of Next.js, each an item with the times when it was revalidated. All instances see them at the next request. */
export class NextTags {
  readonly #items: TagItems
  readonly #prefix: string

  constructor(cache: Memcache, prefix: string) {
    this.#items = new TagItems(cache)
    this.#prefix = `${prefix}tag:`
  }

  /**
   * Reads all tags in one round trip, and finds the state of an entry. A tag of the entry that is not there was evicted:
   * its times are lost, and the entry is expired. A soft tag is that of a path, which is written when it is revalidated and not
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
   * Prepares the tags of an entry that is to be stored: missing tags are made. Entries that were stored before a new tag are
   * expired by that.
   *
   * @returns whether the entry is good: none of its tags expired while it was made.
   */
  async prepare(madeAt: number, tags: readonly string[]): Promise<boolean> {
    if (tags.length === 0) return true
    const first = show({ stale: 0, expired: Math.floor(madeAt), later: 0 })
    const times = await this.#read(tags)
    const missing = tags.filter((tag) => !times.has(tag))
    const added = await Promise.all(missing.map((tag) => this.#items.add(this.#key(tag), first)))
    // Another instance has made them meanwhile, perhaps because they were revalidated.
    const others = await this.#read(missing.filter((_, at) => added[at] === false))
    const now = nextNow()
    return [...times.values(), ...others.values()].every((known) => stateBy(known, madeAt, now) !== 'expired')
  }

  /**
   * Takes note that tags were revalidated.
   *
   * @param durations - Without them, entries are gone at once; with them, they are stale now, and gone after `expire` seconds.
   * @throws `MemcacheError` - the first failure: entries of that tag may still be served.
   */
  async revalidate(tags: readonly string[], durations: TagDurations | undefined): Promise<void> {
    await Promise.all([...new Set(tags)].map((tag) => this.#change(this.#key(tag), durations)))
  }

  /** Changes the times of a tag, again where another instance has changed them meanwhile. */
  async #change(key: string, durations: TagDurations | undefined): Promise<void> {
    for (let tries = 1; ; tries++) {
      const found = await this.#items.read(key)
      const text = show(revalidated(parse(found?.text), Math.ceil(nextNow()), durations))
      // All of them write times of the same moments.
      if (tries === MAX_TRIES) return void (await this.#items.set(key, text))
      if (found === undefined ? await this.#items.add(key, text) : await this.#items.replace(key, text, found.cas))
        return
    }
  }

  /** Reads tags, all of them in one round trip; returns those that are there. */
  async #read(tags: readonly string[]): Promise<Map<string, TagTimes>> {
    const names = [...new Set(tags)]
    const found = await Promise.all(names.map((tag) => this.#items.read(this.#key(tag))))
    const known = names.map((tag, at) => [tag, parse(found[at]?.text)] as const)
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
  if (durations === undefined || known === undefined) {
    return { stale: 0, expired: Math.max(now, known?.expired ?? 0), later: 0 }
  }
  const stale = Math.max(now, known.stale)
  // Entries that are gone stay gone, and entries that are to be gone at a time are not kept longer.
  if (known.later > 0 && known.later <= now) {
    return { stale, expired: Math.max(known.expired, known.stale), later: laterOf(now, durations, 0) }
  }
  return { stale, expired: known.expired, later: laterOf(now, durations, known.later) }
}

/** Returns when entries that are stale now are gone; 0: never. */
function laterOf(now: number, { expire }: TagDurations, before: number): number {
  if (expire === undefined) return before
  const later = Math.min(now + Math.ceil(expire * 1000), Number.MAX_SAFE_INTEGER)
  return before === 0 ? later : Math.min(before, later)
}

function show({ stale, expired, later }: TagTimes): string {
  return `${stale},${expired},${later}`
}

/** Reads the item of a tag; undefined where there is none, or it is none. */
function parse(text: string | undefined): TagTimes | undefined {
  const match = text === undefined ? null : FORM.exec(text)
  if (match === null) return undefined
  const [, stale, expired, later] = match
  return { stale: Number(stale), expired: Number(expired), later: Number(later) }
}
