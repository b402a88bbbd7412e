import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { readRest, readWord } from './read-word.ts'
import { multiplyHigh } from './uint64.ts'

// The multiplier of MurmurHash64A (Austin Appleby, github.com/aappleby/smhasher), 0xc6a4a7935bd1e995.
const MULTIPLIER_HIGH = 0xc6a4a793
const MULTIPLIER_LOW = 0x5bd1e995
const WORD_BYTES = 8

/** Number of 64 bits in two halves. */
export interface Uint64 {
  high: number
  low: number
}

/** Writes MurmurHash64A into `hash`: mcrouter's hash for Ch3. */
export function murmur64a(hash: Uint64, data: HashInput, seed: number): void {
  const { bytes, length } = bytesOf(data)
  begin(hash, length, seed)
  const whole = length - (length % WORD_BYTES)
  for (let at = 0; at < whole; at += WORD_BYTES) mixWord(hash, readWord(bytes, at + 4), readWord(bytes, at))
  if (whole < length) {
    const middle = Math.min(whole + 4, length)
    hash.low ^= readRest(bytes, whole, middle)
    hash.high ^= readRest(bytes, middle, length)
    multiply(hash)
  }
  finish(hash)
}

/** Replaces the hash by MurmurHash64A of its eight bytes, as mcrouter extends a hash. */
export function rehash64a(hash: Uint64, seed: number): void {
  const { high, low } = hash
  begin(hash, WORD_BYTES, seed)
  mixWord(hash, high, low)
  finish(hash)
}

function begin(hash: Uint64, length: number, seed: number): void {
  hash.high = 0
  hash.low = length
  multiply(hash)
  hash.low ^= seed
}

const word: Uint64 = { high: 0, low: 0 }

function mixWord(hash: Uint64, high: number, low: number): void {
  word.high = high
  word.low = low
  multiply(word)
  shiftXor(word)
  multiply(word)
  hash.high ^= word.high
  hash.low ^= word.low
  multiply(hash)
}

function finish(hash: Uint64): void {
  shiftXor(hash)
  multiply(hash)
  shiftXor(hash)
}

function multiply(number: Uint64): void {
  const { high, low } = number
  const crossed = Math.imul(high, MULTIPLIER_LOW) + Math.imul(low, MULTIPLIER_HIGH)
  number.high = (multiplyHigh(low, MULTIPLIER_LOW) + crossed) | 0
  number.low = Math.imul(low, MULTIPLIER_LOW)
}

/** Computes `number ^= number >> 47`: only the upper 17 bits are shifted into the result. */
function shiftXor(number: Uint64): void {
  number.low ^= number.high >>> 15
}
