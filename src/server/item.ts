import type { Buffer } from 'node:buffer'
import { slabClassOf } from './slab-class.ts'

/** Every data block ends like this, and is kept with it. */
export const LINE_END_BYTES = 2

/** Bytes of memcached's item header and the NUL behind the key. */
const HEADER_BYTES = 49

/** Bytes of an item's cas, where the server keeps one. */
export const CAS_BYTES = 8

/** Client flags of 0 take no room. */
const CLIENT_FLAGS_BYTES = 4

/** Bytes that memcached counts for an item: this is what its item size limit is about. */
export function itemBytes(
  keyBytes: number,
  clientFlags: number,
  valueBytes: number,
  casBytes: number = CAS_BYTES,
): number {
  return HEADER_BYTES + casBytes + keyBytes + valueBytes + LINE_END_BYTES + (clientFlags === 0 ? 0 : CLIENT_FLAGS_BYTES)
}

/** One key and what is stored under it. */
export class Item {
  /** The bytes of the key, one character each. */
  readonly key: string
  /** It was stored with a base64 key: replies of meta commands show the key in base64. */
  readonly binaryKey: boolean
  /** The value and its line end. Never written to: replies that wait for a slow reader share it. */
  block: Buffer
  readonly clientFlags: number
  /** Server time at which it ends; 0: never. */
  expiresAt: number
  cas = 0n
  readonly #casBytes: number
  /** Number of the flushes before it was stored. */
  flushes = 0
  /** Server time of the last use, as memcached counts uses. */
  usedAt = 0
  /** It was read since it was stored. */
  fetched = false
  /** Invalidated by `md I`, and not stored again since. */
  stale = false
  /** Somebody was told to recache it. */
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

  /** What it counts against the limits. */
  get bytes(): number {
    return itemBytes(this.key.length, this.clientFlags, this.valueBytes, this.#casBytes)
  }

  /** The slab class that memcached would keep it in. */
  get slabClass(): number {
    return slabClassOf(this.bytes)
  }
}
