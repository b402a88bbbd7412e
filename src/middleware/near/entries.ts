import { Entry, type Kept } from './entry.ts'

/**
 * The entries of a near cache within a limit of memory. SIEVE decides which one goes: a hand moves from the oldest entry to
 * the newest, spares those that were given since it passed, and removes the first that was not. The hand is one iterator of
 * the map for good: a hit moves nothing, and a new iterator for each eviction would pass all gaps again.
 */
export class Entries {
  readonly #maxBytes: number
  readonly #entries: Map<string, Entry> = new Map()
  #hand: MapIterator<Entry> | undefined = undefined
  /** Entries removed elsewhere since the hand moved. */
  #gaps = 0
  #bytes = 0
  #items = 0
  /** Number of entries that were removed for others. */
  evictions = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Memory of all entries, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Number of entries that keep something. */
  get items(): number {
    return this.#items
  }

  get(name: string): Entry | undefined {
    return this.#entries.get(name)
  }

  /** All entries. */
  all(): Iterable<Entry> {
    return this.#entries.values()
  }

  /** Adds an entry that keeps nothing yet. Where there is no room, it is not there afterwards. */
  add(name: string, reads: number, now: number): Entry {
    const entry = new Entry(name, reads)
    this.#entries.set(name, entry)
    this.#bytes += entry.size
    this.#makeRoom(now)
    return entry
  }

  /** Puts something into an entry that is there. */
  fill(entry: Entry, kept: Kept, now: number): void {
    this.blank(entry)
    entry.keeps = kept.keeps
    entry.data = kept.data
    entry.madeBy = kept.madeBy
    entry.clientFlags = kept.clientFlags
    entry.bytes = kept.bytes
    this.#bytes += kept.bytes
    this.#items++
    this.#makeRoom(now)
  }

  /** Removes what an entry keeps. */
  blank(entry: Entry): void {
    if (entry.keeps === 'nothing') return
    this.#bytes -= entry.bytes
    this.#items--
    entry.keeps = 'nothing'
    entry.data = undefined
    entry.madeBy = undefined
    entry.bytes = 0
  }

  /** Removes an entry. */
  remove(entry: Entry): void {
    this.#drop(entry)
    // An iterator that rests keeps every table alive that the map has grown out of since.
    if (++this.#gaps > this.#entries.size) this.#rest()
  }

  clear(): void {
    this.#entries.clear()
    this.#rest()
    this.#bytes = 0
    this.#items = 0
  }

  #rest(): void {
    this.#hand = undefined
    this.#gaps = 0
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.name)
    this.#bytes -= entry.size
    if (entry.keeps !== 'nothing') this.#items--
  }

  #makeRoom(now: number): void {
    while (this.#bytes > this.#maxBytes) {
      const entry = this.#nextOfHand()
      if (entry.isVisited && now < entry.until) {
        entry.isVisited = false
        continue
      }
      this.#drop(entry)
      this.evictions++
    }
  }

  #nextOfHand(): Entry {
    this.#gaps = 0
    const next = this.#hand?.next()
    if (next !== undefined && next.done !== true) return next.value
    this.#hand = this.#entries.values()
    return this.#hand.next().value!
  }
}
