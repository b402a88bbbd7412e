import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { type Codec, zlibCodec } from './compression.ts'
import {
  checkChoice,
  checkNativeObjects,
  type ForeignOptions,
  type NativeObjects,
  type ResolvedCompression,
  resolveMaxBytes,
} from './foreign-options.ts'
import { encodeInteger, isInteger, parseInteger } from './integer.ts'
import { decodePickle } from './pickle-reader.ts'
import { encodePickle, type PickleVersion } from './pickle-writer.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { compressValue, keepBytes, needsOption, unknownFlags, withinLimits } from './stored-value.ts'
import { checkText, decodeLatin1, decodeText } from './text.ts'

/** Options shared by the layouts of the Python clients. */
export interface PickleOptions extends ForeignOptions {
  /**
   * Handling of pickles, in which Python stores everything but text, bytes and integers. Only pickles of plain types
   * are read and written, none that calls or makes anything else.
   *
   * - read: None → null, bool, int → number, beyond ±(2⁵³−1) bigint, float → number, str → text, bytes → Buffer, list
   *   and tuple → array, dict → object if every key is text, else `Map`. A set, `bytearray`, date or instance is an
   *   error.
   * - written: null, booleans, numbers, bigints, text, `Uint8Array`, arrays, `Map` and plain objects (undefined members
   *   are left out). Anything else is an error.
   *
   * @defaultValue `'refuse'`
   */
  readonly pickle?: NativeObjects
  /**
   * Pickle protocol to write: 2 is read by every Python since 2.3, 3 by Python 3, 4 since 3.4, 5 since 3.8. All from 0
   * to 5 are read.
   *
   * @defaultValue `2`
   */
  readonly pickleVersion?: PickleVersion
}

const OPTIONS: readonly (keyof PickleOptions | 'compression')[] = ['pickle', 'pickleVersion', 'compression', 'maxBytes']

const PICKLE = 1
const INTEGER = 2
const LONG = 4
const ZLIB = 8

/** Flags and habits of one Python client. */
export interface PythonLayout {
  readonly name: string
  readonly textFlags: number
  readonly bytesFlags: number
  readonly integerFlags: typeof INTEGER | typeof LONG
  /** Whether booleans are `1` and `0` with client flags 2; else they are pickled. */
  readonly plainBooleans: boolean
  /** Whether integers are compressed like anything else. */
  readonly compressIntegers: boolean
  /** Codec for new values, and its flag. */
  readonly codec: Codec
  readonly codecFlag: number
  /** Further codecs that are read. */
  readonly alsoRead?: ReadonlyMap<number, Codec>
}

/** Refuses arguments that are not an object with options of a Python client's layout. */
export function checkPickleOptions(options: PickleOptions, shown: string): void {
  checkOptions(options, OPTIONS, shown)
}

/** Makes the serde of a Python client's layout. */
export function pythonSerde(
  layout: PythonLayout,
  options: PickleOptions,
  compression: ResolvedCompression | undefined,
): Serde {
  const pickle = checkNativeObjects('pickle', options.pickle)
  const version = checkChoice<PickleVersion>('pickleVersion', options.pickleVersion ?? 2, [2, 3, 4, 5])
  const maxBytes = resolveMaxBytes(options)
  const codecs = new Map([[ZLIB, zlibCodec], [layout.codecFlag, layout.codec], ...(layout.alsoRead ?? [])])
  return Object.freeze<Serde>({
    counterFlags: layout.integerFlags,
    serialize(value) {
      const plain = encodeSimple(value, layout) ?? encodeObject(value, pickle, version)
      if (!layout.compressIntegers && plain.clientFlags === layout.integerFlags) return plain
      return compressValue(plain, layout.codecFlag, layout.codec, compression)
    },
    deserialize(data, clientFlags) {
      for (const [flag, codec] of codecs) {
        if ((clientFlags & flag) === 0) continue
        return decode(codec.decompress(data, maxBytes), clientFlags & ~flag, layout, pickle, maxBytes)
      }
      return decode(data, clientFlags, layout, pickle, maxBytes)
    },
  })
}

function encodeSimple(value: unknown, layout: PythonLayout): SerializedValue | undefined {
  if (typeof value === 'string') return { data: checkText(value), clientFlags: layout.textFlags }
  if (isBytes(value)) return { data: value, clientFlags: layout.bytesFlags }
  if (typeof value === 'bigint' || (typeof value === 'number' && isInteger(value))) {
    return { data: encodeInteger(value), clientFlags: layout.integerFlags }
  }
  if (typeof value !== 'boolean' || !layout.plainBooleans) return undefined
  return { data: value ? '1' : '0', clientFlags: INTEGER }
}

function encodeObject(value: unknown, pickle: NativeObjects, version: PickleVersion): SerializedValue {
  if (pickle !== 'readWrite') throw needsOption(showValue(value), "pickle: 'readWrite'")
  return { data: encodePickle(value, version), clientFlags: PICKLE }
}

function decode(
  data: Uint8Array,
  flags: number,
  layout: PythonLayout,
  pickle: NativeObjects,
  maxBytes: number,
): unknown {
  switch (flags) {
    case layout.bytesFlags:
      return keepBytes(data)
    case layout.textFlags:
      return decodeText(data)
    case INTEGER:
    case LONG:
      return decodeInteger(decodeLatin1(data), flags, layout)
    case PICKLE:
      if (pickle === 'refuse') throw needsOption('the value is a pickle: it', "pickle: 'read'")
      return withinLimits(() => decodePickle(data, maxBytes))
    default:
      throw unknownFlags(flags, layout.name)
  }
}

function decodeInteger(text: string, flags: number, layout: PythonLayout): number | bigint | boolean {
  if (layout.plainBooleans && flags === INTEGER && (text === '0' || text === '1')) return text === '1'
  return parseInteger(text)
}
