import type { MetaGetFlags } from '../../protocol/meta/request.ts'
import { MISS, type Reply } from '../../protocol/reply.ts'
import type { NearCacheHost } from '../../seam/near-cache.ts'
import { Entries } from './entries.ts'
import type { Entry, Kept } from './entry.ts'
import { EntryReply } from './entry-reply.ts'
import { Fill, type FillStore } from './fill.ts'
import { KeyNames } from './key-names.ts'
import type { ResolvedNearCacheOptions } from './options.ts'
import { Sketch } from './sketch.ts'
import { NO_VALUE, ValueSlot } from './value-slot.ts'

const MS_PER_SECOND = 1000

/** Content of one near cache: the entries, the counts, and the rules for both. */
export class NearStore implements FillStore {
  readonly options: ResolvedNearCacheOptions
  readonly names: KeyNames
  readonly slot: ValueSlot
  readonly entries: Entries
  readonly now: () => number
  readonly #sketch: Sketch = new Sketch()
  readonly #replies: EntryReply = new EntryReply()
  isEnded = false
  hits = 0
  misses = 0
  fills = 0
  calledOff = 0

  constructor(options: ResolvedNearCacheOptions, host: NearCacheHost) {
    this.options = options
    this.names = new KeyNames(host.keyPrefix, options.keys)
    this.slot = new ValueSlot(options.shared)
    this.entries = new Entries(options.maxBytes)
    this.now = () => host.now()
  }

  /** Whether an entry answers a plain read by a serde. */
  answers(entry: Entry, routing: string | undefined, serde: object, now: number): boolean {
    if (entry.keeps === 'nothing' || entry.routing !== routing) return false
    if (entry.madeBy !== undefined && entry.madeBy !== serde) return false
    if (now < entry.until) return true
    // The read that has left first brings the new value.
    const isRefreshed = entry.filling > 0 && entry.keeps !== 'miss'
    return isRefreshed && now < entry.until + this.options.staleWhileRevalidateMs
  }

  /**
   * Returns the seconds that an item has left, if its entry answers the look of a `getOrSet`: one that came by such a look, was
   * not stale then, and is not to be loaded anew by now. Undefined: the server decides who loads.
   */
  ttlForLook(
    entry: Entry,
    routing: string | undefined,
    serde: object,
    { recache = 0 }: MetaGetFlags,
    now: number,
  ): number | undefined {
    if (entry.expires === undefined || entry.keeps === 'miss' || now >= entry.until) return undefined
    if (!this.answers(entry, routing, serde, now)) return undefined
    if (entry.expires === Number.POSITIVE_INFINITY) return -1
    const left = (entry.expires - now) / MS_PER_SECOND
    return left > recache ? Math.floor(left) : undefined
  }

  /** Has a function read the reply of an entry. */
  give(entry: Entry, ttl: number | undefined, read: (reply: Reply) => void): void {
    this.hits++
    entry.reads++
    entry.isVisited = true
    if (entry.keeps === 'miss') return read(MISS)
    if (entry.keeps === 'bytes') return this.#replies.use(entry, ttl, read)
    this.slot.give(entry.data)
    try {
      this.#replies.use(entry, ttl, read)
    } finally {
      this.slot.give(NO_VALUE)
    }
  }

  /**
   * Counts a read that goes to the servers, and returns what keeps its reply; undefined for one that is not kept.
   *
   * @param entry - That of the key, where there is one.
   */
  admit(name: string, entry: Entry | undefined, routing: string | undefined, now: number): Fill | undefined {
    if (entry === undefined && !this.names.allows(name)) return undefined
    this.misses++
    if (this.#sketch.turn()) this.#age()
    const reads = this.#sketch.add(name)
    if (entry === undefined && reads < this.options.admitAfter) return undefined
    const own = entry ?? this.entries.add(name, reads, now)
    if (entry !== undefined) own.reads++
    own.filling++
    return new Fill(this, own, routing, now)
  }

  /** Forgets what is kept of a key, and calls off the reads that are to fill it. */
  forget(name: string): void {
    const entry = this.entries.get(name)
    if (entry === undefined) return
    entry.version++
    entry.filling = 0
    entry.since = Number.NEGATIVE_INFINITY
    this.entries.blank(entry)
  }

  /** Forgets all keys, and calls off all reads that are to fill them. */
  clear(): void {
    this.entries.clear()
  }

  /** Begins to count anew. */
  resetCounts(): void {
    this.hits = 0
    this.misses = 0
    this.fills = 0
    this.calledOff = 0
    this.entries.evictions = 0
  }

  has(entry: Entry): boolean {
    return this.entries.get(entry.name) === entry
  }

  countCalledOff(): void {
    this.calledOff++
  }

  giveUp(entry: Entry): void {
    entry.filling--
    this.#dropEmpty(entry)
  }

  settle(entry: Entry, kept: Kept | undefined, since: number, routing: string | undefined): void {
    entry.filling--
    // A read that left later has filled it.
    if (since < entry.since) return
    if (kept === undefined) {
      this.entries.blank(entry)
      return this.#dropEmpty(entry)
    }
    const { ttlMs, missTtlMs } = this.options
    const until = since + (kept.keeps === 'miss' ? missTtlMs : ttlMs)
    entry.routing = routing
    entry.since = since
    entry.expires = kept.ttl === undefined ? undefined : since + kept.ttl * MS_PER_SECOND
    entry.until = entry.expires === undefined ? until : Math.min(until, entry.expires)
    this.fills++
    this.entries.fill(entry, kept, since)
  }

  /** Removes an entry that keeps nothing, unless a read is to fill it. */
  #dropEmpty(entry: Entry): void {
    if (entry.keeps === 'nothing' && entry.filling === 0) this.entries.remove(entry)
  }

  #age(): void {
    for (const entry of this.entries.all()) entry.reads >>>= 1
  }
}
