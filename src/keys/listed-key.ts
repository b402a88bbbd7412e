import type { Key } from '../protocol/key.ts'

/** A key of a listing, and what its server says of the item. */
export interface ListedKey {
  /** Key without the client's `keyPrefix` and without the namespace's: text where it is UTF-8, else bytes. */
  readonly key: Key
  /** Name of the server that listed it. */
  readonly server: string
  /** Seconds until it expires; `Infinity`: never. */
  readonly ttl: number
  /** Seconds since the last access, as the server counts: memcached notes an access at most once a minute. */
  readonly lastAccess: number
  /** Whether it was read since it was stored. */
  readonly fetched: boolean
  /** Bytes of the whole item: key, value and the server's own header. */
  readonly size: number
  /** Its cas number; `0n` where the server keeps none. */
  readonly cas: bigint
  /** Its client flags; absent before memcached 1.6.24. */
  readonly clientFlags?: number
  /** Slab class of its memory. */
  readonly slabClass: number
}
