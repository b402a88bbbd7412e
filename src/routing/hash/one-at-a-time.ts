import type { HashInput, SignedBytesOption } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'
import { signBitOf } from './sign-bit.ts'

/**
 * Returns Bob Jenkins' one-at-a-time hash (burtleburtle.net/bob/hash/doobs.html): libmemcached's `default`, twemproxy's
 * `one_at_a_time`.
 */
export function oneAtATime(data: HashInput, options?: SignedBytesOption): number {
  const { bytes, length } = bytesOf(data)
  const signBit = signBitOf(options)
  let hash = 0
  for (let at = 0; at < length; at++) {
    hash = (hash + ((bytes[at]! ^ signBit) - signBit)) | 0
    hash = (hash + (hash << 10)) | 0
    hash ^= hash >>> 6
  }
  hash = (hash + (hash << 3)) | 0
  hash ^= hash >>> 11
  return (hash + (hash << 15)) >>> 0
}
