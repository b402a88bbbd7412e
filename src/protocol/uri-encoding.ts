import { Buffer } from 'node:buffer'

const UNRESERVED = /[A-Za-z0-9\-._~]/

const PERCENT = 0x25

/**
 * Returns a key as dumps and logs show it: every byte but letters, digits and `-._~` as `%XX`.
 *
 * @param key - One character per byte.
 */
export function uriEncode(key: string): string {
  return Array.from(key, (character) => (UNRESERVED.test(character) ? character : escapeByte(character))).join('')
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** Returns the bytes that a part of a dump shows; undefined if a `%` has no two digits after it. */
export function uriDecode(lines: Buffer, start: number, end: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(end - start)
  let length = 0
  for (let at = start; at < end; at++) {
    let byte = lines[at]!
    if (byte === PERCENT) {
      byte = at + 2 < end ? hexDigit(lines[at + 1]!) * 16 + hexDigit(lines[at + 2]!) : Number.NaN
      if (Number.isNaN(byte)) return undefined
      at += 2
    }
    bytes[length++] = byte
  }
  return bytes.subarray(0, length)
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  // Both cases.
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}
