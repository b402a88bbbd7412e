import { InvalidInputError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import type { MetaSetMode } from '../../protocol/meta/request.ts'
import type { Serde } from '../../serde/serde.ts'
import { showValue } from '../../show-value.ts'
import { encodeExptime, type Ttl } from '../../ttl.ts'
import type { AddOptions, KeyOptions } from '../call-options.ts'
import { KEY_NAMES, type Names } from '../option-names.ts'

/** Options of every meta command about a key. */
export interface MetaOptions extends KeyOptions {
  /**
   * Puts the key into the result, as the caller gave it, and has the server repeat it (flag `k`), so that a reply about
   * another key is noticed. Keys in base64 are not repeated: servers get some of those replies wrong.
   */
  readonly returnKey?: boolean
  /** Anything; the result carries it back. Not sent: the connection needs the flag `O` for itself. */
  readonly opaque?: unknown
}

/** Options of `get`. */
export interface MetaGetOptions extends MetaOptions {
  /** Whether to read the value (flag `v`); without it the reply is metadata alone. @defaultValue `true` */
  readonly value?: boolean
  /** Instead of the client's serde. */
  readonly serde?: Serde
  /** Flag `c`. */
  readonly returnCas?: boolean
  /** Flag `t`: as it is after a `touch` or a `vivify` of this call. */
  readonly returnTtl?: boolean
  /** Flag `h`: whether it was read before this call. */
  readonly returnHitBefore?: boolean
  /** Flag `l`: seconds since the last access before this one. */
  readonly returnLastAccess?: boolean
  /** Flag `s`: length of the value as stored. */
  readonly returnSize?: boolean
  /** Flag `f`. */
  readonly returnClientFlags?: boolean
  /** Flag `u`: leaves the LRU, the last access and the hit mark as they are. */
  readonly noLruBump?: boolean
  /** Flag `T`: renews the time to live of an item that is there. */
  readonly touch?: Ttl
  /**
   * Flag `N`: where nothing is, makes an empty item that lives this long. The caller that makes it has `won` and is to store
   * the value; the others see `alreadyWon`, and for all of them `value` is `undefined` meanwhile.
   */
  readonly vivify?: Ttl
  /** Flag `R`: one caller has `won` as soon as less than this is left of the item's time, in seconds. */
  readonly recache?: number
  /** Flag `E`: the cas number of an item that `vivify` makes. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** Flag `C`: no value (`unchanged`) if the item still has this cas number. memcached 1.6.40 and newer. */
  readonly unlessCas?: bigint
}

/** Options of `gat`. */
export type MetaGatOptions = Omit<MetaGetOptions, 'touch'>

/** Options with which a hit may lack its value: `value` is then `undefined`. */
export type MayLackValue = { readonly vivify: Ttl } | { readonly unlessCas: bigint }

/** Options of every command that stores: what its result reports, and the cas number of the item. */
export interface MetaStoreOptions extends MetaOptions {
  /** Flag `c`: the cas number of what was stored. */
  readonly returnCas?: boolean
  /** Flag `s`: length of the value as stored. memcached 1.6.20 and newer. */
  readonly returnSize?: boolean
  /** Flag `E`: the cas number that the item gets, instead of the server's next. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
}

/** Options of `add`. */
export interface MetaAddOptions
  extends MetaStoreOptions,
    Pick<AddOptions, 'ttl' | 'clientFlags' | 'serde' | 'compression' | 'reportFailure'> {}

/** Options of `cas`. */
export interface MetaCasOptions extends Omit<MetaAddOptions, 'reportFailure'> {
  /** Flag `I`: a cas number below the item's stores all the same, and marks the item stale. Needs a cas number to compare. */
  readonly invalidate?: boolean
}

/** Options of `replace`. */
export interface MetaReplaceOptions extends MetaCasOptions {
  /** Flag `C`: only if the item has this cas number. */
  readonly compareCas?: bigint
}

/** Options of `append` and `prepend`. */
export interface MetaExtendOptions extends MetaStoreOptions {
  /** Flag `C`: only if the item has this cas number. */
  readonly compareCas?: bigint
  /** Flag `N`: where nothing is, makes an item of the data that lives this long. memcached 1.6.20 and newer. */
  readonly vivify?: Ttl
  /** Flag `F`: the client flags of an item that `vivify` makes. */
  readonly clientFlags?: number
}

/** Options of `set`. */
export interface MetaSetOptions extends MetaReplaceOptions {
  /**
   * Flag `M`. In the modes `append` and `prepend` the value is text or bytes, and the options are those of
   * {@link MetaExtendOptions}.
   *
   * @defaultValue `'set'`
   */
  readonly mode?: MetaSetMode
  /** Flag `N`, in the modes `append` and `prepend`. */
  readonly vivify?: Ttl
}

/** Options of `delete`. */
export interface MetaDeleteOptions extends MetaOptions {
  /** Flag `C`: only if the item has this cas number. */
  readonly compareCas?: bigint
}

/** Options of `invalidate`. */
export interface MetaInvalidateOptions extends MetaDeleteOptions {
  /** Flag `T`: how long the stale item stays. Without it, as long as it would have. */
  readonly ttl?: Ttl
  /** Flag `E`: the cas number that the item gets, instead of the server's next. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** Flag `x`: leaves no value and client flags 0. Needs `ttl`: the item would live for ever. memcached 1.6.27 and newer. */
  readonly dropValue?: boolean
}

/** Options of `incr` and `decr`. */
export interface MetaCountOptions extends MetaOptions {
  /** Flag `J`: the value of a counter that this call makes; the delta is not applied. Needs `initialTtl`. @defaultValue `0` */
  readonly initial?: number | bigint
  /** Flag `N`: where nothing is, makes a counter that lives this long. */
  readonly initialTtl?: Ttl
  /** Flag `T`: renews the time to live of a counter that is there. */
  readonly touch?: Ttl
  /** Flag `C`: only if the counter has this cas number. */
  readonly compareCas?: bigint
  /** Flag `E`: the cas number that the counter gets, instead of the server's next. memcached 1.6.27 and newer. */
  readonly newCas?: bigint
  /** Flag `t`. */
  readonly returnTtl?: boolean
  /** Flag `c`. */
  readonly returnCas?: boolean
}

/** A meta command spelled by the caller. */
export interface MetaExecution {
  /** Which meta command. */
  readonly command: 'mg' | 'ms' | 'md' | 'ma'
  readonly key: Key
  /** Each one letter with its token, as `v` or `N30`. Not `q`, `O`, `k` and `b`. */
  readonly flags?: readonly string[]
  /** The data of an `ms`, past the serde. */
  readonly value?: string | Uint8Array
}

const OWN = { ...KEY_NAMES, returnKey: true, opaque: true } as const
const RETURNS = { ...OWN, returnCas: true, returnSize: true, newCas: true } as const

export const META_NAMES: Names<MetaOptions> = OWN
export const GAT_NAMES: Names<MetaGatOptions> = {
  ...RETURNS,
  value: true,
  serde: true,
  returnTtl: true,
  returnHitBefore: true,
  returnLastAccess: true,
  returnClientFlags: true,
  noLruBump: true,
  vivify: true,
  recache: true,
  unlessCas: true,
}
export const GET_NAMES: Names<MetaGetOptions> = { ...GAT_NAMES, touch: true }
const STORE = { ...RETURNS, ttl: true, clientFlags: true, serde: true, compression: true } as const
export const ADD_NAMES: Names<MetaAddOptions> = { ...STORE, reportFailure: true }
export const CAS_NAMES: Names<MetaCasOptions> = { ...STORE, invalidate: true }
export const REPLACE_NAMES: Names<MetaReplaceOptions> = { ...CAS_NAMES, compareCas: true }
export const EXTEND_NAMES: Names<MetaExtendOptions> = { ...RETURNS, compareCas: true, vivify: true, clientFlags: true }
export const DELETE_NAMES: Names<MetaDeleteOptions> = { ...OWN, compareCas: true }
export const INVALIDATE_NAMES: Names<MetaInvalidateOptions> = {
  ...DELETE_NAMES,
  ttl: true,
  newCas: true,
  dropValue: true,
}
export const COUNT_NAMES: Names<MetaCountOptions> = {
  ...OWN,
  initial: true,
  initialTtl: true,
  touch: true,
  compareCas: true,
  newCas: true,
  returnTtl: true,
  returnCas: true,
}

const KEEPS_TTL = ': the item keeps its time to live; see touch'

/** Hints for an option that another command has. */
export const HINTS: Readonly<Record<string, string>> = {
  'delete dropValue': ': it leaves an item, and without more one that lives for ever; see invalidate',
  'delete ttl': ': see invalidate',
  'append ttl': KEEPS_TTL,
  'prepend ttl': KEEPS_TTL,
}

/** Refuses an option without the one that gives it a meaning. */
export function checkNeeds(name: string, given: unknown, needed: string, other: unknown): void {
  if (given === undefined || given === false || (other !== undefined && other !== false)) return
  throw new InvalidInputError(`option ${name} needs ${needed}: it would do nothing, or something else, without`)
}

/** The exptime of an option that is not jittered, where it is given. */
export function optionalExptime(name: string, ttl: Ttl | undefined): number | undefined {
  return ttl === undefined ? undefined : encodeExptime(ttl, Date.now(), name)
}

const UINT64_LIMIT = 2n ** 64n

/** A cas number of an option, where it is given; memcached takes 0 for none at all. */
export function optionalCas(name: string, cas: bigint | undefined): bigint | undefined {
  if (cas === undefined || (typeof cas === 'bigint' && cas > 0n && cas < UINT64_LIMIT)) return cas
  throw new InvalidInputError(
    `option ${name} must be a bigint from 1 to 2^64 - 1 (0n means that the server keeps no cas numbers), got ${showValue(cas)}`,
  )
}
