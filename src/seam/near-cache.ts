import type { Key, WireKey } from '../protocol/key.ts'
import type { Serde } from '../serde/serde.ts'
import type { Executor } from './executor.ts'
import type { Observing } from './observer.ts'

/** Key of the function with which a {@link NearCachePart} is put into a client. */
export const NEAR: unique symbol = Symbol('near')

/** The option `nearCache` of a client. Made by the function `nearCache` of `memlane/near-cache`. */
export interface NearCachePart {
  /** The options that it was made with, and the defaults of the others. */
  readonly options: {
    readonly ttlMs: number
    readonly maxBytes: number
    readonly maxItemBytes: number
    readonly admitAfter: number
    readonly missTtlMs: number
    readonly staleWhileRevalidateMs: number
    readonly shared: boolean
  }
  /** @internal */
  readonly [NEAR]: (host: NearCacheHost) => NearLayer
}

/** The client, for its near cache. */
export interface NearCacheHost {
  /** The client's prefix, as it travels. */
  readonly keyPrefix: Uint8Array
  /** Returns a key as it travels, with the client's prefix. */
  encodeKey(key: Key): WireKey
  /** Returns the time in milliseconds, on a clock of its own. */
  now(): number
}

/** The near cache of one client, as the client uses it. */
export interface NearLayer {
  readonly view: NearCacheView
  /** Receives what happens below the client. */
  readonly observing: Observing
  /** Puts the near cache in front of an executor. */
  around(next: Executor): Executor
  /** Returns the serde by which the client is to read in the place of another: the same one for the same serde. */
  keeping(serde: Serde): Serde
  /** Forgets everything, and what is being read. */
  clear(): void
  /** Forgets everything for good: the client has ended. */
  end(): void
  /** Returns a copy of the numbers. */
  metrics(): NearCacheMetrics
  /** Begins to count anew. */
  reset(): void
}

/** Numbers that a near cache has counted. */
export interface NearCacheMetrics {
  /** Reads that were answered without a server. */
  readonly hits: number
  /** Reads that went to a server, of the keys that may be kept. */
  readonly misses: number
  /** Replies that were kept. */
  readonly fills: number
  /** Replies that were not kept because the client wrote the key, or the near cache was cleared, while they were on their way. */
  readonly calledOff: number
  /** Entries that were removed to make room for others. */
  readonly evictions: number
  /** Keys of which a value, or a miss, is kept at this moment, also after its time is up. */
  readonly items: number
  /** Memory of all entries at this moment, in bytes, as `maxBytes` counts it. */
  readonly bytes: number
}

/** A key, and how often this process has read it. */
export interface HotKey {
  /** The key without the client's `keyPrefix`: text, or bytes where it is no UTF-8. */
  readonly key: Key
  /** Reads, an estimate: halved each time that 524,288 reads have missed. */
  readonly reads: number
}

/** The near cache of a client: its numbers, and what may be done with it. */
export interface NearCacheView extends NearCacheMetrics {
  /**
   * Returns the keys that were read most, as this process has counted them: of the keys that the near cache holds.
   *
   * @param count - How many keys at most; a whole number, 1 or more. @defaultValue `10`
   * @returns The keys, the most read first.
   */
  hotKeys(count?: number): HotKey[]
  /**
   * Forgets a key: the next read asks the server. Nothing is sent.
   *
   * @param key - As for `get`, without the client's `keyPrefix`.
   */
  delete(key: Key): void
  /** Forgets all keys. Nothing is sent. */
  clear(): void
}
