import { Buffer } from 'node:buffer'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const values = new Map(Array.from(ALPHABET).map((letter, value) => [letter, value]))
// Padding counts as zero bits; its length is counted apart.
values.set('=', 0)

/**
 * Returns the bytes of a base64 key, one character each; `undefined` if it is none. As in memcached's decoder,
 * characters outside of the alphabet are skipped, and the first padded group is the last one.
 */
export function decodeBase64Key(text: string): string | undefined {
  const letters = Array.from(text).filter((letter) => values.has(letter))
  if (letters.length === 0 || letters.length % 4 !== 0) return undefined
  let key = ''
  for (let at = 0; at < letters.length; at += 4) {
    const group = letters.slice(at, at + 4)
    const padding = group.filter((letter) => letter === '=').length
    if (padding > 2) return undefined
    key += decodeGroup(group).slice(0, 3 - padding)
    if (padding > 0) break
  }
  return key
}

function decodeGroup(group: readonly string[]): string {
  const bits = group.reduce((sum, letter) => (sum << 6) | values.get(letter)!, 0)
  return String.fromCharCode((bits >> 16) & 0xff, (bits >> 8) & 0xff, bits & 0xff)
}

/** Returns the base64 form of a key's bytes. */
export function encodeBase64Key(key: string): string {
  return Buffer.from(key, 'latin1').toString('base64')
}
