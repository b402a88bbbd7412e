/** What is hashed. Text stands for its UTF-8 bytes: equal bytes have equal hashes, whichever way they were given. */
export type HashInput = string | Uint8Array

/**
 * A hash of a key: 32 bits, unsigned. Your own must give equal bytes the same number, whether they come as text or as
 * bytes.
 */
export type HashFunction = (data: HashInput) => number

/** A hash with a seed: another seed, another hash. */
export type SeededHashFunction = (data: HashInput, seed: number) => number

/** How a hash of libmemcached reads bytes from 0x80 on, which ASCII has none of. */
export interface SignedBytesOption {
  /**
   * libmemcached adds `char`s, and these are signed on x86: byte 0xc3 counts as −61. On ARM under Linux they are not,
   * so libmemcached itself hashes a key with such a byte in two ways. `false` is the way of ARM, and that of the
   * published algorithm.
   *
   * @defaultValue `true`
   */
  readonly signedBytes?: boolean | undefined
}

/** A hash of libmemcached that adds bytes as numbers with a sign, or without one. */
export type SignedBytesHashFunction = (data: HashInput, options?: SignedBytesOption) => number
