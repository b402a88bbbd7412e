import { crc, crc32 } from './crc32.ts'
import { fnv1_32, fnv1_64, fnv1a_32, fnv1a_64 } from './fnv1.ts'
import type { HashFunction, HashInput, SignedBytesHashFunction } from './hash-function.ts'
import { hsieh } from './hsieh.ts'
import { javaStringHash } from './java-string.ts'
import { jenkins } from './jenkins.ts'
import { md5 } from './md5.ts'
import { murmur } from './murmur.ts'
import { libhashkitMurmur3, murmur3 } from './murmur3.ts'
import { oneAtATime } from './one-at-a-time.ts'

/** Hash functions of memcached's clients: bytes, or text for its UTF-8 bytes, to an unsigned 32-bit number. */
export interface Hashes {
  /** MurmurHash3, x86, 32 bits: pymemcache's hash. `murmur3('foo')` is 4138058784. */
  readonly murmur3: (data: HashInput, seed?: number) => number
  /** First four bytes of the MD5 digest, little-endian: libmemcached's `md5`, and the key hash of ketama. */
  readonly md5: HashFunction
  /** CRC-32, all of it: Dalli, gomemcache, twemproxy's `crc32a`. */
  readonly crc32: HashFunction
  /** Bits 16 to 30 of CRC-32: libmemcached's `crc`, twemproxy's `crc32`. */
  readonly crc: HashFunction
  /** Bob Jenkins' one-at-a-time: libmemcached's `default`. */
  readonly oneAtATime: SignedBytesHashFunction
  /** FNV-1, 32 bits. */
  readonly fnv1_32: SignedBytesHashFunction
  /** FNV-1a, 32 bits. */
  readonly fnv1a_32: SignedBytesHashFunction
  /** Low half of FNV-1, 64 bits. */
  readonly fnv1_64: SignedBytesHashFunction
  /** Low half of FNV-1a, 64 bits; similar keys have similar hashes. */
  readonly fnv1a_64: SignedBytesHashFunction
  /** Paul Hsieh's SuperFastHash with the start value 0; seldom compiled into libmemcached. */
  readonly hsieh: SignedBytesHashFunction
  /** MurmurHash2 with libmemcached's seed, which depends on the length. */
  readonly murmur: HashFunction
  /** Bob Jenkins' lookup3 with the start value 13: libmemcached's `jenkins`. */
  readonly jenkins: HashFunction
  /** MurmurHash3 with a seed that depends on the length: libhashkit's `murmur3`. */
  readonly libhashkitMurmur3: HashFunction
  /** Java's `String.hashCode()`: spymemcached's `NATIVE_HASH`. Hashes characters; bytes count as their UTF-8 text. */
  readonly javaString: HashFunction
}

/** Hash functions of memcached's clients. Each is a function of its own and may be passed on alone. */
export const hashes: Hashes = Object.freeze({
  murmur3,
  md5,
  crc32,
  crc,
  oneAtATime,
  fnv1_32,
  fnv1a_32,
  fnv1_64,
  fnv1a_64,
  hsieh,
  murmur,
  jenkins,
  libhashkitMurmur3,
  javaString: javaStringHash,
})
