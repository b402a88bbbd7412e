import { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import { needNodeModule } from '../node-modules.ts'
import {
  encodeKeyBytes,
  encodeUtf8Key,
  fitsAsKey,
  isPlainKey,
  type Key,
  keyBytes,
  MAX_KEY_BYTES,
  quoteKey,
  type WireKey,
} from '../protocol/key.ts'

/** Treatment of keys that do not fit: a function gives another key for them, from their bytes. */
export type LongKeys = 'reject' | 'hash' | ((key: Uint8Array) => string)

/** Turns the caller's keys into keys on the wire: prefix, long keys, base64. */
export class KeyEncoder {
  readonly #prefix: Buffer
  readonly #prefixText: string
  readonly #shorten: ((key: Uint8Array) => string) | undefined
  readonly #textOnly: boolean

  /** @param textOnly - The classic protocol alone: no base64 keys. */
  constructor(prefix: Key, longKeys: LongKeys, textOnly: boolean) {
    this.#prefix = keyBytes(prefix)
    if (this.#prefix.length >= MAX_KEY_BYTES) {
      throw new InvalidInputError(`option keyPrefix has ${this.#prefix.length} bytes and leaves no room for a key`)
    }
    const plain = typeof prefix === 'string' ? prefix : this.#prefix.toString('latin1')
    // A prefix that is not plain makes every key take the long way, where bytes are joined.
    this.#prefixText = isPlainKey(plain) || plain === '' ? plain : '\0'
    this.#shorten = longKeys === 'hash' ? hashKey : longKeys === 'reject' ? undefined : longKeys
    this.#textOnly = textOnly
  }

  /** The wire key, or `InvalidInputError`. Printable ASCII, nearly every key, is joined and tested and no more. */
  encode(key: Key): WireKey {
    if (typeof key === 'string' && key !== '') {
      const whole = this.#prefixText === '' ? key : this.#prefixText + key
      if (isPlainKey(whole)) return whole
      const encoded = encodeUtf8Key(whole)
      if (encoded !== undefined) return encoded
    }
    return this.#encodeBytes(key)
  }

  /** Whether keys may be shortened, so that {@link KeyEncoder.shortKey} is worth a look. */
  get shortens(): boolean {
    return this.#shorten !== undefined
  }

  /** Returns the key used for one that does not fit, without prefix: servers are chosen by it. Undefined if it fits. */
  shortKey(key: Key): string | undefined {
    if (typeof key === 'string' && isPlainKey(this.#prefixText + key)) return undefined
    const bytes = keyBytes(key)
    const fits = fitsAsKey(Buffer.concat([this.#prefix, bytes]))
    return fits || this.#shorten === undefined ? undefined : shortened(this.#shorten, bytes, key)
  }

  #encodeBytes(key: Key): WireKey {
    const bytes = keyBytes(key)
    if (bytes.length === 0) throw new InvalidInputError('a key must not be empty')
    const encoded = encodeKeyBytes(this.#wholeKey(bytes, key))
    if (this.#textOnly && typeof encoded !== 'string' && encoded.form === 'base64') {
      throw new InvalidInputError(
        `key ${quoteKey(key)} contains white space or a control character, which needs the meta protocol; the option protocol is 'text'`,
      )
    }
    return encoded
  }

  #wholeKey(bytes: Buffer, key: Key): Buffer {
    const whole = Buffer.concat([this.#prefix, bytes])
    if (this.#shorten === undefined || fitsAsKey(whole)) return whole
    return Buffer.concat([this.#prefix, keyBytes(shortened(this.#shorten, bytes, key))])
  }
}

/** Returns the key that the function of the option `longKeys` makes of a key, checked. */
function shortened(shorten: (key: Uint8Array) => string, bytes: Buffer, key: Key): string {
  let short: unknown
  try {
    short = shorten(bytes)
  } catch (cause) {
    throw new InvalidInputError(`option longKeys threw for key ${quoteKey(key)}: ${messageOf(cause)}`, { cause })
  }
  if (typeof short === 'string' && short !== '') return short
  throw new InvalidInputError(`option longKeys must give a string that is not empty, for key ${quoteKey(key)}`)
}

/**
 * `~` and the SHA-256 of the key's bytes in base64url. A promise of the data format: it names items in caches that
 * outlive the process.
 */
function hashKey(key: Uint8Array): string {
  return `~${needNodeModule('node:crypto').createHash('sha256').update(key).digest('base64url')}`
}
