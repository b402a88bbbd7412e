import type { Buffer } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'

/** Position returned by a parse function when the bytes end too soon. */
export const NEED_MORE = -1
/** Position returned by a parse function for bytes that are no reply. */
export const GARBAGE = -2

/** Longest reply line accepted, in bytes. Real ones are well under 1 kB; a longer one is a protocol error. */
export const MAX_LINE_BYTES = 4096

/** Largest data block of any memcached item (`-I 1g`), in bytes; a larger size in a reply is garbage. */
export const MAX_DECLARED_BYTES: number = 2 ** 30

const SPACE = 0x20
const CR = 0x0d
const LF = 0x0a

/** Returns the end of the word that begins at `pos`: at a space or CR; NEED_MORE when the bytes end first. */
export function wordEnd(bytes: Buffer, pos: number, end: number): number {
  for (let at = pos; at < end; at++) {
    const byte = bytes[at]!
    if (byte === SPACE || byte === CR) return at
  }
  return NEED_MORE
}

/** Parses the decimal number in `[pos, end)`; GARBAGE for anything else and for more than 15 digits. */
export function parseDecimal(bytes: Buffer, pos: number, end: number): number {
  if (pos >= end || end - pos > 15) return GARBAGE
  let value = 0
  for (let at = pos; at < end; at++) {
    const digit = bytes[at]! - 0x30
    if (digit < 0 || digit > 9) return GARBAGE
    value = value * 10 + digit
  }
  return value
}

/** Returns the position after the CR LF that must be at `pos`. */
export function lineBreak(bytes: Buffer, pos: number, end: number): number {
  if (pos + 2 > end) return pos < end && bytes[pos] !== CR ? GARBAGE : NEED_MORE
  return bytes[pos] === CR && bytes[pos + 1] === LF ? pos + 2 : GARBAGE
}

/** Checks whether the bytes at `pos` spell an ASCII word. All of its bytes must have come. */
export function spells(bytes: Buffer, pos: number, word: string): boolean {
  for (let at = 0; at < word.length; at++) if (bytes[pos + at] !== word.charCodeAt(at)) return false
  return true
}

/** Returns the position of the LF that ends the line, NEED_MORE, or GARBAGE for a line that has no end. */
export function findLineFeed(bytes: Buffer, pos: number, end: number): number {
  const limit = Math.min(end, pos + MAX_LINE_BYTES)
  for (let at = pos; at < limit; at++) if (bytes[at] === LF) return at
  return limit < end ? GARBAGE : NEED_MORE
}

/** Largest number of 64 bits; text of the same length compares as the numbers do. */
const MAX_UINT64 = '18446744073709551615'

/** Checks whether `[pos, end)` holds a decimal number of up to 64 bits. */
export function isDigits(bytes: Buffer, pos: number, end: number): boolean {
  const length = end - pos
  if (length <= 0 || length > MAX_UINT64.length) return false
  for (let at = pos; at < end; at++) if (bytes[at]! < 0x30 || bytes[at]! > 0x39) return false
  return length < MAX_UINT64.length || latin1Slice(bytes, pos, end) <= MAX_UINT64
}
