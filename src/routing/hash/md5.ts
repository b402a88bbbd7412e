import { writeAsciiWords } from './ascii-words.ts'
import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { compressMd5Block } from './md5-block.ts'
import { readRest, readWord } from './read-word.ts'

const BLOCK_BYTES = 64
/** Position of the length in bits in the last block. */
const LENGTH_WORD = 14
const LENGTH_BYTE = 4 * LENGTH_WORD

const state = new Int32Array(4)
const block = new Int32Array(16)

/**
 * Returns the first four bytes of the MD5 digest as a little-endian number: the md5 hash of libmemcached, spymemcached
 * and twemproxy.
 */
export function md5(data: HashInput): number {
  return md5Words(data)[0]! >>> 0
}

/**
 * Returns the MD5 digest (RFC 1321) as four little-endian words, signed. An implementation of our own, because for
 * cache keys it takes a fifth of the time of a native digest, and works where the platform forbids MD5 (FIPS).
 *
 * @returns One array for every call: read it before the next one.
 */
export function md5Words(data: HashInput): Int32Array {
  state[0] = 0x67452301
  state[1] = 0xefcdab89
  state[2] = 0x98badcfe
  state[3] = 0x10325476
  if (typeof data !== 'string' || !addShortText(data)) addBytes(data)
  return state
}

/** Adds the one block of a short ASCII text without a detour over bytes; returns `false` for any other text. */
function addShortText(text: string): boolean {
  const { length } = text
  if (length >= LENGTH_BYTE) return false
  block.fill(0)
  if (!writeAsciiWords(text, block)) return false
  block[length >> 2]! |= 0x80 << (8 * (length & 3))
  block[LENGTH_WORD] = length << 3
  compressMd5Block(state, block)
  return true
}

function addBytes(data: HashInput): void {
  const { bytes, length } = bytesOf(data)
  let at = 0
  for (; at + BLOCK_BYTES <= length; at += BLOCK_BYTES) {
    for (let word = 0; word < 16; word++) block[word] = readWord(bytes, at + 4 * word)
    compressMd5Block(state, block)
  }
  finish(bytes, at, length)
}

/** Adds the remaining bytes, fewer than a block, then 0x80, zeros and the length in bits (RFC 1321, 3.1 and 3.2). */
function finish(bytes: Uint8Array, start: number, length: number): void {
  block.fill(0)
  const rest = length - start
  const words = rest >> 2
  for (let word = 0; word < words; word++) block[word] = readWord(bytes, start + 4 * word)
  block[words] = readRest(bytes, start + 4 * words, length) | (0x80 << (8 * (rest & 3)))
  if (rest >= LENGTH_BYTE) {
    compressMd5Block(state, block)
    block.fill(0)
  }
  block[LENGTH_WORD] = length << 3
  block[LENGTH_WORD + 1] = length / 0x20000000
  compressMd5Block(state, block)
}
