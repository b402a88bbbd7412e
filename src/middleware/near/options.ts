import { InvalidInputError } from '../../errors.ts'
import { checkOptions } from '../../known-options.ts'
import { count, flag, refused } from '../../option-checks.ts'
import { type Key, keyBytes } from '../../protocol/key.ts'
import { showValue } from '../../show-value.ts'
import { MAX_READS } from './sketch.ts'

/** Options of `nearCache`. */
export interface NearCacheOptions {
  /**
   * Time for which a value is given without asking the server, in milliseconds, 1 to 60,000: the bound on how old a value can
   * be. The time counts from the moment the read was sent, not from its reply.
   */
  readonly ttlMs: number
  /**
   * Memory of all entries: the bytes of keys and values, and 250 bytes for each entry. A decoded object, which `shared`
   * keeps, counts with the bytes that it was decoded from, and takes about twice as many.
   *
   * @defaultValue `16_777_216`, 16 MiB
   */
  readonly maxBytes?: number
  /** Largest item that is kept, in bytes as the server has it. @defaultValue `65_536` */
  readonly maxItemBytes?: number
  /**
   * Keeps these keys only: those with one of these prefixes, or those for which a function returns true. Keys are without the
   * client's `keyPrefix`, and with the prefix of a namespace. The function is called for keys that are not kept yet. The
   * function gets text, or bytes where the key is no UTF-8; if it throws, the read fails with `InvalidInputError`.
   *
   * @defaultValue all keys
   */
  readonly keys?: readonly string[] | ((key: Key) => boolean)
  /**
   * Number of reads of a key after which it is kept, 1 to 255: the last of them is. Reads are counted in a window of 8 × 65,536
   * misses, and may be counted for another key by chance. 1 keeps every key at its first read.
   *
   * @defaultValue `3`
   */
  readonly admitAfter?: number
  /**
   * Time for which a miss is remembered, in milliseconds, up to 60,000: so long a value that another process stores is not
   * seen. 0 remembers none.
   *
   * @defaultValue `0`
   */
  readonly missTtlMs?: number
  /**
   * Time after `ttlMs` for which a value is still given while one read asks the server for it, in milliseconds, up to
   * 60,000. The bound on how old a value can be is then the sum of both.
   *
   * @defaultValue `0`
   */
  readonly staleWhileRevalidateMs?: number
  /**
   * Keeps decoded values, and gives the same object to all callers. Plain objects and arrays that this client reads are then
   * frozen, whether near or not, by every call. A value with anything else in it (bytes, a `Date`, a `Map`, an instance of a
   * class) is kept as bytes, and decoded for each caller.
   *
   * @defaultValue `false`
   */
  readonly shared?: boolean
}

/** Options of `nearCache`, checked and complete. */
export type ResolvedNearCacheOptions = Required<Omit<NearCacheOptions, 'keys'>> & Pick<NearCacheOptions, 'keys'>

const OPTIONS: readonly (keyof NearCacheOptions)[] = [
  'ttlMs',
  'maxBytes',
  'maxItemBytes',
  'keys',
  'admitAfter',
  'missTtlMs',
  'staleWhileRevalidateMs',
  'shared',
]

/** Longest time without a look at the server, in milliseconds. */
const MAX_MS = 60_000

/** Checks the options and fills in the defaults. */
export function resolveNearCacheOptions(options: NearCacheOptions): ResolvedNearCacheOptions {
  checkOptions(options, OPTIONS, 'nearCache')
  const { ttlMs, maxBytes, maxItemBytes, keys, admitAfter, missTtlMs, staleWhileRevalidateMs, shared } = options
  if (ttlMs === undefined) {
    throw new InvalidInputError(
      'nearCache needs ttlMs: the milliseconds, 1 to 60,000, for which a value may be given without asking the server',
    )
  }
  return Object.freeze({
    ttlMs: time('ttlMs', ttlMs, 1),
    maxBytes: count('maxBytes', maxBytes) ?? 16 * 1024 * 1024,
    maxItemBytes: count('maxItemBytes', maxItemBytes) ?? 65_536,
    ...(keys !== undefined && { keys: checkPrefixes(keys) }),
    admitAfter: checkReads(count('admitAfter', admitAfter) ?? 3),
    missTtlMs: time('missTtlMs', missTtlMs ?? 0, 0),
    staleWhileRevalidateMs: time('staleWhileRevalidateMs', staleWhileRevalidateMs ?? 0, 0),
    shared: flag('shared', shared, false),
  })
}

function time(name: string, value: number, least: number): number {
  if (typeof value === 'number' && value >= least && value <= MAX_MS) return value
  throw refused(name, `a number of milliseconds from ${least} to 60,000`, value)
}

function checkReads(reads: number): number {
  if (reads <= MAX_READS) return reads
  throw refused('admitAfter', `a whole number from 1 to ${MAX_READS}`, reads)
}

/** Returns a copy of a list of prefixes, checked; a function as it is. */
function checkPrefixes(keys: NonNullable<NearCacheOptions['keys']>): NonNullable<NearCacheOptions['keys']> {
  if (typeof keys === 'function') return keys
  if (!Array.isArray(keys)) throw refused('keys', 'a list of prefixes or a function', keys)
  const prefixes: readonly unknown[] = keys
  for (const prefix of prefixes) {
    if (typeof prefix !== 'string') throw refused('keys', `a list of texts`, [showValue(prefix)])
    keyBytes(prefix)
  }
  return Object.freeze([...(keys as readonly string[])])
}
