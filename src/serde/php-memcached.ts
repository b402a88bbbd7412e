import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { undecompressed, type ZlibCompression, zlibCodec } from './compression.ts'
import { decompressFastLz } from './fastlz.ts'
import {
  checkNativeObjects,
  checkStrings,
  type ForeignOptions,
  type NativeObjects,
  type ResolvedCompression,
  resolveCompression,
  resolveMaxBytes,
  type StringsAs,
} from './foreign-options.ts'
import { checkInt64, isInteger, parseInteger } from './integer.ts'
import { decodeJson, encodeJson } from './json-text.ts'
import { decodePhp, parsePhpFloat } from './php-reader.ts'
import { encodePhp } from './php-writer.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { keepBytes, needsOption, unknownFlags, withinLimits } from './stored-value.ts'
import { checkText, decodeLatin1, decodeText } from './text.ts'

/** Options of php-memcached's layout. */
export interface PhpMemcachedOptions extends ForeignOptions {
  /**
   * Handling of PHP's `serialize`, in which PHP stores arrays, objects and null unless its serializer is JSON. Only
   * plain types are read and written.
   *
   * - read: null, booleans, int → number, beyond ±(2⁵³−1) bigint, float → number, string as `strings` says, an array
   *   with the keys 0, 1, 2… → array, any other array and `stdClass` → object with text keys. Any other class, and a
   *   reference, is an error.
   * - written: with `readWrite` arrays, `Map`, plain objects (all as PHP arrays) and null; otherwise they are JSON.
   *
   * @defaultValue `'refuse'`
   */
  readonly serialize?: NativeObjects
  /**
   * Type of PHP's strings, which are bytes, when read: text, with an error for bytes that are not UTF-8, or Buffers.
   *
   * @defaultValue `'text'`
   */
  readonly strings?: StringsAs
  /**
   * Whether to compress strings and objects of more than `minBytes` (2000) bytes that get smaller, with zlib (PHP's own
   * default is FastLZ; PHP reads both). Values compressed with either are read in any case.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | ZlibCompression
}

const OPTIONS: readonly (keyof PhpMemcachedOptions)[] = ['serialize', 'strings', 'compression', 'maxBytes']

const STRING = 0
const INTEGER = 1
const DOUBLE = 2
const BOOLEAN = 3
const SERIALIZED = 4
const JSON_TEXT = 6
const COMPRESSED = 0x10
const BY_ZLIB = 0x20
const BY_FASTLZ = 0x40
/** Mask of the layout's flags: the upper half belongs to the user (`OPT_USER_FLAGS`). */
const OWN_FLAGS = 0xffff
const MIN_BYTES = 2000
/** Size of the length before compressed data: the decompressed size, little-endian. */
const SIZE_BYTES = 4

/**
 * Returns the serde for the layout of php-memcached 3 (the `Memcached` class), by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | a string | text or Buffer, see `strings` |
 * | 1 | an int in decimal | number, beyond ±(2⁵³−1) bigint |
 * | 2 | a float | number |
 * | 3 | a bool, `1` or nothing | boolean |
 * | 4 | PHP's `serialize` | see `serialize` |
 * | 5, 7 | igbinary, msgpack | an error |
 * | 6 | JSON | the JSON value |
 * | +16 +32, +16 +64 | the same, compressed with zlib or FastLZ | |
 *
 * Objects, arrays and null are written as JSON unless `serialize` is `'readWrite'`; PHP reads JSON whatever its own
 * serializer is, objects as `stdClass`, with `SERIALIZER_JSON_ARRAY` as arrays. Integers have 64 bits.
 */
export function phpMemcached(options: PhpMemcachedOptions = {}): Serde {
  checkOptions(options, OPTIONS, 'phpMemcached')
  const native = checkNativeObjects('serialize', options.serialize)
  const strings = checkStrings(options.strings ?? 'text')
  const compression = resolveCompression(options.compression, MIN_BYTES)
  const maxBytes = resolveMaxBytes(options)
  return Object.freeze<Serde>({
    counterFlags: INTEGER,
    serialize: (value) => compress(encode(value, native), compression),
    deserialize(data, clientFlags) {
      const flags = clientFlags & OWN_FLAGS
      const type = flags & ~(COMPRESSED | BY_ZLIB | BY_FASTLZ)
      return decode(decompress(data, flags, maxBytes), type, native, strings, maxBytes)
    },
  })
}

function encode(value: unknown, native: NativeObjects): SerializedValue {
  if (typeof value === 'string') return { data: checkText(value), clientFlags: STRING }
  if (isBytes(value)) return { data: value, clientFlags: STRING }
  if (typeof value === 'boolean') return { data: value ? '1' : '', clientFlags: BOOLEAN }
  if (typeof value === 'bigint' || (typeof value === 'number' && isInteger(value))) {
    return { data: String(checkInt64(value)), clientFlags: INTEGER }
  }
  if (typeof value === 'number') return { data: Object.is(value, -0) ? '-0' : String(value), clientFlags: DOUBLE }
  if (native === 'readWrite') return { data: encodePhp(value), clientFlags: SERIALIZED }
  return { data: encodeJson(value), clientFlags: JSON_TEXT }
}

function compress(value: SerializedValue, compression: ResolvedCompression | undefined): SerializedValue {
  const { clientFlags } = value
  const fits = clientFlags === STRING || clientFlags === SERIALIZED || clientFlags === JSON_TEXT
  if (compression === undefined || !fits) return value
  const data = typeof value.data === 'string' ? Buffer.from(value.data) : value.data
  if (data.byteLength <= compression.minBytes) return value
  const size = Buffer.alloc(SIZE_BYTES)
  size.writeUInt32LE(data.byteLength)
  const compressed = Buffer.concat([size, zlibCodec.compress(data, compression.level)])
  return compressed.length < data.byteLength
    ? { data: compressed, clientFlags: clientFlags | COMPRESSED | BY_ZLIB }
    : value
}

function decompress(data: Uint8Array, flags: number, maxBytes: number): Uint8Array {
  const way = flags & (COMPRESSED | BY_ZLIB | BY_FASTLZ)
  if (way === 0) return data
  if (way !== (COMPRESSED | BY_ZLIB) && way !== (COMPRESSED | BY_FASTLZ)) throw unknownFlags(flags, 'php-memcached')
  if (data.byteLength < SIZE_BYTES) throw undecompressed()
  const size = Buffer.from(data.buffer, data.byteOffset, SIZE_BYTES).readUInt32LE()
  if (size > maxBytes)
    throw new Error(`the value has more than maxBytes (${maxBytes}) when decompressed, or was extended by prepend`)
  const compressed = data.subarray(SIZE_BYTES)
  if (way === (COMPRESSED | BY_FASTLZ)) return decompressFastLz(compressed, size)
  const plain = zlibCodec.decompress(compressed, Math.max(1, size))
  if (plain.byteLength !== size) throw undecompressed()
  return plain
}

function decode(data: Uint8Array, type: number, native: NativeObjects, strings: StringsAs, maxBytes: number): unknown {
  switch (type) {
    case STRING:
      return strings === 'text' ? decodeText(data) : keepBytes(data)
    case INTEGER:
      return parseInteger(decodeLatin1(data))
    case DOUBLE:
      // A counter shortened by `decr` ends in spaces.
      return parsePhpFloat(decodeLatin1(data).trimEnd())
    case BOOLEAN:
      return decodeBoolean(decodeLatin1(data))
    case SERIALIZED:
      if (native === 'refuse') throw needsOption("the value is PHP's `serialize`: it", "serialize: 'read'")
      return withinLimits(() => decodePhp(data, strings, maxBytes))
    case JSON_TEXT:
      return decodeJson(data)
    default:
      throw unknownFlags(type, 'php-memcached (5 is igbinary, 7 msgpack: they are not read)')
  }
}

function decodeBoolean(text: string): boolean {
  if (text !== '1' && text !== '' && text !== '0') throw new Error('the value is stored as a bool and is not one')
  return text === '1'
}
