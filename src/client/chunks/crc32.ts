import { findNodeModule } from '../../node-modules.ts'

/** The polynomial of IEEE 802.3, bits reversed. */
const POLYNOMIAL = 0xedb88320

/** The polynomial 1: the highest bit is the lowest power. */
const ONE = 0x80000000

type Crc32 = (data: Uint8Array) => number

/** Returns the CRC-32 (IEEE 802.3, as in zlib) of bytes. Node has a fast one since 20.15. */
export function crc32(data: Uint8Array): number {
  fastest ??= findFastest()
  return fastest(data)
}

let fastest: Crc32 | undefined

function findFastest(): Crc32 {
  const zlib: { readonly crc32?: Crc32 } | undefined = findNodeModule('node:zlib')
  return zlib?.crc32 ?? slowCrc32
}

/** The CRC-32 bit by bit, where there is no zlib that has one. */
export function slowCrc32(data: Uint8Array): number {
  let sum = -1
  for (const byte of data) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = (sum & 1) === 0 ? sum >>> 1 : (sum >>> 1) ^ POLYNOMIAL
  }
  return ~sum >>> 0
}

/**
 * Returns the CRC-32 of two pieces from those of each, without their bytes.
 *
 * @param length - Number of bytes of the second piece.
 */
export function joinCrc32(first: number, second: number, length: number): number {
  return (multiply(shiftBy(length), first) ^ second) >>> 0
}

/**
 * Returns the CRC-32 of pieces from that of each.
 *
 * @param lengthAt - Returns the number of bytes of a piece.
 */
export function joinSums(sums: readonly number[], lengthAt: (index: number) => number): number {
  return sums.reduce((first, second, index) => joinCrc32(first, second, lengthAt(index)))
}

/** Returns the product of two polynomials, modulo that of the CRC. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL
  }
  return product >>> 0
}

/** Returns the polynomial that stands for a number of bytes: x to the power of eight times that. */
function shiftBy(bytes: number): number {
  let power = ONE
  let square = ONE >>> 8
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(square, power)
    square = multiply(square, square)
  }
  return power
}
