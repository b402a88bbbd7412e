import type { MemcacheError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'

/** What a result carries of its call. */
export interface MetaEcho {
  /** The caller's key; with `returnKey`. */
  readonly key?: Key
  /** The caller's own; with `opaque`. */
  readonly opaque?: unknown
}

/** Whose turn it is to make the value anew. */
export interface MetaLease {
  /** The item is marked stale (`X`). */
  readonly stale: boolean
  /** This caller is the one who should store it anew (`W`). Told once: whoever asks later sees `alreadyWon`. */
  readonly won: boolean
  /** Somebody else is (`Z`). */
  readonly alreadyWon: boolean
}

/** There is an item. */
export interface MetaHit<T> extends MetaEcho, MetaLease {
  /** There is an item, with or without a value. */
  readonly status: 'hit'
  /**
   * `undefined` where none came: with `value: false`; `unchanged`; or, with `vivify`, an empty item that waits for
   * whoever has won. Also while a `Memcache` in text mode loads the value.
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

/** What a read came to. */
export type MetaGetResult<T = unknown> = MetaHit<T> | MetaMiss

/** It was stored. */
export interface MetaStored extends MetaEcho {
  /** The item has the new value. */
  readonly status: 'stored'
  /** The item's new cas number. */
  readonly cas?: bigint
  /** Length of the value as stored, in bytes. */
  readonly size?: number
}

/**
 * It was not: the item is there (`add`) or is not (`replace`, `append`, `prepend`), or has grown too large; it has
 * another cas number (`exists`); there is none to compare with (`notFound`).
 */
export interface MetaNotStored extends MetaEcho {
  /** Why nothing was stored. */
  readonly status: 'notStored' | 'exists' | 'notFound'
}

/** What a store came to. */
export type MetaStoreResult = MetaStored | MetaNotStored

/** What a delete or an invalidation came to; `exists`: the item has another cas number. */
export interface MetaDeleteResult extends MetaEcho {
  /** `ok`: it was done; `notFound`: there was no item; `exists`: it has another cas number, and nothing was done. */
  readonly status: 'ok' | 'notFound' | 'exists'
}

/** It was renewed. As any mg, this one takes the win token of a stale item, and says so. */
export interface MetaTouched extends MetaEcho, MetaLease {
  /** The item has the new ttl. */
  readonly status: 'ok'
}

/** There is nothing to renew. */
export interface MetaNotFound extends MetaEcho {
  /** There is no item. */
  readonly status: 'notFound'
}

/** What a touch came to. */
export type MetaTouchResult = MetaTouched | MetaNotFound

/** The counter's new value. */
export interface MetaCounted extends MetaEcho {
  /** It was counted. */
  readonly status: 'hit'
  /** The counter after the change. */
  readonly value: bigint
  /** The item's new cas number. */
  readonly cas?: bigint
  /** Seconds left; `Infinity` = never expires. */
  readonly ttl?: number
}

/** A quiet pipeline's: counted, the value is not told. */
export interface MetaQuietlyCounted extends MetaEcho {
  /** It was counted. */
  readonly status: 'hit'
}

/** It was not counted: there is none, or it has another cas number. */
export interface MetaNotCounted extends MetaEcho {
  /** Why nothing was counted. */
  readonly status: 'notFound' | 'notStored' | 'exists'
}

/** What counting came to. */
export type MetaCountResult = MetaCounted | MetaNotCounted

/** What counting came to in a quiet pipeline. */
export type MetaQuietCountResult = MetaQuietlyCounted | MetaNotCounted

/** What `debug` tells of an item. */
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

/** What `debug` came to. */
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
  /** What the command failed with. */
  readonly error: MemcacheError
}

/** What the commands of a pipeline came to, in the order of the calls. */
export type MetaOutcomes<Results extends readonly unknown[]> = {
  readonly [Index in keyof Results]: Results[Index] | MetaFailure
}
