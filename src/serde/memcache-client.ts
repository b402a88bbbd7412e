import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { decompressZstd } from './compression.ts'
import { type ForeignOptions, resolveMaxBytes } from './foreign-options.ts'
import { decodeJson, encodeJson } from './json-text.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { keepBytes, unknownFlags } from './stored-value.ts'
import { checkText, decodeText } from './text.ts'

const TEXT = 0
const COMPRESSED = 1
const JSON_TEXT = 2
const NUMBER = 4
const BYTES = 8

/** Matches a number, which `decr` pads with blanks. The package stores NaN and the infinities as `null`. */
const NUMERIC = /^-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)? *$/
const NOT_A_NUMBER = 'null'

/**
 * Returns the serde for the layout of the npm package `memcache-client` 1.0 (electrode-io), by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | text in UTF-8 | text |
 * | 2 | JSON of an object, an array or null; here of a boolean too | what the JSON says |
 * | 4 | a number in decimal | number |
 * | 8 | a Buffer | Buffer |
 * | +1 | the same, compressed | |
 *
 * Nothing is written compressed. Compressed values are read where zstd made them, which is the default of the package
 * and needs a Node with zstd (22.15 or newer). Integers beyond ±(2⁵³−1) lose digits, as they do there.
 */
export function memcacheClient(options: ForeignOptions = {}): Serde {
  checkOptions(options, ['maxBytes'], 'memcacheClient')
  const maxBytes = resolveMaxBytes(options)
  return Object.freeze<Serde>({
    counterFlags: NUMBER,
    serialize,
    deserialize(data, clientFlags) {
      if ((clientFlags & COMPRESSED) === 0) return decode(data, clientFlags)
      return decode(decompressZstd(data, maxBytes), clientFlags & ~COMPRESSED)
    },
  })
}

function serialize(value: unknown): SerializedValue {
  if (typeof value === 'string') return { data: checkText(value), clientFlags: TEXT }
  if (isBytes(value)) return { data: value, clientFlags: BYTES }
  return { data: encodeJson(value), clientFlags: typeof value === 'number' ? NUMBER : JSON_TEXT }
}

function decode(data: Uint8Array, type: number): unknown {
  switch (type) {
    case TEXT:
      return decodeText(data)
    case JSON_TEXT:
      return decodeJson(data)
    case NUMBER:
      return decodeNumber(decodeText(data))
    case BYTES:
      return keepBytes(data)
    default:
      throw unknownFlags(type, 'the package memcache-client')
  }
}

function decodeNumber(text: string): number {
  if (text === NOT_A_NUMBER) return Number.NaN
  if (!NUMERIC.test(text)) throw new Error('the value is stored as a number and is not one')
  return Number(text)
}
