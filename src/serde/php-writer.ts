import { Buffer } from 'node:buffer'
import { isBytes } from '../bytes.ts'
import { showValue } from '../show-value.ts'
import { ByteWriter } from './byte-writer.ts'
import { checkInt64, isInteger } from './integer.ts'
import { type PlainSink, writePlain, writeScalar } from './plain-value.ts'
import { checkText } from './text.ts'

/** Returns a number as PHP writes it in `serialize`. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NAN'
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF'
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Encodes a plain value as PHP's `serialize` writes it: lists and dicts are arrays. */
export function encodePhp(value: unknown): Buffer {
  const writer = new ByteWriter()
  writePlain(value, new PhpSink(writer))
  return writer.finish()
}

class PhpSink implements PlainSink {
  readonly #writer: ByteWriter

  constructor(writer: ByteWriter) {
    this.#writer = writer
  }

  nothing(): void {
    this.#writer.ascii('N;')
  }

  boolean(value: boolean): void {
    this.#writer.ascii(value ? 'b:1;' : 'b:0;')
  }

  integer(value: number | bigint): void {
    this.#writer.ascii(`i:${checkInt64(value)};`)
  }

  float(value: number): void {
    this.#writer.ascii(`d:${floatText(value)};`)
  }

  text(value: string): void {
    this.bytes(Buffer.from(value))
  }

  bytes(value: Uint8Array): void {
    this.#writer.ascii(`s:${value.byteLength}:"`)
    this.#writer.bytes(value)
    this.#writer.ascii('";')
  }

  openList(length: number): void {
    this.openDict(length)
  }

  item(index: number): void {
    this.integer(index)
  }

  closeList(): void {
    this.closeDict()
  }

  openDict(size: number): void {
    this.#writer.ascii(`a:${size}:{`)
  }

  key(value: unknown): void {
    const fits = typeof value === 'string' || typeof value === 'bigint' || isBytes(value) || isIntegerNumber(value)
    if (!fits) throw new Error(`${showValue(value)} cannot be the key of a PHP array: text or an integer can`)
    writeScalar(typeof value === 'string' ? checkText(value) : value, this)
  }

  closeDict(): void {
    this.#writer.ascii('}')
  }
}

function isIntegerNumber(value: unknown): boolean {
  return typeof value === 'number' && isInteger(value)
}
