import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.ts'
import { InvalidInputError } from '../errors.ts'
import { isPlainObject } from '../plain-object.ts'
import { type Key, keyBytes } from '../protocol/key.ts'
import { showValue } from '../show-value.ts'
import { isThenable } from '../thenable.ts'
import type { Ttl } from '../ttl.ts'
import { unreadable } from '../unreadable.ts'

/** Keys and values to store: pairs (a Map, an array of pairs, any iterable of them) or a plain object. */
export type Entries<K extends Key, V = unknown> = Iterable<readonly [K, V]> | Readonly<Record<string, V>>

/** The pairs of a batch of writes, in a list of their own: the caller may change what was given during the call. */
export function entriesOf<K extends Key>(entries: Entries<K>): (readonly [K, unknown])[] {
  return reading('entries', () => (isIterable(entries) ? Array.from(entries, checkPair) : membersOf(entries))) as [
    K,
    unknown,
  ][]
}

/** The keys of a batch of reads or deletes, in a list of their own: the caller may change what was given during the call. */
export function checkKeys<K extends Key>(keys: Iterable<K>): K[] {
  return reading('keys', () => {
    if (isIterable(keys) && !isBytes(keys)) return [...keys]
    throw refused('keys must be an array or another iterable of keys', keys)
  })
}

/** Reads what the caller gave, whose getters, iterators and proxies may throw. */
function reading<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw unreadable(what, cause)
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

function checkPair(pair: unknown): [unknown, unknown] {
  if (!Array.isArray(pair))
    throw new InvalidInputError(`entries must be pairs of key and value, got ${showValue(pair)}`)
  if (pair.length === 2) return [pair[0], pair[1]]
  throw new InvalidInputError(`entries must be pairs of key and value, got an Array of ${pair.length}`)
}

/** Anything but a plain object keeps its content out of sight: it would be stored as nothing. */
function membersOf(entries: unknown): [unknown, unknown][] {
  if (isPlainObject(entries) && !isThenable(entries)) return Object.entries(entries)
  throw refused('entries must be an iterable of pairs of key and value, or a plain object', entries)
}

function refused(rule: string, value: unknown): InvalidInputError {
  return new InvalidInputError(`${rule}, got ${showValue(value)}${hintFor(value)}`)
}

function hintFor(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ''
  if (isThenable(value)) return ': await it first'
  return Symbol.asyncIterator in value ? ': collect it first' : ''
}

/** Whether the key is text that can be put after a prefix without a look at its bytes: nearly every key is. */
export function isPlainText(key: Key): key is string {
  return typeof key === 'string' && key !== '' && key.isWellFormed()
}

/** A key with a batch's prefix in front. */
export function withPrefix(prefix: string | undefined, key: Key): Key {
  if (prefix === undefined) return key
  const text = checkKeyPrefix(prefix)
  if (isPlainText(key)) return text + key
  const bytes = keyBytes(key)
  if (bytes.length === 0) throw new InvalidInputError('a key must not be empty')
  return typeof key === 'string' ? text + key : Buffer.concat([keyBytes(text), bytes])
}

/** Options of a write with a namespace's ttl, where the call has none. */
export function withTtl<O extends { readonly ttl?: unknown } | undefined>(ttl: Ttl | undefined, options: O): O {
  return ttl === undefined ? options : { ttl, ...options }
}

/** Options of a batch with a prefix in front of the batch's own. */
export function prefixed<O extends { readonly keyPrefix?: string } | undefined>(
  prefix: string | undefined,
  options: O,
): O {
  if (prefix === undefined) return options
  return {
    ...options,
    keyPrefix: options?.keyPrefix === undefined ? prefix : prefix + checkKeyPrefix(options.keyPrefix),
  }
}

function checkKeyPrefix(prefix: string): string {
  if (typeof prefix === 'string') return prefix
  throw new InvalidInputError(`keyPrefix must be a string, got ${showValue(prefix)}`)
}
