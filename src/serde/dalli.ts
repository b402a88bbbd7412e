import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { type ZlibCompression, zlibCodec } from './compression.ts'
import {
  checkNativeObjects,
  checkStrings,
  type ForeignOptions,
  type NativeObjects,
  resolveCompression,
  resolveMaxBytes,
  type StringsAs,
} from './foreign-options.ts'
import { decodeMarshal } from './marshal-reader.ts'
import { encodeMarshal } from './marshal-writer.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { compressValue, keepBytes, needsOption, unknownFlags, withinLimits } from './stored-value.ts'
import { checkText, decodeText } from './text.ts'

/** Options of Dalli's layout. */
export interface DalliOptions extends ForeignOptions {
  /**
   * Handling of Ruby's Marshal, in which Dalli stores every value not set with `raw: true`. Only plain types are read
   * and written.
   *
   * - read: nil → null, true, false, Integer → number, beyond ±(2⁵³−1) bigint, Float → number, String → text if it is
   *   UTF-8 or US-ASCII, Buffer if it is binary, Symbol → text, Array → array, Hash → object if every key is text, else
   *   `Map`. Any other object, and a string in another encoding, is an error.
   * - written: with `readWrite` every value, as Dalli does; text as UTF-8, `Uint8Array` as binary strings, `Map` and
   *   plain objects as hashes with string keys.
   *
   * @defaultValue `'refuse'`
   */
  readonly marshal?: NativeObjects
  /**
   * Type of raw values when read: text, with an error for bytes that are not UTF-8, or Buffers.
   *
   * @defaultValue `'text'`
   */
  readonly strings?: StringsAs
  /**
   * Whether to compress as Dalli does: values of more than `minBytes` (4095) bytes, with zlib, if they get smaller.
   * Compressed values are read either way.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | ZlibCompression
}

const OPTIONS: readonly (keyof DalliOptions)[] = ['marshal', 'strings', 'compression', 'maxBytes']

const MARSHAL = 1
const ZLIB = 2
/** Largest uncompressed value, in bytes: Dalli compresses from 4096 bytes on. */
const MIN_BYTES = 4095

/**
 * Returns the serde for the layout of Dalli 2 to 5, by client flags:
 *
 * | flags | holds | in JavaScript |
 * |---|---|---|
 * | 0 | `raw: true`: `value.to_s` | text or Buffer, see `strings` |
 * | 1 | Marshal | see `marshal` |
 * | +2 | the same, compressed with zlib | |
 *
 * Without `marshal: 'readWrite'` text and `Uint8Array` are written raw, which Ruby gets as binary strings, and anything
 * else is refused; counters are raw text. Values of Dalli 5 with `string_fastpath` have flags of their own and are an
 * error.
 */
export function dalli(options: DalliOptions = {}): Serde {
  checkOptions(options, OPTIONS, 'dalli')
  const marshal = checkNativeObjects('marshal', options.marshal)
  const strings = checkStrings(options.strings ?? 'text')
  const compression = resolveCompression(options.compression, MIN_BYTES)
  const maxBytes = resolveMaxBytes(options)
  return Object.freeze<Serde>({
    counterFlags: 0,
    serialize: (value) => compressValue(encode(value, marshal), ZLIB, zlibCodec, compression),
    deserialize(data, clientFlags) {
      const plain = (clientFlags & ZLIB) === 0 ? data : zlibCodec.decompress(data, maxBytes)
      return decode(plain, clientFlags & ~ZLIB, marshal, strings, maxBytes)
    },
  })
}

function encode(value: unknown, marshal: NativeObjects): SerializedValue {
  if (marshal === 'readWrite') return { data: encodeMarshal(value), clientFlags: MARSHAL }
  if (typeof value === 'string') return { data: checkText(value), clientFlags: 0 }
  if (isBytes(value)) return { data: value, clientFlags: 0 }
  throw needsOption(showValue(value), "marshal: 'readWrite'")
}

function decode(
  data: Uint8Array,
  flags: number,
  marshal: NativeObjects,
  strings: StringsAs,
  maxBytes: number,
): unknown {
  if (flags === 0) return strings === 'text' ? decodeText(data) : keepBytes(data)
  if (flags !== MARSHAL) throw unknownFlags(flags, 'Dalli')
  if (marshal === 'refuse') throw needsOption("the value is Ruby's Marshal: it", "marshal: 'read'")
  return withinLimits(() => decodeMarshal(data, maxBytes))
}
