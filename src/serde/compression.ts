import { Buffer } from 'node:buffer'
import * as zlib from 'node:zlib'
import {
  type Decompressor,
  decompressNow,
  gzipDecompressor,
  notCompressed,
  zlibDecompressor,
  zstdDecompressor,
} from './decompress.ts'

/** Conditions and effort of a foreign layout's compression. */
export interface ZlibCompression {
  /** Size above which values are compressed, in bytes; the result is stored if it is smaller. */
  readonly minBytes?: number
  /**
   * Effort, from 0 to 9 (zlib and gzip).
   *
   * @defaultValue `6`
   */
  readonly level?: number
}

/** Compression and its decompression, which stops at a limit. */
export interface Codec {
  compress(data: Uint8Array, level: number): Buffer
  decompress(data: Uint8Array, maxBytes: number): Buffer
}

/** RFC 1950, the compression of most clients. */
export const zlibCodec: Codec = {
  compress: (data, level) => zlib.deflateSync(data, { level }),
  decompress(data, maxBytes) {
    // Header of RFC 1950, 2.2: data without it is not worth the cost of a decompressor.
    const isZlib = (data[0]! & 0x0f) === 8 && (data[0]! * 256 + data[1]!) % 31 === 0
    if (!isZlib) throw undecompressed()
    return bounded(zlibDecompressor(), data, maxBytes)
  },
}

/** RFC 1952, the compression of the Java clients. */
export const gzipCodec: Codec = {
  compress: (data, level) => zlib.gzipSync(data, { level }),
  decompress(data, maxBytes) {
    if (data[0] !== 0x1f || data[1] !== 0x8b) throw undecompressed()
    return bounded(gzipDecompressor(), data, maxBytes)
  },
}

/** First four bytes of a Zstandard frame (RFC 8878, 3.1.1), which "magicless" frames leave out. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const ZSTD_LEVEL = 100

/** Zstandard frames without their magic number; needs a Node with zstd (22.15 or newer). */
export const magiclessZstdCodec: Codec = {
  compress(data, level) {
    return zstd()
      .zstdCompressSync(data, { params: { [ZSTD_LEVEL]: level } })
      .subarray(ZSTD_MAGIC.length)
  },
  decompress: (data, maxBytes) => decompressZstd(Buffer.concat([ZSTD_MAGIC, data]), maxBytes),
}

/** Decompresses a Zstandard frame; needs a Node with zstd (22.15 or newer). */
export function decompressZstd(data: Uint8Array, maxBytes: number): Buffer {
  const decompressor = zstdDecompressor()
  if (decompressor === undefined) throw lacksZstd()
  return bounded(decompressor, data, maxBytes)
}

interface Zstd {
  zstdCompressSync(data: Uint8Array, options: { params: Record<number, number> }): Buffer
}

/** Checks whether this Node has Zstandard. */
export function hasZstd(): boolean {
  return zstdDecompressor() !== undefined
}

function zstd(): Zstd {
  if (!hasZstd()) throw lacksZstd()
  return zlib as unknown as Zstd
}

function lacksZstd(): Error {
  return new Error('the value is compressed with zstd, which this Node lacks: 22.15 or newer has it')
}

function bounded(decompressor: Decompressor, data: Uint8Array, maxBytes: number): Buffer {
  try {
    return decompressNow(decompressor, data, maxBytes)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw undecompressed(cause)
    throw new Error(`the value has more than maxBytes (${maxBytes}) when decompressed`, { cause })
  }
}

/** Makes the error for a value that is marked as compressed and cannot be decompressed. */
export function undecompressed(cause: unknown = notCompressed()): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(`the value is marked as compressed and cannot be decompressed: ${reason}`, { cause })
}
