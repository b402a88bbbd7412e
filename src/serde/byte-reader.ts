import type { Buffer } from 'node:buffer'
import { asBuffer } from './bytes.ts'

const NEWLINE = 0x0a

/** Reader of bytes from another writer: reading past their end is an error, and bytes are never copied. */
export class ByteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(data: Uint8Array) {
    this.#bytes = asBuffer(data)
  }

  /** Number of bytes left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    return this.#bytes[this.#step(1)]!
  }

  signedByte(): number {
    return this.#bytes.readInt8(this.#step(1))
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#step(2))
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#step(4))
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#step(4))
  }

  /** Reads a length of eight bytes; a length that no value can have is an error. */
  uint64(): number {
    const length = this.#bytes.readBigUInt64LE(this.#step(8))
    if (length > BigInt(this.left)) throw cutShort()
    return Number(length)
  }

  doubleBigEndian(): number {
    return this.#bytes.readDoubleBE(this.#step(8))
  }

  /** Checks that no bytes follow. */
  end(): void {
    if (this.left > 0) throw followed(this.left)
  }

  /** Returns the next `length` bytes, a view; a negative length is an error too. */
  take(length: number): Buffer {
    const start = this.#step(length)
    return this.#bytes.subarray(start, this.#at)
  }

  /** Returns the bytes up to a line feed, which is skipped. */
  line(): Buffer {
    return this.until(NEWLINE)
  }

  /** Returns the bytes up to a terminating byte, which is skipped. */
  until(end: number): Buffer {
    const stop = this.#bytes.indexOf(end, this.#at)
    if (stop < 0) throw cutShort()
    const bytes = this.take(stop - this.#at)
    this.#at++
    return bytes
  }

  #step(length: number): number {
    const start = this.#at
    if (length < 0 || length > this.left) throw cutShort()
    this.#at += length
    return start
  }
}

function cutShort(): Error {
  return new Error('the value is cut short or damaged')
}

/** Makes the error for bytes after a whole value. */
export function followed(bytes: number): Error {
  return new Error(`${bytes} bytes follow the value: append adds plain bytes, which only text and bytes can take`)
}
