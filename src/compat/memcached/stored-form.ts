import { Buffer, isUtf8 } from 'node:buffer'
import type { Key } from '../../protocol/key.ts'
import { asBuffer } from '../../serde/bytes.ts'
import { memcachedNpm } from '../../serde/memcached-npm.ts'
import type { Serde, SerializedValue } from '../../serde/serde.ts'

const TEXT = 0
const JSON_TEXT = 2
const BYTES = 4
const NUMBER = 8

const LAYOUT = memcachedNpm()

/**
 * The serde of the client behind the calls. The serde reads values as the package does: a value with client flags of another
 * client is text, text that was stored as a number is NaN where it is none, and bytes that are no UTF-8 are U+FFFD in text.
 */
export const COMPAT_SERDE: Serde = {
  ...LAYOUT,
  deserialize: (data, clientFlags, key) => {
    switch (clientFlags) {
      case JSON_TEXT:
      case BYTES:
        return LAYOUT.deserialize(data, clientFlags, key)
      case NUMBER:
        return Number(textOf(data, key))
      default:
        return textOf(data, key)
    }
  },
}

function textOf(data: Uint8Array, key: Key): unknown {
  const bytes = asBuffer(data)
  return LAYOUT.deserialize(isUtf8(bytes) ? bytes : Buffer.from(bytes.toString('utf8')), TEXT, key)
}

/** Serde of values that are in their stored form already. */
export const STORED_SERDE: Serde = { ...COMPAT_SERDE, serialize: (value) => value as SerializedValue }

/** A value as the package stores it. */
export interface StoredForm extends SerializedValue {
  readonly data: string
}

/** Returns what the package stores for a value. Throws what it throws for a value that JSON has no text for. */
export function storedForm(value: unknown): StoredForm {
  if (Buffer.isBuffer(value)) return escaped(value.toString('latin1'), BYTES)
  if (typeof value === 'number') return escaped(value.toString(), NUMBER)
  if (typeof value === 'string') return escaped(value.toWellFormed(), TEXT)
  const text: unknown = JSON.stringify(value)
  if (typeof text === 'string') return escaped(text.toWellFormed(), JSON_TEXT)
  throw new TypeError("Cannot read properties of undefined (reading 'replace')")
}

/** A backslash stands before every line break, as the package has it. */
function escaped(text: string, clientFlags: number): StoredForm {
  return { data: text.replace(/[\r\n]/g, '\\$&'), clientFlags }
}
