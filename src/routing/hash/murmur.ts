import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { readRest, readWord } from './read-word.ts'

/** Multiplier of MurmurHash2 (Austin Appleby, github.com/aappleby/smhasher). */
const MULTIPLIER = 0x5bd1e995
/** Factor of libmemcached's seed, times the length. */
const SEED_PER_BYTE = 0xdeadbeef

/**
 * Returns MurmurHash2 with libmemcached's seed, which depends on the length; libmemcached's and twemproxy's `murmur`.
 */
export function murmur(data: HashInput): number {
  const { bytes, length } = bytesOf(data)
  const whole = length - (length & 3)
  let hash = Math.imul(SEED_PER_BYTE, length) ^ length
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(readWord(bytes, at), MULTIPLIER)
    word ^= word >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER)
  }
  if (whole < length) hash = Math.imul(hash ^ readRest(bytes, whole, length), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return (hash ^ (hash >>> 15)) >>> 0
}
