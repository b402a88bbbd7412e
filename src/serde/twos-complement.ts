import { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import { checkDigits, MAX_DIGITS } from './integer.ts'

/** Bytes of an integer with the most digits, and one for its sign. */
const MAX_BYTES = Math.ceil((MAX_DIGITS * Math.log2(10)) / 8) + 1

/** Decodes a signed integer from little-endian bytes in two's complement, as in pickles. */
export function decodeTwosComplement(bytes: Uint8Array): bigint {
  const magnitude = decodeMagnitude(bytes)
  const negative = bytes.length > 0 && bytes[bytes.length - 1]! >= 0x80
  return negative ? magnitude - (1n << BigInt(8 * bytes.length)) : magnitude
}

/** Returns the shortest little-endian two's complement of an integer; no bytes for 0. */
export function encodeTwosComplement(value: bigint): Buffer {
  if (value === 0n) return Buffer.alloc(0)
  checkDigits(value)
  // One bit more than the magnitude has, for the sign.
  const bits = (value < 0n ? -value - 1n : value).toString(16).length * 4 + 1
  const length = Math.ceil(bits / 8)
  return encodeMagnitude(BigInt.asUintN(8 * length, value), length)
}

/** Decodes an unsigned integer from little-endian bytes. */
export function decodeMagnitude(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  if (bytes.length > MAX_BYTES) throw new Error(`the integer has more than ${MAX_DIGITS} digits`)
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
}

/** Encodes an unsigned integer as `length` little-endian bytes. */
export function encodeMagnitude(value: bigint, length: number): Buffer {
  if (length > MAX_BYTES) throw new InvalidInputError(`an integer of more than ${MAX_DIGITS} digits cannot be stored`)
  return Buffer.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex').toReversed())
}
