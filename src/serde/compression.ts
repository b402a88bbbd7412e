import { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'

/** When and how a foreign layout's writer compresses. */
export interface ZlibCompression {
  /** Values of more bytes than this are compressed, and stored so if that made them smaller. */
  readonly minBytes?: number
  /**
   * Effort, from 0 to 9 (zlib and gzip).
   *
   * @defaultValue `6`
   */
  readonly level?: number
}

/** A way to make bytes smaller, and the way back, which stops at a limit. */
export interface Codec {
  compress(data: Uint8Array, level: number): Buffer
  decompress(data: Uint8Array, maxBytes: number): Buffer
}

const NOT_COMPRESSED = 'the value is marked as compressed and cannot be decompressed'

/** RFC 1950, which most clients mean by compression. */
export const zlibCodec: Codec = {
  compress: (data, level) => zlib.deflateSync(data, { level }),
  decompress(data, maxBytes) {
    // The header of RFC 1950, 2.2: what lacks it is not worth the cost of a decompressor.
    const isZlib = (data[0]! & 0x0f) === 8 && (data[0]! * 256 + data[1]!) % 31 === 0
    if (!isZlib) throw new Error(NOT_COMPRESSED)
    return bounded(maxBytes, () => zlib.inflateSync(data, { maxOutputLength: maxBytes }))
  },
}

/** RFC 1952, as the Java clients compress. */
export const gzipCodec: Codec = {
  compress: (data, level) => zlib.gzipSync(data, { level }),
  decompress(data, maxBytes) {
    if (data[0] !== 0x1f || data[1] !== 0x8b) throw new Error(NOT_COMPRESSED)
    return bounded(maxBytes, () => zlib.gunzipSync(data, { maxOutputLength: maxBytes }))
  },
}

/** The first four bytes of a Zstandard frame (RFC 8878, 3.1.1), which "magicless" frames leave out. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const ZSTD_LEVEL = 100

/** Zstandard frames without their magic number; needs a Node with zstd (22.15 or newer). */
export const magiclessZstdCodec: Codec = {
  compress(data, level) {
    return zstd()
      .zstdCompressSync(data, { params: { [ZSTD_LEVEL]: level } })
      .subarray(ZSTD_MAGIC.length)
  },
  decompress(data, maxBytes) {
    const lib = zstd()
    const frame = Buffer.concat([ZSTD_MAGIC, data])
    return bounded(maxBytes, () => lib.zstdDecompressSync(frame, { maxOutputLength: maxBytes }))
  },
}

interface Zstd {
  zstdCompressSync(data: Uint8Array, options: { params: Record<number, number> }): Buffer
  zstdDecompressSync(data: Uint8Array, options: { maxOutputLength: number }): Buffer
}

/** Whether this Node has Zstandard. */
export function hasZstd(): boolean {
  return 'zstdDecompressSync' in zlib
}

function zstd(): Zstd {
  if (!hasZstd()) throw new Error('the value is compressed with zstd, which this Node lacks: 22.15 or newer has it')
  return zlib as unknown as Zstd
}

/** The code by which zlib says that the output would pass its limit. */
const TOO_LARGE = 'ERR_BUFFER_TOO_LARGE'

function bounded(maxBytes: number, decompress: () => Buffer): Buffer {
  try {
    return decompress()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    const message =
      code === TOO_LARGE ? `the value has more than maxBytes (${maxBytes}) when decompressed` : NOT_COMPRESSED
    throw new Error(message, { cause })
  }
}
