import { Buffer } from 'node:buffer'
import { showValue } from '../show-value.ts'
import { ByteWriter } from './byte-writer.ts'
import { asBuffer } from './bytes.ts'
import { type PlainSink, writePlain, writeScalar } from './plain-value.ts'
import { encodeTwosComplement } from './twos-complement.ts'

/** Pickle protocol: 2 is read by every Python since 2.3, 3 by Python 3, 4 since 3.4, 5 since 3.8. */
export type PickleVersion = 2 | 3 | 4 | 5

/** First protocol with `bytes`; for earlier ones Python, and this writer, write a call of `_codecs.encode`. */
const FIRST_WITH_BYTES = 3

/**
 * Encodes a plain value as a pickle; opcodes by `pickletools` of Python 3.11. No memo: a shared object is written
 * twice.
 */
export function encodePickle(value: unknown, version: PickleVersion): Buffer {
  const writer = new ByteWriter()
  writer.byte(0x80)
  writer.byte(version)
  writePlain(value, new PickleSink(writer, version))
  writer.ascii('.')
  return writer.finish()
}

class PickleSink implements PlainSink {
  readonly #writer: ByteWriter
  readonly #version: PickleVersion

  constructor(writer: ByteWriter, version: PickleVersion) {
    this.#writer = writer
    this.#version = version
  }

  nothing(): void {
    this.#writer.ascii('N')
  }

  boolean(value: boolean): void {
    this.#writer.byte(value ? 0x88 : 0x89)
  }

  integer(value: number | bigint): void {
    if (value >= -(2 ** 31) && value < 2 ** 31) {
      this.#writer.ascii('J')
      this.#writer.int32(Number(value))
      return
    }
    this.#long(encodeTwosComplement(BigInt(value)))
  }

  #long(digits: Buffer): void {
    const short = digits.length < 256
    this.#writer.byte(short ? 0x8a : 0x8b)
    if (short) this.#writer.byte(digits.length)
    else this.#writer.uint32(digits.length)
    this.#writer.bytes(digits)
  }

  float(value: number): void {
    this.#writer.ascii('G')
    this.#writer.doubleBigEndian(value)
  }

  text(value: string): void {
    this.#sized('X', Buffer.from(value))
  }

  bytes(value: Uint8Array): void {
    if (this.#version >= FIRST_WITH_BYTES) return this.#sized('B', value)
    if (value.byteLength === 0) return this.#writer.ascii('c__builtin__\nbytes\n)R')
    this.#writer.ascii('c_codecs\nencode\n')
    this.text(asBuffer(value).toString('latin1'))
    this.text('latin1')
    // TUPLE2, REDUCE
    this.#writer.byte(0x86)
    this.#writer.ascii('R')
  }

  #sized(opcode: string, data: Uint8Array): void {
    this.#writer.ascii(opcode)
    this.#writer.uint32(data.byteLength)
    this.#writer.bytes(data)
  }

  openList(length: number): void {
    this.#writer.ascii(length === 0 ? ']' : '](')
  }

  item(): void {}

  closeList(length: number): void {
    if (length > 0) this.#writer.ascii('e')
  }

  openDict(size: number): void {
    this.#writer.ascii(size === 0 ? '}' : '}(')
  }

  key(value: unknown): void {
    if (!writeScalar(value, this)) throw new Error(`${showValue(value)} cannot be the key of a dict in Python`)
  }

  closeDict(size: number): void {
    if (size > 0) this.#writer.ascii('u')
  }
}
