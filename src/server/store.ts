import type { Counters } from './counters.ts'
import { type Item, itemBytes } from './item.ts'
import { RecencyList } from './recency-list.ts'
import { countCrawled, countEvicted, countReclaimed, countUnfetched } from './removal-counters.ts'
import type { ServerClock } from './server-clock.ts'
import type { StoreLog } from './store-log.ts'

/** Limits of a store, in bytes. */
export interface StoreLimits {
  readonly memoryBytes: number
  readonly maxItemBytes: number
}

/**
 * The items: found by key, ended by time, evicted in order of use. No sockets, no timers: what has ended is dropped when
 * somebody comes across it.
 */
export class Store {
  readonly clock: ServerClock
  readonly #counters: Counters
  readonly #log: StoreLog
  readonly #items = new Map<string, Item>()
  readonly #recency = new RecencyList()
  readonly #maxItemBytes: number
  #memoryBytes: number
  #bytes = 0
  #lastCas = 0n
  /** Set by `flush_all <delay>`: from this server time on, what was not used later than this is gone. */
  #flushAt = 0

  constructor(clock: ServerClock, counters: Counters, limits: StoreLimits, log: StoreLog) {
    this.clock = clock
    this.#counters = counters
    this.#log = log
    this.#memoryBytes = limits.memoryBytes
    this.#maxItemBytes = limits.maxItemBytes
  }

  /** Items, those included that have ended but were not come across. */
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

  /** Shrinking evicts. */
  set memoryBytes(limit: number) {
    this.#memoryBytes = limit
    this.#evict(limit)
  }

  /** The server time of the last delayed flush; 0: there was none. */
  get flushAt(): number {
    return this.#flushAt
  }

  get maxItemBytes(): number {
    return this.#maxItemBytes
  }

  /** The item of a key, left where it is in the order of use. */
  peek(key: string): Item | undefined {
    const item = this.#items.get(key)
    if (item === undefined) {
      this.#log.fetched(key, 'not_found')
      return undefined
    }
    const seconds = this.clock.seconds
    if (!this.#isFlushed(item, seconds) && !hasExpired(item, seconds)) {
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

  /** All items, in no order; they may change meanwhile. Those that have ended are left out. */
  *live(): IterableIterator<Item> {
    for (const item of this.#items.values()) {
      const { seconds } = this.clock
      if (!hasExpired(item, seconds) && !this.#isFlushed(item, seconds)) yield item
    }
  }

  /** All items, the one used last first, those included that have ended. */
  *byUse(): IterableIterator<Item> {
    for (let item = this.#recency.newest; item !== undefined; item = item.older) yield item
  }

  /** Drops the items of some slab classes that have ended, as memcached's crawler does. */
  crawl(wanted: (slabClass: number) => boolean): void {
    const { seconds } = this.clock
    for (const item of this.#items.values()) {
      if (!wanted(item.slabClass)) continue
      const ended = hasExpired(item, seconds) || this.#isFlushed(item, seconds)
      countCrawled(this.#counters, item, ended)
      if (ended) this.unlink(item)
    }
  }

  /** The item of a key, as read by a client. */
  fetch(key: string): Item | undefined {
    const item = this.peek(key)
    if (item !== undefined) this.bump(item)
    return item
  }

  /** Counts as a read. memcached's first read only marks the item; its time of use moves from the second on. */
  bump(item: Item): void {
    if (item.fetched) item.usedAt = this.clock.seconds
    item.fetched = true
    this.#recency.bump(item)
  }

  /** Counts as a use that is not a read: a refused `add`, an `incr` in place. */
  use(item: Item): void {
    item.usedAt = this.clock.seconds
    this.#recency.bump(item)
  }

  /** Whether an item of this size may exist at all. */
  fits(keyBytes: number, clientFlags: number, valueBytes: number): boolean {
    return itemBytes(keyBytes, clientFlags, valueBytes) <= this.#maxItemBytes
  }

  /** Whether an item of this size finds room, all others evicted if need be. */
  hasRoom(keyBytes: number, clientFlags: number, valueBytes: number): boolean {
    return itemBytes(keyBytes, clientFlags, valueBytes) <= this.#memoryBytes
  }

  /** A number never given out before. */
  nextCas(): bigint {
    this.#lastCas = BigInt.asUintN(64, this.#lastCas + 1n)
    return this.#lastCas
  }

  /** Stores an item, in place of one of the same key; evicts what has to go. `cas` undefined: the next number. */
  link(item: Item, cas: bigint | undefined): void {
    const previous = this.#items.get(item.key)
    if (previous !== undefined) this.#forget(previous)
    this.#evict(this.#memoryBytes - item.bytes)
    item.cas = cas ?? this.nextCas()
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

  /** Drops every item, the ones of a delayed flush included. */
  clear(): void {
    this.#flushAt = 0
    this.#items.clear()
    this.#recency.clear()
    this.#bytes = 0
  }

  /** Drops, from that server time on, every item not used later than it; 0: all items, now. */
  flush(at: number): void {
    this.#finishFlush()
    // memcached looks one second back, so that a delay of 1 is no delay.
    if (at === 0 || at - 1 <= this.clock.seconds) this.clear()
    else this.#flushAt = at - 1
  }

  /** A delayed flush that is due must not be forgotten when the next one is set. */
  #finishFlush(): void {
    const seconds = this.clock.seconds
    for (const item of this.#items.values()) {
      if (this.#isFlushed(item, seconds)) this.unlink(item)
    }
  }

  #isFlushed(item: Item, seconds: number): boolean {
    return this.#flushAt !== 0 && this.#flushAt <= seconds && item.usedAt <= this.#flushAt
  }

  #evict(limit: number): void {
    if (this.#bytes <= limit) return
    const seconds = this.clock.seconds
    for (let item = this.#recency.oldest; item !== undefined && this.#bytes > limit; item = this.#recency.oldest) {
      if (hasExpired(item, seconds) || this.#isFlushed(item, seconds)) {
        countReclaimed(this.#counters, item)
      } else {
        countEvicted(this.#counters, item, seconds)
        this.#log.evicted(item)
      }
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
