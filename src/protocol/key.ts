import { Buffer } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'
import { isBytes, UNREADABLE_BYTES, viewOf } from '../bytes.ts'
import { InvalidInputError } from '../errors.ts'
import { showKey } from '../show-key.ts'
import { showValue } from '../show-value.ts'

/**
 * Key as callers give it: text (sent as UTF-8, not normalized) or the bytes themselves. Equal bytes are the same key.
 */
export type Key = string | Uint8Array

/** The server's limit for a key on the wire, in bytes: `KEY_MAX_LENGTH` of memcached. */
export const MAX_KEY_BYTES = 250

/** Longest key that still fits once written in base64, in bytes: 248 characters of base64. */
const MAX_BASE64_KEY_BYTES = 186

/**
 * Key in the form that commands carry. Printable ASCII, nearly every key, is a bare string so that the hot path
 * allocates nothing; anything else is an {@link EncodedKey}.
 */
export type WireKey = string | EncodedKey

/** Key that is not printable ASCII. */
export interface EncodedKey {
  /** Text of the key in the command line. */
  readonly text: string
  /** Encoding of `text`; `base64` keys are ASCII and need the meta protocol's `b` flag. */
  readonly form: 'utf8' | 'bytes' | 'base64'
  /** Bytes that a server repeats in a reply, one character per byte. */
  readonly echo: string
}

/** Returns a text that is the same for equal keys, and no other. */
export function keyName(key: WireKey): string {
  return typeof key === 'string' ? key : `${key.form} ${key.text}`
}

const PRINTABLE_ASCII = /^[!-~]+$/

/** Checks whether a text is a key as it is: printable ASCII, not too long. */
export function isPlainKey(text: string): boolean {
  return text.length <= MAX_KEY_BYTES && PRINTABLE_ASCII.test(text)
}

const NOT_FOR_LINES = /[\0- \x7f]/

/** Returns the wire key of text that is not ASCII, or undefined when it needs more checks. */
export function encodeUtf8Key(text: string): EncodedKey | undefined {
  if (NOT_FOR_LINES.test(text) || !text.isWellFormed()) return undefined
  const bytes = Buffer.from(text, 'utf8')
  return bytes.length <= MAX_KEY_BYTES ? { text, form: 'utf8', echo: latin1Slice(bytes, 0, bytes.length) } : undefined
}

/** Returns the bytes of a key, before any prefix; refuses keys without defined bytes. */
export function keyBytes(key: Key): Buffer {
  if (typeof key === 'string') {
    if (!key.isWellFormed()) throw new InvalidInputError(`key ${quoteKey(key)} contains a lone surrogate`)
    return Buffer.from(key, 'utf8')
  }
  if (!isBytes(key)) {
    const shown = showValue(key)
    const hint = shown === 'an Array' ? ': calls about several keys end in Many, as getMany' : ''
    throw new InvalidInputError(`a key must be a string or a Uint8Array, got ${shown}${hint}`)
  }
  const bytes = viewOf(key)
  if (bytes === undefined) throw new InvalidInputError(`a key cannot be used: ${UNREADABLE_BYTES}`)
  return bytes
}

/** Checks whether a byte may be in a command line: not white space, not a control character. */
function isLineByte(byte: number): boolean {
  return byte > 0x20 && byte !== 0x7f
}

/** Checks whether the bytes fit on the wire as a key, in base64 if necessary. */
export function fitsAsKey(bytes: Uint8Array): boolean {
  return bytes.length <= MAX_BASE64_KEY_BYTES || (bytes.length <= MAX_KEY_BYTES && bytes.every(isLineByte))
}

/**
 * Encodes the bytes of a whole key, prefix included. White space and control characters make it a base64 key, which
 * only the meta protocol can carry (memcached 1.6.10 and newer).
 */
export function encodeKeyBytes(bytes: Buffer): WireKey {
  if (bytes.length === 0) throw new InvalidInputError('a key must not be empty')
  if (!bytes.every(isLineByte)) return encodeBase64Key(bytes)
  if (bytes.length > MAX_KEY_BYTES) {
    throw new InvalidInputError(
      `key ${quoteKey(bytes)} has ${bytes.length} bytes, prefix included; memcached takes ${MAX_KEY_BYTES} (see the option longKeys)`,
    )
  }
  const echo = bytes.toString('latin1')
  if (PRINTABLE_ASCII.test(echo)) return echo
  const text = bytes.toString('utf8')
  // Bytes that are not UTF-8 survive only as one character per byte.
  return Buffer.byteLength(text, 'utf8') === bytes.length && Buffer.from(text, 'utf8').equals(bytes)
    ? { text, form: 'utf8', echo }
    : { text: echo, form: 'bytes', echo }
}

function encodeBase64Key(bytes: Buffer): EncodedKey {
  if (bytes.length > MAX_BASE64_KEY_BYTES) {
    throw new InvalidInputError(
      `key ${quoteKey(bytes)} has ${bytes.length} bytes; with white space or control characters it may have ${MAX_BASE64_KEY_BYTES}, prefix included (see the option longKeys)`,
    )
  }
  const text = bytes.toString('base64')
  return { text, form: 'base64', echo: text }
}

/** Checks whether the key is sent in base64, which only the meta protocol can carry. */
export function isBase64Key(key: WireKey): boolean {
  return typeof key !== 'string' && key.form === 'base64'
}

/** Returns the bytes that the server stores a key under. */
export function wireKeyBytes(key: WireKey): Buffer {
  if (typeof key === 'string') return Buffer.from(key, 'latin1')
  return key.form === 'base64' ? Buffer.from(key.text, 'base64') : Buffer.from(key.echo, 'latin1')
}

/** Returns a key for an error message: cut to 40 characters, escaped, quoted; for any other value its kind. */
export function quoteKey(key: Key): string {
  return typeof key === 'string' || isBytes(key) ? JSON.stringify(showKey(key)) : showValue(key)
}
