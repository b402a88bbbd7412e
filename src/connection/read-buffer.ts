import { Buffer } from 'node:buffer'
import { MAX_REST_BYTES } from '../protocol/reply-parser.ts'

/** Most bytes of one read from the kernel. */
const CHUNK_BYTES = 65_536

/**
 * Function that consumes bytes: reads `[start, end)` as far as possible and returns the position of the first unread
 * byte.
 */
export type Reader = (bytes: Buffer, start: number, end: number) => number

/**
 * The one buffer that a connection reads into. Before each read lies room for the unread end of the previous read, so
 * that every reply lies in one piece and a chunk is never copied as a whole.
 */
export class ReadBuffer {
  readonly #bytes: Buffer = Buffer.allocUnsafeSlow(MAX_REST_BYTES + CHUNK_BYTES)
  /** The part that the socket reads into. */
  readonly chunk: Buffer = this.#bytes.subarray(MAX_REST_BYTES)
  #rest = 0
  #reader: Reader | undefined

  /** Sets the reader of the bytes from now on. */
  setReader(reader: Reader | undefined): void {
    this.#reader = reader
  }

  /** Passes on `length` bytes that were read into `chunk`. */
  received(length: number): void {
    const end = MAX_REST_BYTES + length
    const reader = this.#reader
    if (reader === undefined) return
    const next = reader(this.#bytes, MAX_REST_BYTES - this.#rest, end)
    this.#rest = end - next
    if (this.#rest > 0) this.#bytes.copyWithin(MAX_REST_BYTES - this.#rest, next, end)
  }

  /** Takes bytes that were read elsewhere: by a stream of the caller's, or a runtime with its own read buffers. */
  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const part = bytes.subarray(at, at + CHUNK_BYTES)
      this.chunk.set(part)
      this.received(part.length)
    }
  }
}
