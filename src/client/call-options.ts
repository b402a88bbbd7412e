import type { Serde } from '../serde/serde.ts'
import type { Ttl } from '../ttl.ts'

/** Options that every call takes. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. A command that was written may still be carried out. */
  readonly signal?: AbortSignal
  /** Instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number
}

/** Options of reads. */
export interface ReadOptions extends CallOptions {
  /** Instead of the client's serde. */
  readonly serde?: Serde
}

/** Options of `get`. */
export interface GetOptions<D = undefined> extends ReadOptions {
  /** What a miss gives instead of `undefined`. A stored `null` is a hit, and stays `null`. */
  readonly default?: D
}

/** Options of writes that carry a value. */
export interface WriteOptions extends CallOptions {
  /** Time to live: seconds, 0 = never expires, or a point in time. Without it, the client's `defaultTtl`. */
  readonly ttl?: Ttl
  /** The 32-bit number stored beside the value, instead of the serde's; by it a reader knows how to read. */
  readonly clientFlags?: number
  /** Instead of the client's serde. */
  readonly serde?: Serde
}

/** Options of `incr` and `decr`. */
export interface CountOptions extends CallOptions {
  /**
   * The value after this call where there was none; the delta is not added to it. Stored as an integer, so that `get`
   * gives a number.
   */
  readonly initial?: number | bigint
  /** Time to live of a counter that this call creates. Needs `initial`. */
  readonly ttl?: Ttl
}

/** Options that every batch takes. */
export interface BatchOptions {
  /** Put between the client's prefix and every key. Results and failed keys are the caller's, without it. */
  readonly keyPrefix?: string
}

/** Options of `getMany`. */
export interface GetManyOptions extends ReadOptions, BatchOptions {}

/** Options of `setMany`. */
export interface SetManyOptions extends WriteOptions, BatchOptions {}

/** Options of `deleteMany`. */
export interface DeleteManyOptions extends CallOptions, BatchOptions {}
