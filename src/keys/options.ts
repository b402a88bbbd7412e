import type { ServerOptions } from '../client/call-options.ts'
import type { CacheClient } from '../client/executor-of.ts'
import type { Namespace } from '../client/namespace/namespace.ts'
import { checkTimeout } from '../client/numbers.ts'
import { checkCallOptions, type Names, SERVER_NAMES } from '../client/option-names.ts'
import { InvalidInputError } from '../errors.ts'
import { count, flag, refused } from '../option-checks.ts'
import { type Key, keyBytes } from '../protocol/key.ts'
import { unreadable } from '../unreadable.ts'
import type { ListedKey } from './listed-key.ts'

/** A `Memcache`, or a namespace of one, whatever its values are. */
export type KeyOwner = CacheClient | Pick<Namespace, 'delete' | 'has'>

/** Options of `listKeys`. */
export interface ListKeysOptions extends ServerOptions {
  /**
   * Only keys that begin with it, after the client's `keyPrefix` and the namespace's prefix. Other keys are dropped as they
   * arrive and take no memory. @defaultValue all keys
   */
  readonly prefix?: Key
  /** Only keys for which it returns true. Called for one key at a time, when the key is about to be given. */
  readonly filter?: (item: ListedKey) => boolean
  /**
   * Time until a server begins its listing, in milliseconds, waiting for another listing included; and the longest silence
   * within it. Rejects with `TimeoutError`, or with `ServerError` where the server was busy. A listing as a whole may take
   * any time. @defaultValue `30_000`
   */
  readonly timeoutMs?: number
  /**
   * Most bytes of the server's reply that wait for the reader, about 80 for each key. Beyond it the connection is closed, what
   * waits is dropped, and the reader gets `OverloadedError`. @defaultValue 256 MiB
   */
  readonly maxBufferedBytes?: number
}

/** The keys that `deleteMatching` deletes; one of these must be given, and a `prefix` must not be empty. */
export interface KeyMatch {
  /** Keys that begin with it, after the client's `keyPrefix` and the namespace's prefix. */
  readonly prefix?: Key
  /** Keys for which it returns true. */
  readonly filter?: (item: ListedKey) => boolean
  /** Every key that begins with the client's `keyPrefix` and the namespace's prefix, and no other. */
  readonly all?: true
}

/** Options of `deleteMatching`. */
export interface DeleteMatchingOptions extends ServerOptions {
  /** As for `listKeys`. The deletes themselves take the client's own `timeoutMs`. @defaultValue `30_000` */
  readonly timeoutMs?: number
  /** As for `listKeys`. @defaultValue 256 MiB */
  readonly maxBufferedBytes?: number
  /**
   * Whether an item is deleted only while it is the one that was listed (by its cas number). `false` deletes what is there by
   * then. The classic protocol and servers without cas numbers cannot compare, and delete what is there. @defaultValue `true`
   */
  readonly unchanged?: boolean
}

/** The options of a listing, checked and complete. */
export interface ResolvedListOptions {
  readonly server: string | undefined
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number
  readonly maxBufferedBytes: number
  readonly prefix: Uint8Array
  readonly filter: ((item: ListedKey) => boolean) | undefined
}

const DEFAULT_TIMEOUT_MS = 30_000
const DEFAULT_BUFFERED_BYTES = 256 * 1024 * 1024

const LISTING_NAMES = { ...SERVER_NAMES, maxBufferedBytes: true } as const
const LIST_NAMES: Names<ListKeysOptions> = { ...LISTING_NAMES, prefix: true, filter: true }
const DELETE_NAMES: Names<DeleteMatchingOptions> = { ...LISTING_NAMES, unchanged: true }
const MATCH_NAMES: Names<KeyMatch> = { prefix: true, filter: true, all: true }

/** Checks the options of `listKeys` and fills in the defaults. */
export function resolveListOptions(options: ListKeysOptions | undefined): ResolvedListOptions {
  checkCallOptions('listKeys', options, LIST_NAMES)
  return readOptions('listKeys', options ?? {}, options ?? {})
}

/** Checks what is to be deleted, and the options of `deleteMatching`, and fills in the defaults. */
export function resolveDeleteOptions(
  match: KeyMatch,
  options: DeleteMatchingOptions | undefined,
): { readonly listing: ResolvedListOptions; readonly unchanged: boolean } {
  checkCallOptions('deleteMatching', options, DELETE_NAMES)
  if (match === undefined || typeof match === 'string') throw nothingMatched()
  checkCallOptions('deleteMatching', match, MATCH_NAMES)
  const listing = readOptions('deleteMatching', options ?? {}, match)
  const all = flag('all', match.all, false)
  if (listing.prefix.length === 0 && listing.filter === undefined && !all) throw nothingMatched()
  return { listing, unchanged: flag('unchanged', options?.unchanged, true) }
}

function nothingMatched(): InvalidInputError {
  return new InvalidInputError(
    "deleteMatching needs { prefix: 'user:' }, where the prefix is not empty, or { filter }; to delete every key with the client's keyPrefix: { all: true }",
  )
}

function readOptions(
  command: string,
  { server, signal, timeoutMs, maxBufferedBytes }: DeleteMatchingOptions,
  match: Pick<KeyMatch, 'prefix' | 'filter'>,
): ResolvedListOptions {
  try {
    const { prefix = '', filter } = match
    if (filter !== undefined && typeof filter !== 'function') throw refused('filter', 'a function', filter)
    return {
      server,
      signal,
      timeoutMs: timeoutMs === undefined ? DEFAULT_TIMEOUT_MS : checkTimeout(timeoutMs),
      maxBufferedBytes: count('maxBufferedBytes', maxBufferedBytes) ?? DEFAULT_BUFFERED_BYTES,
      // A copy: it is read for as long as the listing takes.
      prefix: Uint8Array.from(keyBytes(prefix)),
      filter,
    }
  } catch (cause) {
    throw unreadable(`the options of ${command}`, cause)
  }
}
