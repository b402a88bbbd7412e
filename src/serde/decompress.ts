import type { Buffer } from 'node:buffer'
import { needNodeModule } from '../node-modules.ts'

interface Options {
  /** Makes `node:zlib` return the engine with the bytes. */
  readonly info: true
  readonly maxOutputLength: number
}

type Done = (error: Error | null, result: unknown) => void

/** Decompressor of `node:zlib` in both of its forms. */
export interface Decompressor {
  readonly now: (data: Uint8Array, options: Options) => unknown
  readonly later: (data: Uint8Array, options: Options, done: Done) => void
}

/** Returns the decompressor of RFC 1950. */
export function zlibDecompressor(): Decompressor {
  const { inflateSync, inflate } = needNodeModule('node:zlib')
  return { now: inflateSync, later: inflate }
}

/** Returns the decompressor of RFC 1952. */
export function gzipDecompressor(): Decompressor {
  const { gunzipSync, gunzip } = needNodeModule('node:zlib')
  return { now: gunzipSync, later: gunzip }
}

/** Returns the decompressor of RFC 7932. */
export function brotliDecompressor(): Decompressor {
  const { brotliDecompressSync, brotliDecompress } = needNodeModule('node:zlib')
  return { now: brotliDecompressSync, later: brotliDecompress }
}

interface Zstd {
  readonly zstdDecompressSync?: Decompressor['now']
  readonly zstdDecompress?: Decompressor['later']
}

/** Returns the decompressor of RFC 8878; undefined if the runtime lacks it. */
export function zstdDecompressor(): Decompressor | undefined {
  // Absent before Node 22.15, and on some other runtimes.
  const { zstdDecompressSync: now, zstdDecompress: later } = needNodeModule('node:zlib') as Zstd
  return now === undefined || later === undefined ? undefined : { now, later }
}

/** Reason why a value that was stored compressed cannot be read any more. */
const EXTENDED =
  'append and prepend add plain bytes, which a compressed value cannot take; store what they extend uncompressed'

/** Makes the error for bytes that are no compressed stream. */
export function notCompressed(cause?: unknown): Error {
  return new Error(`it is damaged, or was extended (${EXTENDED})`, cause === undefined ? undefined : { cause })
}

/**
 * Returns the bytes of a compressed stream that fills `data` to its end; throws for anything else. A `RangeError` means
 * that there are more than `maxBytes`.
 */
export function decompressNow(decompressor: Decompressor, data: Uint8Array, maxBytes: number): Buffer {
  let result: unknown
  try {
    result = decompressor.now(data, { info: true, maxOutputLength: maxBytes })
  } catch (error) {
    throw explained(error)
  }
  return whole(result, data.byteLength)
}

/**
 * Decompresses as {@link decompressNow} does, on the thread pool. `data` must not change meanwhile.
 *
 * @param done - Called once, with the bytes or the failure.
 */
export function decompressLater(
  decompressor: Decompressor,
  data: Uint8Array,
  maxBytes: number,
  done: (error: unknown, result: Buffer | undefined) => void,
): void {
  decompressor.later(data, { info: true, maxOutputLength: maxBytes }, (failure, result) => {
    if (failure !== null) return done(explained(failure), undefined)
    let plain: Buffer
    try {
      plain = whole(result, data.byteLength)
    } catch (error) {
      return done(error, undefined)
    }
    done(undefined, plain)
  })
}

function explained(error: unknown): unknown {
  return error instanceof RangeError ? error : notCompressed(error)
}

/**
 * Checks that the stream fills the data: `node:zlib` ignores bytes after it (seen on Node 20 to 26), its engine counts
 * them.
 */
function whole(result: unknown, bytes: number): Buffer {
  const { buffer, engine } = result as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
  if (engine.bytesWritten === bytes) return buffer
  throw new Error(`${bytes - engine.bytesWritten} bytes follow its end: it was extended (${EXTENDED})`)
}
