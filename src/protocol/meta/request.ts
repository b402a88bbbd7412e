import type { CountRequest, DeleteRequest, ReadRequest, StoreRequest, TouchRequest } from '../classic-request.ts'
import type { FlagText } from './flag-text.ts'

/**
 * Meta command with its flags (protocol.txt, "Meta Commands"). The flags are named for what they do; the encoder knows
 * their letters and their order: flags that change the item come before those that report it.
 */
export type MetaRequest = MetaGetRequest | MetaSetRequest | MetaDeleteRequest | MetaArithmeticRequest | MetaDebugRequest

/** `mg`: read, touch, or look at an item. */
export interface MetaGetRequest {
  readonly command: 'mg'
  readonly flags: MetaGetFlags
  /** Flags on the line instead of `flags`, which then only serve the check of the server's version. */
  readonly flagText?: FlagText | undefined
  /** Request that a text connection sends instead. Without it, the command needs the meta protocol. */
  readonly text?: ReadRequest | TouchRequest
  /** Whether it is the look of a `getOrSet`, which elects the caller that loads. @defaultValue `false` */
  readonly isLook?: boolean
  /** As in {@link ReadRequest}. */
  readonly fresh?: boolean
  /** Name of the command in messages. @defaultValue the command */
  readonly label?: string
}

/** `ms`: store a value. */
export interface MetaSetRequest {
  readonly command: 'ms'
  readonly flags: MetaSetFlags
  /** Flags on the line instead of `flags`, which then only serve the check of the server's version. */
  readonly flagText?: FlagText | undefined
  /** Text (sent as UTF-8) or bytes. */
  readonly data: string | Uint8Array
  /** Length of `data` on the wire. */
  readonly bytes: number
  /** Request to send instead, once it is made: its data is being compressed. */
  readonly preparing?: unknown
  /** Classic command that a connection without these flags sends instead, with the same data. */
  readonly classic?: 'append' | 'prepend'
  readonly label?: string
}

/** `md`: remove an item, or mark it stale. */
export interface MetaDeleteRequest {
  readonly command: 'md'
  readonly flags: MetaDeleteFlags
  /** Flags on the line instead of `flags`, which then only serve the check of the server's version. */
  readonly flagText?: FlagText | undefined
  /** Request that a text connection sends instead. */
  readonly text?: DeleteRequest | StoreRequest
  readonly label?: string
}

/** `ma`: count. */
export interface MetaArithmeticRequest {
  readonly command: 'ma'
  readonly flags: MetaArithmeticFlags
  /** Flags on the line instead of `flags`, which then only serve the check of the server's version. */
  readonly flagText?: FlagText | undefined
  /** Request that a text connection sends instead. Without it, the command needs the meta protocol. */
  readonly text?: CountRequest
  readonly label?: string
}

/** `me`: the server's data about the item, as text. Takes neither flags nor an opaque. */
export interface MetaDebugRequest {
  readonly command: 'me'
  readonly label?: string
}

/** Flags of `mg`. */
export interface MetaGetFlags {
  /** `v`: the value. */
  readonly value?: boolean | undefined
  /** `f` */
  readonly clientFlags?: boolean | undefined
  /** `c` */
  readonly cas?: boolean | undefined
  /** `t`: seconds left, -1 = never expires; as it is after a `touch` or `vivify` of this command. */
  readonly ttl?: boolean | undefined
  /** `l`: seconds since the last access, before this one. */
  readonly lastAccess?: boolean | undefined
  /** `h`: whether it was read before. */
  readonly hitBefore?: boolean | undefined
  /** `s`: length of the value. */
  readonly size?: boolean | undefined
  /** `k`: the key; left out of the line for keys in base64. */
  readonly key?: boolean | undefined
  /** `u`: leaves the LRU, the last access and the hit mark as they are. */
  readonly noLruBump?: boolean | undefined
  /** `N<exptime>`: makes an empty item on a miss; the first reader wins. */
  readonly vivify?: number | undefined
  /** `R<seconds>`: the first reader wins when less than this is left. */
  readonly recache?: number | undefined
  /** `T<exptime>`: of an item that is there; `recache` looks at the time before. */
  readonly touch?: number | undefined
  /** `E<cas>`: the cas number of an item made by `vivify`. memcached 1.6.27 and newer. */
  readonly newCas?: bigint | undefined
  /** `C<cas>`: no value if the item still has this cas number. memcached 1.6.40 and newer; older ones ignore it. */
  readonly unlessCas?: bigint | undefined
}

/** The modes of `ms`. */
export type MetaSetMode = 'set' | 'add' | 'replace' | 'append' | 'prepend'

/** Flags of `ms`. */
export interface MetaSetFlags {
  /** `M` @defaultValue `'set'` */
  readonly mode?: MetaSetMode | undefined
  /** `T<exptime>` @defaultValue 0, never expires */
  readonly exptime?: number | undefined
  /** `F<flags>` @defaultValue 0 */
  readonly clientFlags?: number | undefined
  /** `C<cas>`: only if the item has this cas number. */
  readonly compareCas?: bigint | undefined
  /** `E<cas>`: the cas number that the item gets. memcached 1.6.27 and newer. */
  readonly newCas?: bigint | undefined
  /** `I`: with a `compareCas` lower than the item's, stores and marks stale. */
  readonly invalidate?: boolean | undefined
  /** `N<exptime>`: append and prepend make the item where there is none. memcached 1.6.20 and newer; older ones ignore it. */
  readonly vivify?: number | undefined
  /** `c` */
  readonly cas?: boolean | undefined
  /** `s`: length of the value as stored. memcached 1.6.20 and newer. */
  readonly size?: boolean | undefined
  /** `k` */
  readonly key?: boolean | undefined
}

/** Flags of `md`. */
export interface MetaDeleteFlags {
  /** `C<cas>`: only if the item has this cas number. */
  readonly compareCas?: bigint | undefined
  /** `E<cas>`, with `invalidate`: the cas number that the item gets. memcached 1.6.27 and newer. */
  readonly newCas?: bigint | undefined
  /** `I`: marks the item stale instead of removing it. */
  readonly invalidate?: boolean | undefined
  /** `T<exptime>`, with `invalidate`. */
  readonly exptime?: number | undefined
  /** `x`: leaves an empty value with client flags 0. memcached 1.6.27 and newer. */
  readonly dropValue?: boolean | undefined
  /** `k` */
  readonly key?: boolean | undefined
}

/** Flags of `ma`. */
export interface MetaArithmeticFlags {
  /** `M` @defaultValue `'incr'` */
  readonly mode?: 'incr' | 'decr' | undefined
  /** `D<number>` @defaultValue 1 */
  readonly delta?: bigint | undefined
  /** `N<exptime>`: makes the counter where there is none. */
  readonly vivify?: number | undefined
  /** `J<number>`, with `vivify`: what it starts with. @defaultValue 0 */
  readonly initial?: bigint | undefined
  /** `T<exptime>`: of a counter that is there. */
  readonly exptime?: number | undefined
  /** `C<cas>`: only if the item has this cas number. */
  readonly compareCas?: bigint | undefined
  /** `E<cas>`: the cas number that the item gets. memcached 1.6.27 and newer. */
  readonly newCas?: bigint | undefined
  /** `v`: the new number. */
  readonly value?: boolean | undefined
  /** `t` */
  readonly ttl?: boolean | undefined
  /** `c` */
  readonly cas?: boolean | undefined
  /** `k` */
  readonly key?: boolean | undefined
}
