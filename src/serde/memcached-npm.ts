import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.ts'
import { asBuffer } from './bytes.ts'
import { decodeJson, encodeJson } from './json-text.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { unknownFlags } from './stored-value.ts'
import { checkText, decodeText } from './text.ts'

const TEXT = 0
const JSON_TEXT = 2
const BYTES = 4
const NUMBER = 8

/** Line break: the package puts a backslash before each, and removes it again. */
const LINE_BREAK = /[\r\n]/g
const ESCAPED_LINE_BREAK = /\\([\r\n])/g
const NUMERIC = /^-?(?:Infinity|[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?) *$|^NaN$/

/**
 * Returns the serde for the layout of the npm package `memcached` 2.2 (3rd-Eden), by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | text in UTF-8 | text |
 * | 2 | JSON of anything else | the JSON value |
 * | 4 | a Buffer, one character per byte, in UTF-8 | Buffer |
 * | 8 | a number in decimal | number |
 *
 * Every line break inside a value has a backslash before it. Nothing is compressed. Integers beyond ±(2⁵³−1) lose
 * digits, as in the package.
 */
export function memcachedNpm(): Serde {
  return SERDE
}

const SERDE: Serde = Object.freeze<Serde>({ serialize, deserialize, counterFlags: NUMBER })

function serialize(value: unknown): SerializedValue {
  if (isBytes(value)) return escaped(asBuffer(value).toString('latin1'), BYTES)
  if (typeof value === 'string') return escaped(checkText(value), TEXT)
  if (typeof value === 'number') return escaped(Object.is(value, -0) ? '-0' : String(value), NUMBER)
  return escaped(encodeJson(value), JSON_TEXT)
}

function escaped(text: string, clientFlags: number): SerializedValue {
  return { data: text.replace(LINE_BREAK, '\\$&'), clientFlags }
}

function deserialize(data: Uint8Array, clientFlags: number): unknown {
  const text = decodeText(data).replace(ESCAPED_LINE_BREAK, '$1')
  switch (clientFlags) {
    case TEXT:
      return text
    case JSON_TEXT:
      return decodeJson(Buffer.from(text))
    case BYTES:
      return decodeBytes(text)
    case NUMBER:
      return decodeNumber(text)
    default:
      throw unknownFlags(clientFlags, 'the package memcached')
  }
}

function decodeBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.toString('latin1') === text) return bytes
  throw new Error('the value is stored as a Buffer and has characters that are no bytes')
}

function decodeNumber(text: string): number {
  if (!NUMERIC.test(text)) throw new Error('the value is stored as a number and is not one')
  return Number(text)
}
