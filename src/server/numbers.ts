import type { Buffer } from 'node:buffer'

const MAX_U64 = 2n ** 64n - 1n
const MAX_I64 = 2n ** 63n - 1n
const MIN_I64 = -(2n ** 63n)
const MAX_U32 = 0xffff_ffff
const MAX_I32 = 0x7fff_ffff
const MIN_I32 = -0x8000_0000
/** Number of digits that always fit into a number. */
const SAFE_DIGITS = 15
/** Most digits of a number of 64 bits. */
const MAX_DIGITS = 20
const MINUS = 0x2d
const PLUS = 0x2b
const ZERO = 0x30

/** Reader of numbers from bytes; `undefined` for other words. */
export interface NumberReader {
  readonly int32: (bytes: Buffer, start: number, end: number) => number | undefined
  readonly uint32: (bytes: Buffer, start: number, end: number) => number | undefined
  readonly uint64: (bytes: Buffer, start: number, end: number) => bigint | undefined
}

/**
 * Numbers as `strtol` of C reads them, up to memcached 1.6.42 everywhere: white space and a sign may come first,
 * anything may come after white space, and 64 bits are silently cut to 32.
 */
export const looseNumbers: NumberReader = {
  int32: (bytes, start, end) => {
    const small = digits(bytes, start, end)
    if (small >= 0) return small | 0
    const scanned = scan(bytes, start, end)
    if (scanned === undefined) return undefined
    const value = scanned.negative ? -scanned.magnitude : scanned.magnitude
    return value > MAX_I64 || value < MIN_I64 ? undefined : Number(BigInt.asIntN(32, value))
  },
  uint32: (bytes, start, end) => {
    const small = digits(bytes, start, end)
    if (small >= 0) return small % (MAX_U32 + 1)
    const value = looseUint64(bytes, start, end)
    return value === undefined ? undefined : Number(BigInt.asUintN(32, value))
  },
  uint64: looseUint64,
}

/** Numbers as memcached 1.6.45 reads most of them: digits only, within range. */
export const strictNumbers: NumberReader = {
  int32: (bytes, start, end) => {
    const negative = end > start && bytes[start] === MINUS
    const magnitude = strictDigits(bytes, negative ? start + 1 : start, end)
    if (magnitude === undefined) return undefined
    const value = negative ? -magnitude : magnitude
    return value > MAX_I32 || value < MIN_I32 ? undefined : Number(value)
  },
  uint32: (bytes, start, end) => {
    const value = strictDigits(bytes, start, end)
    return value === undefined || value > MAX_U32 ? undefined : Number(value)
  },
  uint64: (bytes, start, end) => {
    const value = strictDigits(bytes, start, end)
    return value === undefined || value > MAX_U64 ? undefined : BigInt(value)
  },
}

function looseUint64(bytes: Buffer, start: number, end: number): bigint | undefined {
  const small = digits(bytes, start, end)
  if (small >= 0) return BigInt(small)
  const scanned = scan(bytes, start, end)
  if (scanned === undefined || scanned.magnitude > MAX_U64) return undefined
  if (!scanned.negative) return scanned.magnitude
  // C negates the digits after the minus in 64 bits; memcached refuses the result only if it looks negative.
  const value = BigInt.asUintN(64, -scanned.magnitude)
  return value > MAX_I64 ? undefined : value
}

/** Reads up to 15 digits and nothing else, or returns -1. */
function digits(bytes: Buffer, start: number, end: number): number {
  if (end <= start || end - start > SAFE_DIGITS) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - ZERO
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function strictDigits(bytes: Buffer, start: number, end: number): bigint | number | undefined {
  const small = digits(bytes, start, end)
  if (small >= 0) return small
  if (end - start <= SAFE_DIGITS) return undefined
  const text = bytes.toString('latin1', start, end)
  return /^\d+$/.test(text) ? toMagnitude(text) : undefined
}

interface Scanned {
  readonly negative: boolean
  readonly magnitude: bigint
}

/** Scans as the C library does: white space, sign, digits, and then the end or white space. */
function scan(bytes: Buffer, start: number, end: number): Scanned | undefined {
  let at = start
  while (at < end && isSpace(bytes[at]!)) at++
  const negative = at < end && bytes[at] === MINUS
  if (negative || (at < end && bytes[at] === PLUS)) at++
  const firstDigit = at
  while (at < end && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) at++
  if (at === firstDigit) return undefined
  // A NUL is the end of a C string.
  if (at < end && bytes[at] !== 0 && !isSpace(bytes[at]!)) return undefined
  return { negative, magnitude: toMagnitude(bytes.toString('latin1', firstDigit, at)) }
}

/** Returns the number that digits spell. All larger ones become 2^64, which no command takes: they need not be read. */
function toMagnitude(spelled: string): bigint {
  const significant = spelled.replace(/^0+(?=.)/, '')
  return significant.length > MAX_DIGITS ? MAX_U64 + 1n : BigInt(significant)
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}
