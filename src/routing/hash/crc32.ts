import type { HashInput } from './hash-function.ts'
import { bytesOf } from './key-bytes.ts'

/** Polynomial of IEEE 802.3, bits reversed. */
const POLYNOMIAL = 0xedb88320
const table = makeTable()

/**
 * Returns CRC-32 (IEEE 802.3, as in zlib): the hash of Dalli, gomemcache, mcrouter's `Crc32` and twemproxy's `crc32a`.
 */
export function crc32(data: HashInput): number {
  const { bytes, length } = bytesOf(data)
  let sum = -1
  for (let at = 0; at < length; at++) sum = table[(sum ^ bytes[at]!) & 0xff]! ^ (sum >>> 8)
  return ~sum >>> 0
}

/**
 * Returns fifteen bits of CRC-32, bits 16 to 30: libmemcached's `crc` and twemproxy's `crc32`; also the hash of PHP's
 * memcache extension and of spymemcached's `CRC_HASH`.
 */
export function crc(data: HashInput): number {
  return (crc32(data) >>> 16) & 0x7fff
}

function makeTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let entry = byte
    for (let bit = 0; bit < 8; bit++) entry = entry & 1 ? (entry >>> 1) ^ POLYNOMIAL : entry >>> 1
    return entry
  })
}
