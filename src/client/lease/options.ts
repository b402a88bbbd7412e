import { InvalidInputError } from '../../errors.ts'
import type { Key } from '../../protocol/key.ts'
import { showValue } from '../../show-value.ts'
import { MAX_RELATIVE_SECONDS, type Ttl } from '../../ttl.ts'
import type { BatchOptions, WriteOptions } from '../call-options.ts'
import { checkWhole } from '../numbers.ts'
import type { Values } from '../values.ts'

/** Context that the loader of `getOrSet` gets. */
export interface LoadContext<T> {
  /** The key as the caller gave it. */
  readonly key: Key
  /** Aborts when no caller waits for the value any more, or when the client is destroyed. */
  readonly signal: AbortSignal
  /** The old value, where there is one: it is nearly expired, marked stale, or kept by `staleOnError`. */
  readonly stale?: T
}

/**
 * Loads a value. The result is stored; `undefined` is returned to the callers and not stored.
 *
 * @typeParam Stale - The type of the old value. One of its own, so that a loader that looks at its context does not settle
 * what `T` is before its result is known.
 */
export type Loader<T, Stale extends T = T> = (context: LoadContext<Stale>) => T | Promise<T>

/** Context that the loader of `getOrSetMany` gets besides the keys. */
export interface LoadManyContext {
  /** Aborts when the call does, or when the client is destroyed. */
  readonly signal: AbortSignal
}

/** Loads the values of many keys. A key that it leaves out, or whose value is `undefined`, is not stored. */
export type ManyLoader<K extends Key, T> = (
  missing: K[],
  context: LoadManyContext,
) => ReadonlyMap<K, T> | Promise<ReadonlyMap<K, T>>

/** Options of `getOrSet`. `timeoutMs` bounds each round trip, not the loader and not the waiting. */
export interface GetOrSetOptions<T = unknown> extends Omit<WriteOptions, 'ttl'> {
  /**
   * Time to live of what is loaded; a function decides by the value. Without it, the client's `defaultTtl`. A value whose
   * `Date` has passed once it is loaded, whether given here or by the function, is returned, and not stored.
   */
  readonly ttl?: Ttl | ((value: T) => Ttl | undefined)
  /** Time to live of a loaded `null`, for remembering that there is nothing. Without it, as of any other value. */
  readonly emptyTtl?: Ttl
  /**
   * From so many seconds before its end on, a value that is read is loaded anew in the background: by one caller, while all
   * callers get the old one. Needs the meta protocol.
   */
  readonly refreshAhead?: number
  /**
   * Whole seconds for which a key is held for the client that loads its value. Longer than the loader takes: what is
   * loaded later than that is returned, and not stored.
   *
   * @defaultValue `10`
   */
  readonly leaseTtl?: number
  /**
   * Time to wait for a value that another client is loading, in milliseconds, before loading it here too; 0 does not
   * wait. A load of this client's own is waited for to its end, and of several callers who wait the first one's time counts.
   *
   * @defaultValue the lease of the client that is loading
   */
  readonly waitMs?: number
  /**
   * Seconds for which the server keeps a value beyond its ttl, for the case that the loader fails: the callers get the
   * old value instead of the error. Plain readers see it so much longer too. Less than the client's `maxTtl`, which the ttl
   * and these seconds together do not exceed. Needs the meta protocol.
   */
  readonly staleOnError?: number
  /**
   * Place where a load is noted. `inline`: in the item itself, which readers without memlane see as an
   * empty value meanwhile. `key`: in an item of its own, `<key>:lease`, on the same server; a delete of the key during
   * the load is then not noticed.
   *
   * @defaultValue `'inline'`
   */
  readonly lease?: 'inline' | 'key'
  /**
   * Result for the callers of a load. `asStored`: each caller gets an object of its own, read from the stored form, as later
   * readers do. `asLoaded`: all callers get the loader's own object, and share it. Sharing saves the reading, and the object
   * differs from the result of later readers where the serde does not keep everything (a `Date` becomes text).
   *
   * @defaultValue `'asStored'`
   */
  readonly fresh?: 'asStored' | 'asLoaded'
  /**
   * `false`: a server answers, and not the near cache of the client, which keeps the new value.
   *
   * @defaultValue `true`
   */
  readonly near?: boolean
}

/** Options of `getOrSetMany`. */
export interface GetOrSetManyOptions<T = unknown> extends GetOrSetOptions<T>, BatchOptions {}

/** The lease part of the options, checked and complete. */
export interface ResolvedLease {
  readonly kind: 'inline' | 'key'
  readonly leaseTtl: number
  readonly refreshAhead: number
  readonly staleOnError: number
  /** Undefined: as long as the lease of the client that is loading. */
  readonly waitMs: number | undefined
  /** Whether a server is to answer, and no near cache. */
  readonly fresh: boolean
}

/** Checks what can be checked before anything is loaded; every error names the option and the value. */
export function resolveLease(options: GetOrSetOptions<never> | undefined, values: Values): ResolvedLease {
  if (typeof options?.ttl !== 'function') values.exptime(options?.ttl)
  if (options?.emptyTtl !== undefined) values.exptime(options.emptyTtl)
  checkFresh(options?.fresh)
  return {
    kind: checkKind(options?.lease),
    leaseTtl: checkWhole('leaseTtl', options?.leaseTtl ?? 10, MAX_RELATIVE_SECONDS, 1),
    refreshAhead: checkWhole('refreshAhead', options?.refreshAhead ?? 0, MAX_RELATIVE_SECONDS),
    // Else an item would be as old as its ttl from the start.
    staleOnError: checkWhole(
      'staleOnError',
      options?.staleOnError ?? 0,
      Math.min(MAX_RELATIVE_SECONDS, values.maxTtl - 1),
    ),
    waitMs: checkWait(options?.waitMs),
    fresh: options?.near === false,
  }
}

/** A loader is a function. */
export function checkLoader(loader: unknown): void {
  if (typeof loader !== 'function')
    throw new InvalidInputError(`the loader must be a function, got ${showValue(loader)}`)
}

/** The ttl of a loaded value. */
export function ttlOf(value: unknown, options: GetOrSetOptions<never> | undefined): Ttl | undefined {
  if (value === null && options?.emptyTtl !== undefined) return options.emptyTtl
  return typeof options?.ttl === 'function' ? options.ttl(value as never) : options?.ttl
}

function checkKind(kind: 'inline' | 'key' | undefined): 'inline' | 'key' {
  if (kind === undefined) return 'inline'
  if (kind === 'inline' || kind === 'key') return kind
  throw new InvalidInputError(`lease must be 'inline' or 'key', got ${showValue(kind)}`)
}

function checkFresh(fresh: 'asStored' | 'asLoaded' | undefined): void {
  if (fresh === undefined || fresh === 'asStored' || fresh === 'asLoaded') return
  throw new InvalidInputError(`fresh must be 'asStored' or 'asLoaded', got ${showValue(fresh)}`)
}

function checkWait(waitMs: number | undefined): number | undefined {
  if (waitMs === undefined || (typeof waitMs === 'number' && waitMs >= 0)) return waitMs
  throw new InvalidInputError(`waitMs must be a number of milliseconds, 0 or more, got ${showValue(waitMs)}`)
}
