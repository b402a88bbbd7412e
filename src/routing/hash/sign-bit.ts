import type { SignedBytesOption } from './hash-function.ts'

/**
 * Returns the sign bit of a byte: 0x80 for signed bytes, 0 for unsigned ones. With it `(byte ^ signBit) - signBit` is
 * the byte's number in both cases, without a branch.
 */
export function signBitOf(options: SignedBytesOption | undefined): number {
  return options?.signedBytes === false ? 0 : 0x80
}
