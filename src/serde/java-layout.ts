import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.ts'
import { checkOptions } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { type Codec, gzipCodec, type ZlibCompression } from './compression.ts'
import { checkChoice, type ForeignOptions, resolveCompression, resolveMaxBytes } from './foreign-options.ts'
import { checkInt64, fitInteger, isInteger } from './integer.ts'
import type { Serde, SerializedValue } from './serde.ts'
import { compressValue, keepBytes, unknownFlags } from './stored-value.ts'
import { checkText, decodeText } from './text.ts'

/** Options of the Java clients' layout. */
export interface JavaOptions extends ForeignOptions {
  /**
   * Java type of integers that fit 32 bits: an `Integer` or, as for all others, a `Long`. Java casts neither to the
   * other.
   *
   * @defaultValue `'int'`
   */
  readonly integers?: 'int' | 'long'
  /**
   * Whether to compress as the Java client does: values of more than `minBytes` (16384) bytes, with gzip, if they get
   * smaller. Compressed values are read either way.
   *
   * @defaultValue `false`
   */
  readonly compression?: false | ZlibCompression
}

const OPTIONS: readonly (keyof JavaOptions)[] = ['integers', 'compression', 'maxBytes']

const SERIALIZED = 1
const COMPRESSED = 2
const TEXT = 0
const BOOLEAN = 1 << 8
const INT = 2 << 8
const LONG = 3 << 8
const DATE = 4 << 8
const BYTE = 5 << 8
const FLOAT = 6 << 8
const DOUBLE = 7 << 8
const BYTES = 8 << 8
const MIN_BYTES = 16_384

/** Makes the serde of `SerializingTranscoder`, whose numbers are the same in both Java clients. */
export function javaSerde(name: string, options: JavaOptions, readCodec: Codec): Serde {
  checkOptions(options, OPTIONS, name)
  const integers = checkChoice<'int' | 'long'>('integers', options.integers ?? 'int', ['int', 'long'])
  const compression = resolveCompression(options.compression, MIN_BYTES)
  const maxBytes = resolveMaxBytes(options)
  return Object.freeze<Serde>({
    counterFlags: TEXT,
    serialize: (value) => compressValue(encode(value, integers), COMPRESSED, gzipCodec, compression),
    deserialize(data, clientFlags) {
      if ((clientFlags & SERIALIZED) !== 0) throw new Error('the value is a serialized Java object: it is not read')
      const plain = (clientFlags & COMPRESSED) === 0 ? data : readCodec.decompress(data, maxBytes)
      return decode(plain, clientFlags & ~COMPRESSED, name)
    },
  })
}

function encode(value: unknown, integers: 'int' | 'long'): SerializedValue {
  if (typeof value === 'string') return { data: checkText(value), clientFlags: TEXT }
  if (isBytes(value)) return { data: value, clientFlags: BYTES }
  if (typeof value === 'boolean') return { data: value ? '1' : '0', clientFlags: BOOLEAN }
  if (typeof value === 'bigint') return encodeLong(value, LONG)
  if (typeof value === 'number') return encodeNumber(value, integers)
  if (value instanceof Date && !Number.isNaN(value.getTime())) return encodeLong(BigInt(value.getTime()), DATE)
  throw new Error(`${showValue(value)} cannot be stored: only Java itself writes objects that Java reads`)
}

function encodeNumber(value: number, integers: 'int' | 'long'): SerializedValue {
  if (!isInteger(value)) {
    const data = Buffer.alloc(8)
    data.writeDoubleBE(value)
    return { data: withoutZeros(data), clientFlags: DOUBLE }
  }
  if (integers === 'long' || value !== (value | 0)) return encodeLong(BigInt(value), LONG)
  const data = Buffer.alloc(4)
  data.writeInt32BE(value)
  return { data: withoutZeros(data), clientFlags: INT }
}

function encodeLong(value: bigint, clientFlags: number): SerializedValue {
  const data = Buffer.alloc(8)
  data.writeBigInt64BE(checkInt64(value))
  return { data: withoutZeros(data), clientFlags }
}

/** Removes leading zero bytes. Numbers are big-endian and stored without them: 0 is no byte at all. */
function withoutZeros(data: Buffer): Buffer {
  const first = data.findIndex((byte) => byte !== 0)
  return first < 0 ? data.subarray(data.length) : data.subarray(first)
}

function decode(data: Uint8Array, flags: number, name: string): unknown {
  switch (flags) {
    case TEXT:
      return decodeText(data)
    case BOOLEAN:
      return decodeBoolean(data)
    case INT:
      return padded(data, 4).readInt32BE()
    case LONG:
      return fitInteger(padded(data, 8).readBigInt64BE())
    case DATE:
      return decodeDate(padded(data, 8).readBigInt64BE())
    case BYTE:
      return padded(data, 1).readInt8()
    case FLOAT:
      return padded(data, 4).readFloatBE()
    case DOUBLE:
      return padded(data, 8).readDoubleBE()
    case BYTES:
      return keepBytes(data)
    default:
      throw unknownFlags(flags, name)
  }
}

function padded(data: Uint8Array, length: number): Buffer {
  if (data.byteLength > length) throw new Error('the value is stored as a number and has too many bytes')
  const whole = Buffer.alloc(length)
  whole.set(data, length - data.byteLength)
  return whole
}

function decodeBoolean(data: Uint8Array): boolean {
  const text = String.fromCharCode(...data.subarray(0, 2))
  if (text !== '1' && text !== '0') throw new Error('the value is stored as a boolean and is not one')
  return text === '1'
}

function decodeDate(milliseconds: bigint): Date {
  const date = new Date(Number(milliseconds))
  if (Number.isNaN(date.getTime())) throw new Error('the value is stored as a date and is beyond what a Date holds')
  return date
}
