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
 * Memory for one read. Before the chunk lies room for the unread end of an earlier read, so that every reply lies in
 * one piece and a chunk is never copied as a whole.
 */
class ReadMemory {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(MAX_REST_BYTES + CHUNK_BYTES)
  readonly chunk: Buffer = this.bytes.subarray(MAX_REST_BYTES)
  /** Whether a reader works on the bytes. */
  isInUse = false
}

/**
 * Memory of all connections of this thread. A socket holds it from the read to the end of its callback, and one read
 * follows the other, so it is never wanted twice. With memory of its own each idle connection would keep 72 kB.
 */
let shared: ReadMemory | undefined

function sharedMemory(): ReadMemory {
  shared ??= new ReadMemory()
  return shared
}

/** Most buffers for unread ends that are kept for reuse. */
const MAX_FREE_RESTS = 16

/** Buffers for unread ends that no connection needs now. An idle connection has no unread end. */
const freeRests: Buffer[] = []

/** Passes what a connection reads to its reader, and keeps between two reads what is not read yet. */
export class ReadBuffer {
  #reader: Reader | undefined
  /** Unread end of the last read, in a buffer of `MAX_REST_BYTES`; undefined without one. */
  #rest: Buffer | undefined
  #restLength = 0
  #isReading = false
  /** Bytes that came while the reader worked on earlier ones. */
  #later: Buffer[] | undefined

  /** The part of the memory that the socket reads into. */
  get chunk(): Buffer {
    return sharedMemory().chunk
  }

  /** Sets the reader of the bytes from now on. */
  setReader(reader: Reader | undefined): void {
    this.#reader = reader
  }

  /** Passes on `length` bytes that were read into `chunk`. */
  received(length: number): void {
    this.#read(sharedMemory(), length)
  }

  /**
   * Takes bytes that were read elsewhere: by a stream of the caller's, or a runtime with its own read buffers. Such a
   * stream may give bytes while another stream is being read from, or this one.
   */
  receive(bytes: Uint8Array): void {
    if (this.#isReading) {
      this.#later ??= []
      this.#later.push(Buffer.from(bytes))
      return
    }
    this.#readParts(bytes)
    for (let next = this.#later?.shift(); next !== undefined; next = this.#later?.shift()) this.#readParts(next)
  }

  #readParts(bytes: Uint8Array): void {
    const memory = sharedMemory().isInUse ? new ReadMemory() : sharedMemory()
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const part = bytes.subarray(at, at + CHUNK_BYTES)
      memory.chunk.set(part)
      this.#read(memory, part.length)
    }
  }

  #read(memory: ReadMemory, length: number): void {
    const reader = this.#reader
    if (reader === undefined) return
    const { bytes } = memory
    const start = MAX_REST_BYTES - this.#restLength
    const end = MAX_REST_BYTES + length
    this.#rest?.copy(bytes, start, 0, this.#restLength)
    this.#isReading = true
    memory.isInUse = true
    try {
      this.#keepRest(bytes, reader(bytes, start, end), end)
    } finally {
      this.#isReading = false
      memory.isInUse = false
    }
  }

  #keepRest(bytes: Buffer, start: number, end: number): void {
    this.#restLength = end - start
    if (start < end) {
      this.#rest ??= freeRests.pop() ?? Buffer.allocUnsafeSlow(MAX_REST_BYTES)
      bytes.copy(this.#rest, 0, start, end)
    } else if (this.#rest !== undefined) {
      if (freeRests.length < MAX_FREE_RESTS) freeRests.push(this.#rest)
      this.#rest = undefined
    }
  }
}
