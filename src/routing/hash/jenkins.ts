import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'

/** Start value of libmemcached and twemproxy. */
const START = 13
const BLOCK_BYTES = 12

/**
 * Returns Bob Jenkins' lookup3, `hashlittle` (burtleburtle.net/bob/c/lookup3.c), with the start value 13:
 * libmemcached's and twemproxy's `jenkins`.
 */
export function jenkins(data: HashInput): number {
  const { bytes, length } = bytesOf(data)
  let a = (0xdeadbeef + length + START) | 0
  let b = a
  let c = a
  let at = 0
  for (; length - at > BLOCK_BYTES; at += BLOCK_BYTES) {
    a = (a + readPadded(bytes, at, length)) | 0
    b = (b + readPadded(bytes, at + 4, length)) | 0
    c = (c + readPadded(bytes, at + 8, length)) | 0
    a = ((a - c) | 0) ^ rotate(c, 4)
    c = (c + b) | 0
    b = ((b - a) | 0) ^ rotate(a, 6)
    a = (a + c) | 0
    c = ((c - b) | 0) ^ rotate(b, 8)
    b = (b + a) | 0
    a = ((a - c) | 0) ^ rotate(c, 16)
    c = (c + b) | 0
    b = ((b - a) | 0) ^ rotate(a, 19)
    a = (a + c) | 0
    c = ((c - b) | 0) ^ rotate(b, 4)
    b = (b + a) | 0
  }
  if (length === 0) return c >>> 0
  a = (a + readPadded(bytes, at, length)) | 0
  b = (b + readPadded(bytes, at + 4, length)) | 0
  c = (c + readPadded(bytes, at + 8, length)) | 0
  return finish(a, b, c)
}

function finish(startA: number, startB: number, startC: number): number {
  let a = startA
  let b = startB
  let c = startC
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  return ((c ^ b) - rotate(b, 24)) >>> 0
}

/** Reads four bytes, little-endian; those after the end count as 0. */
function readPadded(bytes: Uint8Array, at: number, end: number): number {
  let word = 0
  for (let last = Math.min(at + 4, end) - 1; last >= at; last--) word = (word << 8) | bytes[last]!
  return word
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
