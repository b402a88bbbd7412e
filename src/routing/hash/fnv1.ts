import type { HashInput, SignedBytesOption } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { signBitOf } from './sign-bit.ts'

// Fowler, Noll and Vo (isthe.com/chongo/tech/comp/fnv): offset basis and prime, for 32 and for 64 bits.
const BASIS_32 = 0x811c9dc5
const PRIME_32 = 0x01000193
// Of the 64-bit numbers only the low halves reach the low half of the result: prime 2⁴⁰ + 0x1b3.
const BASIS_64 = 0x84222325
const PRIME_64 = 0x1b3

/** Returns FNV-1, 32 bits; libmemcached's and twemproxy's `fnv1_32`. */
export function fnv1_32(data: HashInput, options?: SignedBytesOption): number {
  return multiplyFirst(data, signBitOf(options), BASIS_32, PRIME_32)
}

/** Returns FNV-1a, 32 bits; libmemcached's and twemproxy's `fnv1a_32`. */
export function fnv1a_32(data: HashInput, options?: SignedBytesOption): number {
  return mixFirst(data, signBitOf(options), BASIS_32, PRIME_32)
}

/** Returns the low 32 bits of FNV-1, 64 bits; libmemcached's and twemproxy's `fnv1_64`. */
export function fnv1_64(data: HashInput, options?: SignedBytesOption): number {
  return multiplyFirst(data, signBitOf(options), BASIS_64, PRIME_64)
}

/**
 * Returns libmemcached's and twemproxy's `fnv1a_64`: computed in 32 bits, which gives the low half of FNV-1a, 64 bits.
 * Similar short keys get similar hashes: a ring puts them on few servers.
 */
export function fnv1a_64(data: HashInput, options?: SignedBytesOption): number {
  return mixFirst(data, signBitOf(options), BASIS_64, PRIME_64)
}

function multiplyFirst(data: HashInput, signBit: number, basis: number, prime: number): number {
  const { bytes, length } = bytesOf(data)
  let hash = basis
  for (let at = 0; at < length; at++) hash = Math.imul(hash, prime) ^ ((bytes[at]! ^ signBit) - signBit)
  return hash >>> 0
}

function mixFirst(data: HashInput, signBit: number, basis: number, prime: number): number {
  const { bytes, length } = bytesOf(data)
  let hash = basis
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ ((bytes[at]! ^ signBit) - signBit), prime)
  return hash >>> 0
}
