import { Buffer } from 'node:buffer'

const FIRST_BYTES = 256

/** Bytes put one behind the other into a buffer that grows. */
export class ByteWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  byte(value: number): void {
    const at = this.#grow(1)
    this.#bytes[at] = value
  }

  uint16(value: number): void {
    this.#bytes.writeUInt16LE(value, this.#grow(2))
  }

  int32(value: number): void {
    this.#bytes.writeInt32LE(value, this.#grow(4))
  }

  uint32(value: number): void {
    this.#bytes.writeUInt32LE(value, this.#grow(4))
  }

  doubleBigEndian(value: number): void {
    this.#bytes.writeDoubleBE(value, this.#grow(8))
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#grow(value.byteLength))
  }

  ascii(text: string): void {
    this.#grow(text.length)
    this.#bytes.write(text, this.#length - text.length, 'latin1')
  }

  /** What was written, in a buffer of its own size. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  /** Makes room and gives the place where it starts. */
  #grow(length: number): number {
    const start = this.#length
    const end = start + length
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, start)
      this.#bytes = larger
    }
    this.#length = end
    return start
  }
}
