import { Buffer } from 'node:buffer'

const FIRST_BYTES = 256
/**
 * Largest output: no memcached takes larger items (`-I 1g`). A small value with many repeated parts may become longer.
 */
const MAX_BYTES = 2 ** 30

/** Writer of bytes into a buffer that grows. */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  byte(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  int32(value: number): void {
    const at = this.#grow(4)
    this.#bytes.writeInt32LE(value, at)
  }

  uint32(value: number): void {
    const at = this.#grow(4)
    this.#bytes.writeUInt32LE(value, at)
  }

  doubleBigEndian(value: number): void {
    const at = this.#grow(8)
    this.#bytes.writeDoubleBE(value, at)
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.byteLength)
    this.#bytes.set(value, at)
  }

  ascii(text: string): void {
    const at = this.#grow(text.length)
    this.#bytes.write(text, at, 'latin1')
  }

  /** Returns the written bytes in a buffer of their own size. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  /** Makes room and returns its start. Call it first, because it may replace the buffer. */
  #grow(length: number): number {
    const start = this.#length
    const end = start + length
    if (end > MAX_BYTES) throw new Error('the value has more than 1 GiB when written: no server takes it')
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, start)
      this.#bytes = larger
    }
    this.#length = end
    return start
  }
}
