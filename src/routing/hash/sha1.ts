import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'

const BLOCK_BYTES = 64
const ROUNDS = 80
const ROUND_CONSTANTS = [0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6] as const

/** Returns the first four bytes of the SHA-1 digest (RFC 3174) as a big-endian number: a point of Dalli's ring. */
export function sha1Start(data: HashInput): number {
  const message = padded(data)
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
  const words = new Int32Array(ROUNDS)
  for (let at = 0; at < message.byteLength; at += BLOCK_BYTES) {
    for (let word = 0; word < 16; word++) words[word] = message.getInt32(at + 4 * word)
    compress(state, words)
  }
  return state[0]! >>> 0
}

/** Returns the bytes, then 0x80, zeros and the length in bits, to a multiple of 64 bytes (RFC 3174, section 4). */
function padded(data: HashInput): DataView {
  const { bytes, length } = bytesOf(data)
  const message = new Uint8Array(Math.ceil((length + 9) / BLOCK_BYTES) * BLOCK_BYTES)
  message.set(bytes.subarray(0, length))
  message[length] = 0x80
  const view = new DataView(message.buffer)
  view.setUint32(message.length - 8, length / 0x20000000)
  view.setUint32(message.length - 4, length << 3)
  return view
}

function compress(state: Int32Array, words: Int32Array): void {
  for (let at = 16; at < ROUNDS; at++) {
    words[at] = rotate(words[at - 3]! ^ words[at - 8]! ^ words[at - 14]! ^ words[at - 16]!, 1)
  }
  let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
  for (let at = 0; at < ROUNDS; at++) {
    const quarter = Math.floor(at / 20)
    const next = (rotate(a, 5) + choose(quarter, b, c, d) + e + ROUND_CONSTANTS[quarter]! + words[at]!) | 0
    e = d
    d = c
    c = rotate(b, 30)
    b = a
    a = next
  }
  for (const [at, part] of [a, b, c, d, e].entries()) state[at]! += part
}

function choose(quarter: number, b: number, c: number, d: number): number {
  if (quarter === 0) return (b & c) | (~b & d)
  return quarter === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
