import { Buffer } from 'node:buffer'
import type { Key } from '../protocol/key.ts'
import { escapeText } from './terminal/escape.ts'
import { UsageError } from './usage-error.ts'

const BASE64 = 'base64:'

/** Reads a key of the command line: text, or `base64:` and the base64 of its bytes. */
export function readKey(text: string): Key {
  if (!text.startsWith(BASE64)) return text
  const digits = text.slice(BASE64.length)
  const bytes = Buffer.from(digits, 'base64')
  if (bytes.length > 0 && bytes.toString('base64').replaceAll('=', '') === digits.replaceAll('=', '')) return bytes
  throw new UsageError(`${text} is not base64 after base64:`)
}

/**
 * Returns a key as a word that {@link readKey} reads as the same key: text as it is, and `base64:…` for bytes and for text with
 * control characters.
 */
export function showKeyText(key: Key): string {
  if (typeof key === 'string' && !key.startsWith(BASE64) && escapeText(key) === key) return key
  return BASE64 + Buffer.from(key).toString('base64')
}

/** Key in a JSON object. */
export function jsonKey(key: Key): { readonly key: string } | { readonly keyBase64: string } {
  return typeof key === 'string' ? { key } : { keyBase64: Buffer.from(key).toString('base64') }
}
