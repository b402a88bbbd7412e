import type { Buffer } from 'node:buffer'
import type { Counters } from './counters.ts'
import { CAS_BYTES, Item, itemBytes } from './item.ts'
import { RecencyList } from './recency-list.ts'
import { countCrawled, countEvicted, countReclaimed, countUnfetched } from './removal-counters.ts'
import type { ServerClock } from './server-clock.ts'
import { slabClassOf } from './slab-class.ts'
import type { StoreLog } from './store-log.ts'

/** Limits of a store, in bytes, and its behaviour at them. */
export interface StoreLimits {
  readonly memoryBytes: number
  readonly maxItemBytes: number
  /** Whether to refuse items that do not fit instead of evicting others. */
  readonly disableEvictions?: boolean
  /** Whether all cas numbers are 0. */
  readonly disableCas?: boolean
}

/** Limits, and differences between versions of memcached. */
export interface StoreRules extends StoreLimits {
  /** Whether a flush drops items used in the last second at once, and older items only when they are accessed. */
  readonly flushDropsRecent?: boolean
}

/** Most ended items that a store drops before it takes a new one. */
const RECLAIMED_PER_STORE = 2

/**
 * Items: found by key, ended by time, evicted in order of use. No sockets, no timers: an ended item is dropped when it
 * is accessed.
 */
export class Store {
  readonly clock: ServerClock
  readonly #counters: Counters
  readonly #log: StoreLog
  readonly #items = new Map<string, Item>()
  readonly #recency = new RecencyList()
  readonly #maxItemBytes: number
  readonly #casBytes: number
  readonly #flushDropsRecent: boolean
  /** Whether items make room for others. */
  readonly evicts: boolean
  #memoryBytes: number
  #bytes = 0
  #lastCas = 0n
  /** Delayed flush, set by `flush_all <delay>`: from this server time on, items not used later than it are gone. */
  #flushAt = 0
  /** Number of flushes without a delay: items stored before the last one are gone. */
  #flushes = 0
  /** Server time of the last search for ended items. */
  #sweptAt = 0

  constructor(clock: ServerClock, counters: Counters, rules: StoreRules, log: StoreLog) {
    this.clock = clock
    this.#counters = counters
    this.#log = log
    this.#memoryBytes = rules.memoryBytes
    this.#maxItemBytes = rules.maxItemBytes
    this.#casBytes = rules.disableCas === true ? 0 : CAS_BYTES
    this.#flushDropsRecent = rules.flushDropsRecent ?? true
    this.evicts = rules.disableEvictions !== true
  }

  /** Number of items, including ended ones that were not accessed since. */
  get size(): number {
    return this.#items.size
  }

  /** Bytes of these items. */
  get bytes(): number {
    return this.#bytes
  }

  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** Memory limit, in bytes; a smaller one evicts. */
  set memoryBytes(limit: number) {
    this.#memoryBytes = limit
    this.#evict(limit)
  }

  /** Server time of the last delayed flush; 0: there was none. */
  get flushAt(): number {
    return this.#flushAt
  }

  /** Whether items have a cas number of their own. */
  get usesCas(): boolean {
    return this.#casBytes > 0
  }

  get maxItemBytes(): number {
    return this.#maxItemBytes
  }

  /** Returns the item of a key without a change of the order of use. */
  peek(key: string): Item | undefined {
    const item = this.#items.get(key)
    if (item === undefined) {
      this.#log.fetched(key, 'not_found')
      return undefined
    }
    const seconds = this.clock.seconds
    if (!this.#hasEnded(item, seconds)) {
      this.#log.fetched(key, 'found', item)
      return item
    }
    this.#dropEnded(item, seconds)
    return undefined
  }

  #dropEnded(item: Item, seconds: number): void {
    if (this.#isFlushed(item, seconds)) {
      this.#counters.getFlushed++
      this.#log.fetched(item.key, 'flushed')
    } else {
      this.#counters.getExpired++
      countUnfetched(this.#counters, item)
      this.#log.fetched(item.key, 'expired')
    }
    this.unlink(item)
  }

  /** Returns all items, in no order; they may change meanwhile. Ended ones are left out. */
  *live(): IterableIterator<Item> {
    for (const item of this.#items.values()) {
      const { seconds } = this.clock
      if (!this.#hasEnded(item, seconds)) yield item
    }
  }

  /** Returns all items, the last used first, ended ones included. */
  *byUse(): IterableIterator<Item> {
    for (let item = this.#recency.newest; item !== undefined; item = item.older) yield item
  }

  /** Drops the ended items of some slab classes, as memcached's crawler does. */
  crawl(wanted: (slabClass: number) => boolean): void {
    const { seconds } = this.clock
    for (const item of this.#items.values()) {
      if (!wanted(item.slabClass)) continue
      const ended = this.#hasEnded(item, seconds)
      countCrawled(this.#counters, item, ended)
      if (ended) this.unlink(item)
    }
  }

  /** Returns the item of a key, as read by a client. */
  fetch(key: string): Item | undefined {
    const item = this.peek(key)
    if (item !== undefined) this.bump(item)
    return item
  }

  /** Counts a read. memcached's first read only marks the item; its time of use moves from the second on. */
  bump(item: Item): void {
    if (item.fetched) item.usedAt = this.clock.seconds
    item.fetched = true
    this.#recency.bump(item)
  }

  /** Counts a use that is not a read: a refused `add`, an `incr` in place. */
  use(item: Item): void {
    item.usedAt = this.clock.seconds
    this.#recency.bump(item)
  }

  /** Makes an item that is not stored yet. */
  createItem(key: string, binaryKey: boolean, clientFlags: number, expiresAt: number, block: Buffer): Item {
    return new Item(key, binaryKey, clientFlags, expiresAt, block, this.#casBytes)
  }

  /** Returns the bytes that an item counts against the limits. */
  itemBytes(keyBytes: number, clientFlags: number, valueBytes: number): number {
    return itemBytes(keyBytes, clientFlags, valueBytes, this.#casBytes)
  }

  /** Checks whether an item of this size may exist at all. */
  fits(keyBytes: number, clientFlags: number, valueBytes: number): boolean {
    return this.itemBytes(keyBytes, clientFlags, valueBytes) <= this.#maxItemBytes
  }

  /**
   * Checks whether an item of this size finds room, all others evicted if need be; counts a failure. Without eviction
   * the item needs room beside the others, its predecessor included: memcached takes memory for the new item before it
   * frees the old.
   */
  findRoom(keyBytes: number, clientFlags: number, valueBytes: number): boolean {
    const bytes = this.itemBytes(keyBytes, clientFlags, valueBytes)
    if (!this.evicts && this.#bytes + bytes > this.#memoryBytes) this.#sweep()
    const used = this.evicts ? 0 : this.#bytes
    if (used + bytes <= this.#memoryBytes) return true
    this.#counters.slabs[slabClassOf(bytes)]!.outOfMemory++
    return false
  }

  /** Drops all ended items, once a second at most: it checks every item. */
  #sweep(): void {
    const { seconds } = this.clock
    if (this.#sweptAt === seconds) return
    this.#sweptAt = seconds
    for (const item of this.#items.values()) if (this.#hasEnded(item, seconds)) this.#reclaimItem(item)
  }

  /**
   * Drops ended items at the end of the order of use. memcached's maintainer thread does that all the time; here it is
   * done before a store, and before statistics are shown.
   */
  reclaim(most: number = RECLAIMED_PER_STORE): void {
    const { seconds } = this.clock
    for (let count = 0; count < most; count++) {
      const item = this.#recency.oldest
      if (item === undefined || !this.#hasEnded(item, seconds)) return
      this.#reclaimItem(item)
    }
  }

  #reclaimItem(item: Item): void {
    countReclaimed(this.#counters, item)
    this.unlink(item)
  }

  /** Returns a number never given out before; 0 if items have none. */
  nextCas(): bigint {
    if (!this.usesCas) return 0n
    this.#lastCas = BigInt.asUintN(64, this.#lastCas + 1n)
    return this.#lastCas
  }

  /** Returns the cas of an item: the one that a command asks for, else the next; 0 if items have none. */
  chooseCas(wanted: bigint | undefined): bigint {
    return wanted === undefined || !this.usesCas ? this.nextCas() : wanted
  }

  /** Stores an item, in place of one of the same key; evicts others as needed. `cas` undefined: the next number. */
  link(item: Item, cas: bigint | undefined): void {
    const previous = this.#items.get(item.key)
    if (previous !== undefined) this.#forget(previous)
    this.#evict(this.#memoryBytes - item.bytes)
    item.cas = this.chooseCas(cas)
    item.flushes = this.#flushes
    item.usedAt = this.clock.seconds
    this.#items.set(item.key, item)
    this.#recency.add(item)
    this.#bytes += item.bytes
    this.#counters.totalItems++
  }

  unlink(item: Item): void {
    this.#items.delete(item.key)
    this.#forget(item)
  }

  /** Drops every item, now; a delayed flush is forgotten. */
  clear(): void {
    this.#flushAt = 0
    this.#items.clear()
    this.#recency.clear()
    this.#bytes = 0
  }

  /**
   * Ends, from that server time on, every item not used later than it; 0: all items, now. As in memcached, a flush
   * costs nothing: items are dropped when a command accesses them, or when they are the next to be evicted.
   */
  flush(at: number): void {
    this.#finishFlush()
    // memcached compares with one second before, so that a delay of 1 is no delay.
    if (at === 0 || at - 1 <= this.clock.seconds) this.#flushNow()
    else this.#flushAt = at - 1
  }

  #flushNow(): void {
    const { seconds } = this.clock
    this.#flushes++
    this.#sweptAt = 0
    // Without cas numbers memcached 1.6.18 compares seconds: items stored later in the same second are gone as well.
    this.#flushAt = this.usesCas || this.#flushDropsRecent ? 0 : seconds
    if (!this.#flushDropsRecent) return
    for (
      let item = this.#recency.newest;
      item !== undefined && item.usedAt >= seconds - 1;
      item = this.#recency.newest
    ) {
      this.unlink(item)
    }
  }

  /** Carries out a delayed flush that is due, before the next one is set. */
  #finishFlush(): void {
    const seconds = this.clock.seconds
    for (const item of this.#items.values()) {
      if (this.#isFlushed(item, seconds)) this.unlink(item)
    }
  }

  #hasEnded(item: Item, seconds: number): boolean {
    return hasExpired(item, seconds) || this.#isFlushed(item, seconds)
  }

  #isFlushed(item: Item, seconds: number): boolean {
    if (item.flushes !== this.#flushes) return true
    return this.#flushAt !== 0 && this.#flushAt <= seconds && item.usedAt <= this.#flushAt
  }

  #evict(limit: number): void {
    if (this.#bytes <= limit) return
    const seconds = this.clock.seconds
    for (let item = this.#recency.oldest; item !== undefined && this.#bytes > limit; item = this.#recency.oldest) {
      if (this.#hasEnded(item, seconds)) {
        this.#reclaimItem(item)
        continue
      }
      if (!this.evicts) return
      countEvicted(this.#counters, item, seconds)
      this.#log.evicted(item)
      this.unlink(item)
    }
  }

  #forget(item: Item): void {
    this.#recency.remove(item)
    this.#bytes -= item.bytes
  }
}

function hasExpired(item: Item, seconds: number): boolean {
  return item.expiresAt !== 0 && item.expiresAt <= seconds
}
