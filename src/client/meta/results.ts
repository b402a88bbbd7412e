import type { MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'

/** Parts of a call that its result carries. */
export interface MetaEcho {
  /** The caller's key; with `returnKey`. */
  readonly key?: Key
  /** The caller's own; with `opaque`. */
  readonly opaque?: unknown
}

/** State of the win token: which caller is to make the value anew. */
export interface MetaLease {
  /** The item is marked stale (`X`). */
  readonly stale: boolean
  /** Whether this caller should store the value anew (`W`). Reported once: later reads get `alreadyWon`. */
  readonly won: boolean
  /** Whether another caller should (`Z`). */
  readonly alreadyWon: boolean
}

/** There is an item. */
export interface MetaHit<T> extends MetaEcho, MetaLease {
  /** There is an item, with or without a value. */
  readonly status: 'hit'
  /**
   * `undefined` where none came: with `value: false`; `unchanged`; or, with `vivify`, an empty item that waits for
   * the winner's value. Also while a `Memcache` in text mode loads the value.
   */
  readonly value: T
  /** Whether the item still has the cas number `unlessCas`, so that no value came. */
  readonly unchanged?: boolean
  /** 0n: this server keeps no cas numbers (`memcached -C`). */
  readonly cas?: bigint
  /** Seconds left; `Infinity` = never expires. */
  readonly ttl?: number
  /** The 32-bit number stored beside the value. */
  readonly clientFlags?: number
  /** Whether it was read before. */
  readonly hitBefore?: boolean
  /** Seconds since the last access. */
  readonly lastAccess?: number
  /** Length of the value as stored, in bytes. */
  readonly size?: number
}

/** There is none. */
export interface MetaMiss extends MetaEcho {
  /** There is no item. */
  readonly status: 'miss'
}

/** Result of a read. */
export type MetaGetResult<T = unknown> = MetaHit<T> | MetaMiss

/** Result of a store that was done. */
export interface MetaStored extends MetaEcho {
  /** The item has the new value. */
  readonly status: 'stored'
  /** The item's new cas number. */
  readonly cas?: bigint
  /** Length of the value as stored, in bytes. */
  readonly size?: number
}

/**
 * Not stored: the item is there (`add`) or is not (`replace`, `append`, `prepend`), or has grown too large; it has
 * another cas number (`exists`); there is none to compare with (`notFound`).
 */
export interface MetaNotStored extends MetaEcho {
  /** Why nothing was stored. */
  readonly status: 'notStored' | 'exists' | 'notFound'
}

/** Result of a store. */
export type MetaStoreResult = MetaStored | MetaNotStored

/** Result of a delete or an invalidation; `exists`: the item has another cas number. */
export interface MetaDeleteResult extends MetaEcho {
  /** `ok`: it was done; `notFound`: there was no item; `exists`: it has another cas number, and nothing was done. */
  readonly status: 'ok' | 'notFound' | 'exists'
}

/** Result of a touch that was done. As any mg, this one takes the win token of a stale item, and says so. */
export interface MetaTouched extends MetaEcho, MetaLease {
  /** The item has the new ttl. */
  readonly status: 'ok'
}

/** There is nothing to renew. */
export interface MetaNotFound extends MetaEcho {
  /** There is no item. */
  readonly status: 'notFound'
}

/** Result of a touch. */
export type MetaTouchResult = MetaTouched | MetaNotFound

/** The counter's new value. */
export interface MetaCounted extends MetaEcho {
  /** Counted. */
  readonly status: 'hit'
  /** The counter after the change. */
  readonly value: bigint
  /** The item's new cas number. */
  readonly cas?: bigint
  /** Seconds left; `Infinity` = never expires. */
  readonly ttl?: number
}

/** A quiet pipeline's: counted, without the value. */
export interface MetaQuietlyCounted extends MetaEcho {
  /** Counted. */
  readonly status: 'hit'
}

/** Not counted: there is no counter, or it has another cas number. */
export interface MetaNotCounted extends MetaEcho {
  /** Why nothing was counted. */
  readonly status: 'notFound' | 'notStored' | 'exists'
}

/** Result of counting. */
export type MetaCountResult = MetaCounted | MetaNotCounted

/** Result of counting in a quiet pipeline. */
export type MetaQuietCountResult = MetaQuietlyCounted | MetaNotCounted

/** Facts that `debug` reports of an item. */
export interface MetaDebugged {
  /** There is an item. */
  readonly status: 'hit'
  /**
   * Seconds left; `Infinity` = never expires. Before memcached 1.6.19 an item with one second left looks like one that
   * never expires.
   */
  readonly ttl: number
  /** Seconds since the last access. */
  readonly lastAccess: number
  /** The item's cas number. */
  readonly cas: bigint
  /** Whether it was read since it was stored. */
  readonly fetched: boolean
  /** The slab class that it lies in. */
  readonly slabClass: number
  /** Length of the whole item, key and overhead included, in bytes. */
  readonly size: number
}

/** Result of `debug`. */
export type MetaDebugResult = MetaDebugged | MetaMiss

/** The server's reply to `execute`, as it came. */
export interface MetaReply {
  /** `VA` with a value, `HD` without, `EN` a miss, `NF` not found, `NS` not stored, `EX` another cas number. */
  readonly status: 'VA' | 'HD' | 'EN' | 'NF' | 'NS' | 'EX'
  /** The returned flags, each one letter with its token. */
  readonly flags: readonly string[]
  /** The value's bytes, a copy of the caller's own. */
  readonly value?: Uint8Array
}

/** A command of a pipeline that failed. */
export interface MetaFailure extends MetaEcho {
  /**
   * `failed`: the server refused it, or it was not sent. `unknown`: it may have been carried out, because no answer came;
   * or, in a quiet pipeline, because the server refused a command of the run and does not say which.
   */
  readonly status: 'failed' | 'unknown'
  /** Error of the command. */
  readonly error: MemcacheError
}

/** Result of any command. */
export type MetaResult =
  | MetaGetResult
  | MetaStoreResult
  | MetaDeleteResult
  | MetaTouchResult
  | MetaCountResult
  | MetaQuietCountResult
  | MetaDebugResult
  | MetaReply

/**
 * Results of the commands of a pipeline, in the order of the calls. The type knows each result where the calls are one chain. A
 * pipeline that is filled in a loop has a list of results, whose type its variable may name.
 */
export type MetaOutcomes<Results extends readonly unknown[]> = Results extends readonly []
  ? readonly (MetaResult | MetaFailure)[]
  : { readonly [Index in keyof Results]: Results[Index] | MetaFailure }
