import type { Buffer } from 'node:buffer'
import { slabClassOf } from './slab-class.ts'

/** Bytes of the line end of every data block, which is kept with the block. */
export const LINE_END_BYTES = 2

/** Bytes of memcached's item header and the NUL after the key. */
const HEADER_BYTES = 49

/** Bytes of an item's cas, if the server keeps one. */
export const CAS_BYTES = 8

/** Bytes of the client flags; flags of 0 take no room. */
const CLIENT_FLAGS_BYTES = 4

/** Returns the bytes that memcached counts for an item: its item size limit refers to them. */
export function itemBytes(
  keyBytes: number,
  clientFlags: number,
  valueBytes: number,
  casBytes: number = CAS_BYTES,
): number {
  return HEADER_BYTES + casBytes + keyBytes + valueBytes + LINE_END_BYTES + (clientFlags === 0 ? 0 : CLIENT_FLAGS_BYTES)
}

/** Key and its stored value. */
export class Item {
  /** Bytes of the key, one character each. */
  readonly key: string
  /** Whether it was stored with a base64 key: replies of meta commands show the key in base64. */
  readonly binaryKey: boolean
  /** Value and its line end. Never written to: replies that wait for a slow reader share it. */
  block: Buffer
  readonly clientFlags: number
  /** Server time of its end; 0: never. */
  expiresAt: number
  cas = 0n
  readonly #casBytes: number
  /** Number of the flushes before it was stored. */
  flushes = 0
  /** Server time of the last use, as memcached counts uses. */
  usedAt = 0
  /** Whether it was read since it was stored. */
  fetched = false
  /** Whether `md I` invalidated it, and it was not stored again since. */
  stale = false
  /** Whether a client was told to recache it. */
  tokenSent = false
  /** Neighbours in the recency list of the store. */
  newer: Item | undefined
  older: Item | undefined

  constructor(
    key: string,
    binaryKey: boolean,
    clientFlags: number,
    expiresAt: number,
    block: Buffer,
    casBytes: number = CAS_BYTES,
  ) {
    this.key = key
    this.binaryKey = binaryKey
    this.clientFlags = clientFlags
    this.expiresAt = expiresAt
    this.block = block
    this.#casBytes = casBytes
  }

  /** Length of the value. */
  get valueBytes(): number {
    return this.block.length - LINE_END_BYTES
  }

  /** Bytes counted against the limits. */
  get bytes(): number {
    return itemBytes(this.key.length, this.clientFlags, this.valueBytes, this.#casBytes)
  }

  /** Slab class that memcached would keep it in. */
  get slabClass(): number {
    return slabClassOf(this.bytes)
  }
}
