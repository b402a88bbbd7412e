import type { Key } from '../protocol/key.ts'
import type { Serde } from '../serde/serde.ts'
import type { Ttl } from '../ttl.ts'
import type { CompressionOptions } from './compression.ts'
import type { Failures } from './failures.ts'

/** Options that every call takes. */
export interface CallOptions {
  /**
   * Aborts the call, which then rejects with the signal's reason. A command that was written may still be carried out. A
   * server that lets one call after the other be aborted, without a byte, is given up as with a `timeoutMs` of that length.
   */
  readonly signal?: AbortSignal
  /** Instead of the client's `timeoutMs`. */
  readonly timeoutMs?: number
}

/** Options of calls about keys. */
export interface KeyOptions extends CallOptions {
  /** Choose the server by this key instead: related keys on one server. Every call for the key must give the same. */
  readonly routingKey?: Key
  /** Instead of the client's `failures`, for this call. Calls that always reject (`cas`, `pop`, `update`) do so all the same. */
  readonly failures?: Failures
}

/** Says in the options of a call that its command was written before, on a connection that this client knows nothing of. */
export const WRITTEN_BEFORE: unique symbol = Symbol('written before')

/** Options of calls about keys, with what is known of a command that was handed on. */
export interface HandedOnOptions extends KeyOptions {
  /** The command may have been carried out already: no failure of this call says that it was not sent. */
  readonly [WRITTEN_BEFORE]?: boolean
  /** Of `add`: see {@link AddOptions}. */
  readonly reportFailure?: boolean
}

/** Options of reads. */
export interface ReadOptions extends KeyOptions {
  /** Instead of the client's serde. */
  readonly serde?: Serde
  /**
   * `false`: a server answers, and not the near cache of the client, which keeps the new value. Only `get` and `getMany` are
   * ever answered by a near cache; all other reads of this kind always ask a server.
   *
   * @defaultValue `true`
   */
  readonly near?: boolean
}

/** Options of `get`, `gets`, `gat` and `gats`. */
export interface GetOptions<D = undefined> extends ReadOptions {
  /** Value that a miss gives instead of `undefined`; not a promise. A stored `null` is a hit, and stays `null`. */
  readonly default?: D
}

/**
 * Options of `get` and `gat` with a `default` of the type that is read: `get<number>(key, { default: 0 })`.
 *
 * @typeParam T - Stated by the call: the type of `default` has no part in inferring it.
 */
export interface GetOptionsWithDefault<T> extends ReadOptions {
  /** Value that a miss gives; not a promise. A stored `null` is a hit, and stays `null`. */
  readonly default: [T][T extends unknown ? 0 : never]
}

/** Options of `pop`. */
export interface PopOptions<D = undefined> extends GetOptions<D> {
  /** Number of tries when others change the item meanwhile. @defaultValue `8` */
  readonly attempts?: number
}

/**
 * Options of `pop` with a `default` of the type that is read, as {@link GetOptionsWithDefault}.
 *
 * @typeParam T - Stated by the call: the type of `default` has no part in inferring it.
 */
export interface PopOptionsWithDefault<T> extends GetOptionsWithDefault<T> {
  /** Number of tries when others change the item meanwhile. @defaultValue `8` */
  readonly attempts?: number
}

/** Options of writes that carry a value. */
export interface WriteOptions extends KeyOptions {
  /** Time to live: seconds, 0 = never expires, or a point in time. Without it, the client's `defaultTtl`. */
  readonly ttl?: Ttl
  /** The 32-bit number stored beside the value, instead of the serde's; by it a reader knows how to read. */
  readonly clientFlags?: number
  /** Instead of the client's serde. */
  readonly serde?: Serde
  /**
   * Instead of the client's; `true` is `{}`, `false` stores the value as it is, so that `append` and `prepend` may extend it.
   */
  readonly compression?: boolean | CompressionOptions
  /** `false` stores the value as one item, however large it is. Only for clients with the option `chunks`. */
  readonly chunks?: false
}

/** Options of `add`. */
export interface AddOptions extends WriteOptions {
  /**
   * Whether a failure is a `writeFailed` event. With `false`, it is not: an `add` that fails leaves no old value behind, so
   * that nothing has to be removed later. The call rejects all the same.
   *
   * @defaultValue `true`
   */
  readonly reportFailure?: boolean
}

/** Options of an item that `append` or `prepend` creates. */
export interface CreateOptions {
  /** Time to live: seconds, 0 = never expires, or a point in time. Without it, the client's `defaultTtl`. */
  readonly ttl?: Ttl
  /**
   * The 32-bit number stored beside the value. Without it, what the client's serde gives for the data, where it stores the
   * data as they are: with the default serde text reads as text, and bytes as bytes. Else 0.
   */
  readonly clientFlags?: number
}

/** Options of `append` and `prepend`. */
export interface ExtendOptions extends KeyOptions {
  /**
   * Creates an item of the data where there is none: one command on memcached 1.6.20 and newer with the meta protocol; else
   * the command, an `add`, and the command again, one round trip each, within the time of one call.
   */
  readonly create?: CreateOptions
}

/** Options of `update`. `timeoutMs` bounds each round trip, not the function, and not all attempts together. */
export interface UpdateOptions extends Omit<WriteOptions, 'ttl'> {
  /**
   * Time to live: seconds, 0 = never expires, or a point in time; `'keep'` keeps the time that the item has left, to the
   * second and without `ttlJitter`. Without it, and with `'keep'` where there is no item, the client's `defaultTtl`. `'keep'`
   * needs the meta protocol.
   */
  readonly ttl?: Ttl | 'keep'
  /** Number of tries when others change the item meanwhile. @defaultValue `8` */
  readonly attempts?: number
}

/** Options of `incr` and `decr`. */
export interface CountOptions extends KeyOptions {
  /**
   * The value after this call where there was none; the delta is not added to it. Stored as an integer, so that `get`
   * gives a number.
   */
  readonly initial?: number | bigint
  /** Time to live of a counter that this call creates. Needs `initial`. */
  readonly ttl?: Ttl
}

/** Option of `incr` and `decr` that asks for the time left too. */
export interface ReturnTtl {
  /** Give the counter's value and the seconds that it has left, in one round trip. Needs the meta protocol. */
  readonly returnTtl: true
}

/** Options of `invalidate`. */
export interface InvalidateOptions extends KeyOptions {
  /** Whole seconds for which the old value is still given, at most 30 days. */
  readonly staleFor: number
}

/** Options that every batch takes. */
export interface BatchOptions {
  /** Put between the client's prefix and every key. Results and failed keys are the caller's, without it. */
  readonly keyPrefix?: string
}

/** Options of `getMany` and `getsMany`. */
export interface GetManyOptions extends ReadOptions, BatchOptions {}

/** Options of `setMany`. */
export interface SetManyOptions extends WriteOptions, BatchOptions {
  /** See `SetManyEachOptions`. */
  readonly returnEach?: never
}

/** Options of `setMany` and `addMany`, whatever they give. */
export interface StoreManyOptions extends AddOptions, BatchOptions, Partial<ReturnEach> {}

/** Options of `setMany` that ask for the outcome of each entry. */
export interface SetManyEachOptions extends WriteOptions, BatchOptions, ReturnEach {}

/** Options of `addMany`. */
export interface AddManyOptions extends AddOptions, BatchOptions {
  /** See `AddManyEachOptions`. */
  readonly returnEach?: never
}

/** Options of `addMany` that ask for the outcome of each entry. */
export interface AddManyEachOptions extends AddOptions, BatchOptions, ReturnEach {}

/** Options of `deleteMany`. */
export interface DeleteManyOptions extends KeyOptions, BatchOptions {}

/** Options of `deleteMany`, whatever it gives. */
export interface RemoveManyOptions extends DeleteManyOptions, Partial<ReturnEach> {}

/** Option of `setMany`, `addMany` and `deleteMany` that asks for the outcome of each key. */
export interface ReturnEach {
  /**
   * Give a list with one boolean for each entry, or each key, in the order of the call: whether it was stored, or removed. A
   * key that is given twice has the same outcome twice. If failures are absorbed, a key that failed is `false`.
   */
  readonly returnEach: true
}

/** Options of `incrMany`. */
export interface CountManyOptions extends KeyOptions, BatchOptions {}

/** Options of commands to servers rather than about keys. */
export interface ServerOptions extends CallOptions {
  /** The name of one server; without it, all of them. */
  readonly server?: string
}

/** Options of `flushAll`. */
export interface FlushOptions extends ServerOptions {
  /** Seconds until it happens. @defaultValue `0` */
  readonly delay?: number
}

/** Options of `shutdown`. */
export interface ShutdownOptions extends ServerOptions {
  /** Let the server finish its connections first. @defaultValue `false` */
  readonly graceful?: boolean
}

/** Options of `rawCommand`. */
export interface RawCommandOptions extends ServerOptions {
  /** End of the reply. @defaultValue `'\r\n'` */
  readonly endToken?: string | Uint8Array
  /**
   * A data block that follows the line; its CR LF is added. The line must announce just this length: as the number of bytes of
   * `set`, `add`, `replace`, `append`, `prepend`, `cas` and `ms`, and as the last word of a command that memlane does not know.
   */
  readonly body?: string | Uint8Array
}
