import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { readRest, readWord } from './read-word.ts'

// The constants of MurmurHash3_x86_32 (Austin Appleby, github.com/aappleby/smhasher).
const C1 = 0xcc9e2d51
const C2 = 0x1b873593
const STEP = 0xe6546b64
/** Factor of the seed of libhashkit's murmur3, times the length. */
const SEED_PER_BYTE = 0xdeadbeef

/** Returns MurmurHash3, x86, 32 bits: pymemcache's and emcache's hash. `murmur3('foo')` is 4138058784. */
export function murmur3(data: HashInput, seed = 0): number {
  const { bytes, length } = bytesOf(data)
  return hashBytes(bytes, length, seed)
}

/** Returns MurmurHash3 with a seed that depends on the length: libhashkit's `murmur3`, absent from libmemcached. */
export function libhashkitMurmur3(data: HashInput): number {
  const { bytes, length } = bytesOf(data)
  return hashBytes(bytes, length, Math.imul(SEED_PER_BYTE, length))
}

function hashBytes(bytes: Uint8Array, length: number, seed: number): number {
  const whole = length - (length & 3)
  let hash = seed | 0
  for (let at = 0; at < whole; at += 4) hash = mixMurmur3Word(hash, readWord(bytes, at))
  return finishMurmur3(hash, readRest(bytes, whole, length), length)
}

/** Mixes four bytes into the hash. */
export function mixMurmur3Word(hash: number, word: number): number {
  const mixed = hash ^ scramble(word)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + STEP) | 0
}

/**
 * Returns the final hash.
 *
 * @param rest - Last bytes, fewer than four, little-endian; 0 if there are none.
 * @param length - Length of the whole input, in bytes.
 */
export function finishMurmur3(hash: number, rest: number, length: number): number {
  return mixBits(hash ^ scramble(rest) ^ length)
}

/** Applies the last step of MurmurHash3, which by itself shuffles the bits of a number well. */
export function mixBits(start: number): number {
  let hash = Math.imul(start ^ (start >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(word: number): number {
  const product = Math.imul(word, C1)
  return Math.imul((product << 15) | (product >>> 17), C2)
}
