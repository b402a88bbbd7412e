import type { SignedBytesOption } from './hash-function.ts'

/**
 * The bit of a byte that says "negative": 0x80 for signed bytes, none for unsigned ones. With it
 * `(byte ^ signBit) - signBit` is the byte's number either way, without a branch.
 */
export function signBitOf(options: SignedBytesOption | undefined): number {
  return options?.signedBytes === false ? 0 : 0x80
}
