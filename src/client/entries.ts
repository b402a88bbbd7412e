import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.ts'
import { InvalidInputError } from '../errors.ts'
import { type Key, keyBytes } from '../protocol/key.ts'
import { showValue } from '../show-value.ts'

/** Keys and values to store: pairs (a Map, an array of pairs, any iterable of them) or an object. */
export type Entries<K extends Key, V = unknown> = Iterable<readonly [K, V]> | Readonly<Record<string, V>>

/** The pairs of a batch of writes. */
export function entriesOf<K extends Key>(entries: Entries<K>): (readonly [K, unknown])[] {
  if (typeof entries !== 'object' || entries === null) {
    throw new InvalidInputError(`entries must be pairs of key and value, or an object, got ${showValue(entries)}`)
  }
  const pairs =
    Symbol.iterator in entries
      ? [...(entries as Iterable<readonly [K, unknown]>)]
      : (Object.entries(entries) as [K, unknown][])
  for (const pair of pairs) {
    if (!Array.isArray(pair))
      throw new InvalidInputError(`entries must be pairs of key and value, got ${showValue(pair)}`)
  }
  return pairs
}

/** The keys of a batch of reads or deletes. */
export function checkKeys<K extends Key>(keys: Iterable<K>): readonly K[] {
  if (typeof keys !== 'object' || keys === null || !(Symbol.iterator in keys) || isBytes(keys)) {
    throw new InvalidInputError(`keys must be an array or another iterable of keys, got ${showValue(keys)}`)
  }
  return Array.isArray(keys) ? keys : [...keys]
}

/** A key with a batch's prefix in front. */
export function withPrefix(prefix: string | undefined, key: Key): Key {
  if (prefix === undefined) return key
  if (typeof prefix !== 'string') throw new InvalidInputError(`keyPrefix must be a string, got ${showValue(prefix)}`)
  const bytes = keyBytes(key)
  if (bytes.length === 0) throw new InvalidInputError('a key must not be empty')
  return typeof key === 'string' ? prefix + key : Buffer.concat([keyBytes(prefix), bytes])
}

/** Options of a batch with a prefix in front of the batch's own. */
export function prefixed<O extends { readonly keyPrefix?: string }>(prefix: string, options: O | undefined): O {
  return { ...options, keyPrefix: prefix + (options?.keyPrefix ?? '') } as O
}
