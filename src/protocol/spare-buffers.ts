import { Buffer } from 'node:buffer'

/** Largest buffer that is reused: memcached's default item limit. A larger one is made for each data block. */
export const MAX_SPARE_BYTES = 1_048_576

/** Most bytes kept for reuse. */
const MAX_KEPT_BYTES = 4 * MAX_SPARE_BYTES

/**
 * Buffers for data blocks whose bytes are not kept, lent to one parser at a time. All parsers of a thread share them:
 * a buffer for each of a thousand connections would be a gigabyte.
 */
export class SpareBuffers {
  readonly #free: Buffer[] = []
  #keptBytes = 0

  /** Lends a buffer of at least this many bytes. */
  take(bytes: number): Buffer {
    const free = this.#free.pop()
    if (free === undefined) return Buffer.allocUnsafeSlow(bytes)
    this.#keptBytes -= free.length
    // A buffer that is too short is dropped: the others grow to what is needed.
    return free.length >= bytes ? free : Buffer.allocUnsafeSlow(bytes)
  }

  /** Takes a buffer back that nothing uses any more. */
  giveBack(buffer: Buffer): void {
    if (this.#keptBytes + buffer.length > MAX_KEPT_BYTES) return
    this.#keptBytes += buffer.length
    this.#free.push(buffer)
  }
}

/** Buffers of this thread. */
export const spareBuffers: SpareBuffers = new SpareBuffers()
