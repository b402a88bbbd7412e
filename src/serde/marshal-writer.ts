import { Buffer } from 'node:buffer'
import { showValue } from '../show-value.ts'
import { ByteWriter } from './byte-writer.ts'
import { checkDigits } from './integer.ts'
import { type PlainSink, writePlain, writeScalar } from './plain-value.ts'
import { encodeMagnitude } from './twos-complement.ts'

/** Limit of fixnums: larger integers are written as bignums, so that 32-bit Rubies read them. */
const FIXNUM_LIMIT = 2 ** 30

/**
 * Encodes a plain value as Ruby's Marshal 4.8 writes it, by doc/marshal.rdoc of Ruby: text as UTF-8 strings, no
 * symbols.
 */
export function encodeMarshal(value: unknown): Buffer {
  const writer = new ByteWriter()
  writer.byte(4)
  writer.byte(8)
  writePlain(value, new MarshalSink(writer))
  return writer.finish()
}

class MarshalSink implements PlainSink {
  readonly #writer: ByteWriter
  /** Whether the symbol `:E`, which marks a string as UTF-8, was written: later strings refer to it. */
  #encodingWritten = false

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  nothing(): void {
    this.#writer.ascii('0')
  }

  boolean(value: boolean): void {
    this.#writer.ascii(value ? 'T' : 'F')
  }

  integer(value: number | bigint): void {
    if (value >= -FIXNUM_LIMIT && value < FIXNUM_LIMIT) {
      this.#writer.ascii('i')
      this.#long(Number(value))
      return
    }
    const integer = checkDigits(BigInt(value))
    const magnitude = integer < 0n ? -integer : integer
    const shorts = Math.ceil(magnitude.toString(16).length / 4)
    this.#writer.ascii(value < 0 ? 'l-' : 'l+')
    this.#long(shorts)
    this.#writer.bytes(encodeMagnitude(magnitude, 2 * shorts))
  }

  float(value: number): void {
    this.#writer.ascii('f')
    this.#sized(Buffer.from(floatText(value)))
  }

  text(value: string): void {
    this.#writer.ascii('I')
    this.bytes(Buffer.from(value))
    this.#long(1)
    this.#writer.ascii(this.#encodingWritten ? ';\0T' : ':\x06ET')
    this.#encodingWritten = true
  }

  bytes(value: Uint8Array): void {
    this.#writer.ascii('"')
    this.#sized(value)
  }

  openList(length: number): void {
    this.#writer.ascii('[')
    this.#long(length)
  }

  item(): void {}

  closeList(): void {}

  openDict(size: number): void {
    this.#writer.ascii('{')
    this.#long(size)
  }

  key(value: unknown): void {
    if (!writeScalar(value, this)) throw new Error(`${showValue(value)} cannot be the key of a hash`)
  }

  closeDict(): void {}

  #sized(data: Uint8Array): void {
    this.#long(data.byteLength)
    this.#writer.bytes(data)
  }

  /** Writes Marshal's own integer: small ones in one byte, offset by 5; else a signed count of bytes and the bytes. */
  #long(value: number): void {
    if (value === 0) return this.#writer.byte(0)
    if (value >= -123 && value <= 122) return this.#writer.byte((value + (value > 0 ? 5 : -5)) & 0xff)
    const bytes: number[] = []
    const end = value < 0 ? -1 : 0
    for (let rest = value; rest !== end; rest >>= 8) bytes.push(rest & 0xff)
    this.#writer.byte((value < 0 ? -bytes.length : bytes.length) & 0xff)
    for (const byte of bytes) this.#writer.byte(byte)
  }
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  return Object.is(value, -0) ? '-0' : String(value)
}
