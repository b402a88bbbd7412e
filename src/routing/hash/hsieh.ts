import type { HashInput, SignedBytesOption } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { signBitOf } from './sign-bit.ts'

/**
 * Returns Paul Hsieh's SuperFastHash (azillionmonkeys.com/qed/hash.html) with the start value 0 of libmemcached and
 * twemproxy. libmemcached has it only if built with `--enable-hsieh_hash`; distributions do not build it so.
 */
export function hsieh(data: HashInput, options?: SignedBytesOption): number {
  const { bytes, length } = bytesOf(data)
  const whole = length - (length & 3)
  let hash = 0
  for (let at = 0; at < whole; at += 4) {
    hash = (hash + readHalf(bytes, at)) | 0
    hash = (hash << 16) ^ (readHalf(bytes, at + 2) << 11) ^ hash
    hash = (hash + (hash >>> 11)) | 0
  }
  return avalanche(addRest(hash, bytes, whole, length, signBitOf(options)))
}

function addRest(start: number, bytes: Uint8Array, at: number, length: number, signBit: number): number {
  let hash = start
  switch (length - at) {
    case 3:
      hash = (hash + readHalf(bytes, at)) | 0
      hash ^= hash << 16
      // The only byte that is read as a `char`.
      hash ^= ((bytes[at + 2]! ^ signBit) - signBit) << 18
      return (hash + (hash >>> 11)) | 0
    case 2:
      hash = (hash + readHalf(bytes, at)) | 0
      hash ^= hash << 11
      return (hash + (hash >>> 17)) | 0
    case 1:
      hash = (hash + bytes[at]!) | 0
      hash ^= hash << 10
      return (hash + (hash >>> 1)) | 0
    default:
      return hash
  }
}

function avalanche(start: number): number {
  let hash = start
  hash ^= hash << 3
  hash = (hash + (hash >>> 5)) | 0
  hash ^= hash << 4
  hash = (hash + (hash >>> 17)) | 0
  hash ^= hash << 25
  return (hash + (hash >>> 6)) >>> 0
}

function readHalf(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}
