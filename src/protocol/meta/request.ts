import type { ReadRequest, TouchRequest } from '../request.ts'

/**
 * A meta command with its flags (protocol.txt, "Meta Commands"). The flags are named for what they do; the encoder
 * knows their letters, and their order: what changes the item comes before what reports it.
 */
export type MetaRequest = MetaGetRequest | MetaSetRequest | MetaDeleteRequest | MetaArithmeticRequest | MetaDebugRequest

/** `mg`: read, touch, or look at an item. */
export interface MetaGetRequest {
  readonly command: 'mg'
  readonly flags: MetaGetFlags
  /** What a text connection sends instead. Without it, the command needs the meta protocol. */
  readonly text?: ReadRequest | TouchRequest
  /** What messages call it. @defaultValue the command */
  readonly label?: string
}

/** `ms`: store a value. */
export interface MetaSetRequest {
  readonly command: 'ms'
  readonly flags: MetaSetFlags
  /** Text (sent as UTF-8) or bytes. */
  readonly data: string | Uint8Array
  /** Length of `data` on the wire. */
  readonly bytes: number
  readonly label?: string
}

/** `md`: remove an item, or mark it stale. */
export interface MetaDeleteRequest {
  readonly command: 'md'
  readonly flags: MetaDeleteFlags
  readonly label?: string
}

/** `ma`: count. */
export interface MetaArithmeticRequest {
  readonly command: 'ma'
  readonly flags: MetaArithmeticFlags
  readonly label?: string
}

/** `me`: what the server knows of the item, as text. Takes neither flags nor an opaque. */
export interface MetaDebugRequest {
  readonly command: 'me'
  readonly label?: string
}

/** Flags of `mg`. */
export interface MetaGetFlags {
  /** `v`: the value. */
  readonly value?: boolean
  /** `f` */
  readonly clientFlags?: boolean
  /** `c` */
  readonly cas?: boolean
  /** `t`: seconds left, -1 = never expires; as it is after a `touch` or `vivify` of this command. */
  readonly ttl?: boolean
  /** `l`: seconds since the last access, before this one. */
  readonly lastAccess?: boolean
  /** `h`: whether it was read before. */
  readonly hitBefore?: boolean
  /** `s`: length of the value. */
  readonly size?: boolean
  /** `k`: the key. */
  readonly key?: boolean
  /** `u`: leaves the LRU, the last access and the hit mark as they are. */
  readonly noLruBump?: boolean
  /** `N<exptime>`: makes an empty item on a miss; the first asker wins. */
  readonly vivify?: number
  /** `R<seconds>`: the first asker wins when less than this is left. */
  readonly recache?: number
  /** `T<exptime>` */
  readonly touch?: number
  /** `E<cas>`: the cas number of an item made by `vivify`. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** `C<cas>`: no value if the item still has this cas number. memcached 1.6.40 and newer; older ones ignore it. */
  readonly unlessCas?: bigint
}

/** The modes of `ms`. */
export type MetaSetMode = 'set' | 'add' | 'replace' | 'append' | 'prepend'

/** Flags of `ms`. */
export interface MetaSetFlags {
  /** `M` @defaultValue `'set'` */
  readonly mode?: MetaSetMode
  /** `T<exptime>` @defaultValue 0, never expires */
  readonly exptime?: number
  /** `F<flags>` @defaultValue 0 */
  readonly clientFlags?: number
  /** `C<cas>`: only if the item has this cas number. */
  readonly compareCas?: bigint
  /** `E<cas>`: the cas number that the item gets. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** `I`: with a `compareCas` lower than the item's, stores and marks stale. */
  readonly invalidate?: boolean
  /** `N<exptime>`: append and prepend make the item where there is none. memcached 1.6.20 and newer; older ones ignore it. */
  readonly vivify?: number
  /** `c` */
  readonly cas?: boolean
  /** `s`: length of the value as stored. memcached 1.6.20 and newer. */
  readonly size?: boolean
  /** `k` */
  readonly key?: boolean
}

/** Flags of `md`. */
export interface MetaDeleteFlags {
  /** `C<cas>`: only if the item has this cas number. */
  readonly compareCas?: bigint
  /** `E<cas>`, with `invalidate`: the cas number that the item gets. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** `I`: marks the item stale instead of removing it. */
  readonly invalidate?: boolean
  /** `T<exptime>`, with `invalidate`. */
  readonly exptime?: number
  /** `x`: leaves an empty value with client flags 0. memcached 1.6.27 and newer. */
  readonly dropValue?: boolean
  /** `k` */
  readonly key?: boolean
}

/** Flags of `ma`. */
export interface MetaArithmeticFlags {
  /** `M` @defaultValue `'incr'` */
  readonly mode?: 'incr' | 'decr'
  /** `D<number>` @defaultValue 1 */
  readonly delta?: bigint
  /** `N<exptime>`: makes the counter where there is none. */
  readonly vivify?: number
  /** `J<number>`, with `vivify`: what it starts with. @defaultValue 0 */
  readonly initial?: bigint
  /** `T<exptime>` */
  readonly exptime?: number
  /** `C<cas>`: only if the item has this cas number. */
  readonly compareCas?: bigint
  /** `E<cas>`: the cas number that the item gets. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** `v`: the new number. */
  readonly value?: boolean
  /** `t` */
  readonly ttl?: boolean
  /** `c` */
  readonly cas?: boolean
  /** `k` */
  readonly key?: boolean
}
