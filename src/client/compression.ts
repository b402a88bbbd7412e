import { Buffer } from 'node:buffer'
import { byteLengthOf, isBytes, viewOf } from '../bytes.ts'
import { InvalidInputError } from '../errors.ts'
import { isRecord, refuseUnknown } from '../known-options.ts'
import { needNodeModule } from '../node-modules.ts'
import { count, refused } from '../option-checks.ts'
import { type WireKey, wireKeyBytes } from '../protocol/key.ts'
import {
  brotliDecompressor,
  type Decompressor,
  decompressLater,
  decompressNow,
  zlibDecompressor,
  zstdDecompressor,
} from '../serde/decompress.ts'
import { unreadable } from '../unreadable.ts'

/** Facts about a value that an algorithm of your own gets. */
export interface CompressionContext {
  /**
   * Key of the item as the server has it, with the prefixes of the client, the namespace and the batch: by its beginning, a
   * dictionary can be chosen. A key of bytes is read as UTF-8; of a long key this is what `longKeys` made of it.
   */
  readonly key: string
}

/**
 * A compression of your own. Both functions may give their bytes or a promise of them; what they throw becomes a
 * `SerdeError`.
 */
export interface CompressionAlgorithm {
  /**
   * @param data - Valid and unchanged until the result is there; keep no reference to it.
   * @param context - The key of the item.
   */
  compress(data: Uint8Array, context: CompressionContext): Uint8Array | Promise<Uint8Array>
  /**
   * @param data - What `compress` gave, and all that `append` and `prepend` have put around it since: throw where there
   * is more than a whole value.
   * @param maxBytes - Give no more than this: throw instead.
   * @param context - The key of the item, the same as for `compress`.
   */
  decompress(data: Uint8Array, maxBytes: number, context: CompressionContext): Uint8Array | Promise<Uint8Array>
}

/**
 * Compression of values. `append` and `prepend` add plain bytes, which makes a compressed value unreadable
 * (`SerdeError`): store what they extend with `compression: false`.
 */
export interface CompressionOptions {
  /** Values below this stay as they are, in bytes. @defaultValue `1024` */
  readonly minBytes?: number
  /** zlib 0 to 9, brotli 0 to 11, zstd 1 to 22. @defaultValue zlib 6, brotli 4, zstd 3 */
  readonly level?: number
  /** From this size on, in bytes, the work is done on the thread pool; below it at once. @defaultValue `65536` */
  readonly asyncBytes?: number
  /**
   * `zstd` where the runtime has it (Node 22.15 and newer); or one of your own.
   *
   * @defaultValue `'zlib'`
   */
  readonly algorithm?: 'zlib' | 'brotli' | 'zstd' | CompressionAlgorithm
}

/** Compression options, checked and complete. */
export interface ResolvedCompression {
  readonly minBytes: number
  readonly asyncBytes: number
  readonly codec: Codec
  /** Whether the algorithm is the caller's. */
  readonly isOwn: boolean
}

/** One algorithm and the client flag that marks its values: a promise of the data format. */
interface Codec {
  readonly flag: number
  readonly compressNow: Compress
  readonly compressLater: Compress
}

type Compress = (data: Uint8Array, key: WireKey) => Uint8Array | Promise<Uint8Array>

const ZLIB = 8
const BROTLI = 128
const ZSTD = 256
const OWN = 1024

/** The client flags of all algorithms: a value with one of them is compressed. */
export const COMPRESSED_FLAGS: number = ZLIB | BROTLI | ZSTD | OWN

/** The client flags of memlane's own items are these letters, `mlk`, and a number. */
const OWN_ITEMS = 0x6d6c6b

/** Whether client flags say that a value is compressed. Flags of memlane's own items have another meaning. */
export function isCompressed(clientFlags: number): boolean {
  return (clientFlags & COMPRESSED_FLAGS) !== 0 && clientFlags >>> 8 !== OWN_ITEMS
}

/** Longest decimal number that a server counts with. */
const MAX_COUNTER_DIGITS = 20

interface Zstd {
  readonly zstdCompressSync?: (data: Uint8Array, options: object) => Buffer
  readonly zstdCompress?: (data: Uint8Array, options: object, done: Done) => void
}

type Done = (error: Error | null, result: Buffer) => void

/** The number of the zstd parameter for the level (`ZSTD_c_compressionLevel` of zstd.h). */
const ZSTD_LEVEL = 100

const OPTIONS: readonly (keyof CompressionOptions)[] = ['minBytes', 'level', 'asyncBytes', 'algorithm']

/** Checks the options and fills in the defaults. */
export function resolveCompression(options: boolean | CompressionOptions | undefined): ResolvedCompression | undefined {
  if (options === undefined || options === false) return undefined
  try {
    return resolveOptions(options === true ? {} : options)
  } catch (cause) {
    throw unreadable('option compression', cause)
  }
}

function resolveOptions(options: CompressionOptions): ResolvedCompression {
  if (!isRecord(options)) throw refused('compression', 'true, false or an object', options)
  refuseUnknown(options, OPTIONS, 'compression')
  const codec = resolveCodec(options.algorithm ?? 'zlib', options.level)
  return Object.freeze({
    minBytes: count('compression.minBytes', options.minBytes) ?? 1024,
    asyncBytes: count('compression.asyncBytes', options.asyncBytes) ?? 65_536,
    codec,
    isOwn: codec.flag === OWN,
  })
}

function resolveCodec(algorithm: NonNullable<CompressionOptions['algorithm']>, level: number | undefined): Codec {
  if (algorithm === 'zlib') return zlibCodec(checkLevel(level, 0, 9, 6))
  if (algorithm === 'brotli') return brotliCodec(checkLevel(level, 0, 11, 4))
  if (algorithm === 'zstd') return zstdCodec(checkLevel(level, 1, 22, 3))
  if (typeof algorithm?.compress !== 'function' || typeof algorithm.decompress !== 'function') {
    throw refused(
      'compression.algorithm',
      "'zlib', 'brotli', 'zstd' or an object with compress and decompress",
      algorithm,
    )
  }
  if (level !== undefined) throw new InvalidInputError('compression.level is for zlib, brotli and zstd only')
  const compress: Compress = (data, key) => algorithm.compress(data, contextOf(key))
  return { flag: OWN, compressNow: compress, compressLater: compress }
}

function contextOf(key: WireKey): CompressionContext {
  return { key: wireKeyBytes(key).toString('utf8') }
}

function checkLevel(level: number | undefined, least: number, most: number, fallback: number): number {
  if (level === undefined) return fallback
  if (Number.isInteger(level) && level >= least && level <= most) return level
  throw refused('compression.level', `a whole number from ${least} to ${most} for this algorithm`, level)
}

function zlibCodec(level: number): Codec {
  const zlib = needNodeModule('node:zlib')
  const options = { level }
  return {
    flag: ZLIB,
    compressNow: (data) => zlib.deflateSync(data, options),
    compressLater: (data) => later((done) => zlib.deflate(data, options, done)),
  }
}

function brotliCodec(level: number): Codec {
  const zlib = needNodeModule('node:zlib')
  const options = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: level } }
  return {
    flag: BROTLI,
    compressNow: (data) => zlib.brotliCompressSync(data, options),
    compressLater: (data) => later((done) => zlib.brotliCompress(data, options, done)),
  }
}

function zstdCodec(level: number): Codec {
  // Absent before Node 22.15, and on some other runtimes.
  const { zstdCompressSync, zstdCompress } = needNodeModule('node:zlib') as Zstd
  if (zstdCompressSync === undefined || zstdCompress === undefined) {
    throw new InvalidInputError(
      "compression.algorithm 'zstd' needs a runtime that has it (Node 22.15 or newer); zlib and brotli are everywhere",
    )
  }
  const options = { params: { [ZSTD_LEVEL]: level } }
  return {
    flag: ZSTD,
    compressNow: (data) => zstdCompressSync(data, options),
    compressLater: (data) => later((done) => zstdCompress(data, options, done)),
  }
}

/** A value on its way to the server. */
export interface StoredForm {
  readonly data: string | Uint8Array
  readonly bytes: number
  readonly clientFlags: number
}

/**
 * Compresses a value, or leaves it as it is: too small, a counter, or not smaller for it.
 *
 * @returns the form to store, or a promise of it where the work is done elsewhere.
 */
export function compressValue(
  value: StoredForm,
  key: WireKey,
  compression: ResolvedCompression,
): StoredForm | Promise<StoredForm> {
  const { minBytes, asyncBytes, codec } = compression
  if (value.bytes < minBytes || isCounter(value)) return value
  const isLater = value.bytes >= asyncBytes
  const data = bytesOf(value.data, isLater || codec.flag === OWN)
  const compressed = isLater ? codec.compressLater(data, key) : codec.compressNow(data, key)
  const smaller = (result: Uint8Array): StoredForm => {
    const bytes = lengthOf(result)
    return bytes < value.bytes ? { data: result, bytes, clientFlags: (value.clientFlags | codec.flag) >>> 0 } : value
  }
  return compressed instanceof Promise ? compressed.then(smaller) : smaller(compressed)
}

/**
 * @param outlivesCall - They are read after the call, too. The thread pool must not read the memory of the caller, who may
 * resize the buffer, or give it away, meanwhile: pages that are gone end the process.
 */
function bytesOf(data: string | Uint8Array, outlivesCall: boolean): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8')
  return outlivesCall ? Buffer.from(viewOf(data) ?? data) : data
}

function lengthOf(result: Uint8Array): number {
  const bytes = isBytes(result) ? byteLengthOf(result) : undefined
  if (bytes !== undefined) return bytes
  throw new TypeError('compression.algorithm must give a Uint8Array that can be read, or a promise of one')
}

/** Whether `incr` could count with it: that must stay digits. */
function isCounter({ data, bytes }: StoredForm): boolean {
  if (bytes > MAX_COUNTER_DIGITS) return false
  return /^[0-9]+$/.test(typeof data === 'string' ? data : Buffer.from(data).toString('latin1'))
}

/**
 * Decompresses what a client flag marks as compressed.
 *
 * @param data - Must not change until the result is there.
 * @param maxBytes - A result beyond this is an error before it is allocated.
 * @returns the value's bytes, or a promise of them where the work is done elsewhere.
 */
export function decompressValue(
  data: Uint8Array,
  clientFlags: number,
  maxBytes: number,
  asyncBytes: number,
  own: CompressionAlgorithm | undefined,
  key: WireKey,
): Uint8Array | Promise<Uint8Array> {
  switch (clientFlags & COMPRESSED_FLAGS) {
    case ZLIB:
      return decompress(zlibDecompressor(), data, maxBytes, asyncBytes)
    case BROTLI:
      return decompress(brotliDecompressor(), data, maxBytes, asyncBytes)
    case ZSTD:
      return decompress(zstdDecompressor() ?? lacksZstd(), data, maxBytes, asyncBytes)
    case OWN:
      return decompressOwn(data, maxBytes, own, key)
    default:
      throw new TypeError(`client flags ${clientFlags} name more than one compression`)
  }
}

function decompress(
  decompressor: Decompressor,
  data: Uint8Array,
  maxBytes: number,
  asyncBytes: number,
): Uint8Array | Promise<Uint8Array> {
  if (data.byteLength < asyncBytes) return decompressNow(decompressor, data, maxBytes)
  return new Promise((resolve, reject) => {
    decompressLater(decompressor, data, maxBytes, (error, result) =>
      result === undefined ? reject(error) : resolve(result),
    )
  })
}

function lacksZstd(): never {
  throw new TypeError('the value is compressed with zstd, which this runtime does not have (Node 22.15 or newer has)')
}

function decompressOwn(
  data: Uint8Array,
  maxBytes: number,
  own: CompressionAlgorithm | undefined,
  key: WireKey,
): Uint8Array | Promise<Uint8Array> {
  if (own === undefined) {
    throw new TypeError("the value is compressed by an algorithm of somebody's own: give it as compression.algorithm")
  }
  const check = (result: Uint8Array): Uint8Array => {
    if (lengthOf(result) <= maxBytes) return result
    throw new RangeError(`the value has more than ${maxBytes} bytes once decompressed`)
  }
  const result = own.decompress(data, maxBytes, contextOf(key))
  return result instanceof Promise ? result.then(check) : check(result)
}

/** A promise for work on the thread pool. */
function later(start: (done: Done) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
