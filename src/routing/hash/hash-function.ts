/** Input of a hash. Text means its UTF-8 bytes: equal bytes have equal hashes, given as text or as bytes. */
export type HashInput = string | Uint8Array

/**
 * Hash of a key: 32 bits, unsigned. Your own must give equal bytes the same number, whether they come as text or as
 * bytes.
 */
export type HashFunction = (data: HashInput) => number

/** Hash with a seed: another seed gives another hash. */
export type SeededHashFunction = (data: HashInput, seed: number) => number

/** Option for the bytes from 0x80 on in a hash of libmemcached; ASCII has none of them. */
export interface SignedBytesOption {
  /**
   * libmemcached adds `char`s, which are signed on x86: byte 0xc3 counts as −61. On ARM under Linux they are not, so
   * libmemcached itself hashes a key with such a byte in two ways. `false` is the way of ARM, and that of the published
   * algorithm.
   * @defaultValue `true`
   */
  readonly signedBytes?: boolean | undefined
}

/** Hash of libmemcached that adds bytes as numbers with a sign, or without one. */
export type SignedBytesHashFunction = (data: HashInput, options?: SignedBytesOption) => number
