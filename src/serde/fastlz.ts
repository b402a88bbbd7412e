import { Buffer } from 'node:buffer'
import { ByteReader } from './byte-reader.ts'
import { undecompressed } from './compression.ts'
import { notCompressed } from './decompress.ts'

/** Distance that marks a far match on level 2 of the format: the largest near distance. */
const FAR = 8191
/** Largest growth: a run of length bytes adds at most 255 per byte read, so a larger size is damage. */
const MAX_RATIO = 256

/**
 * Decompresses a FastLZ block (levels 1 and 2) of known size, by the block format of FastLZ's README: php-memcached's
 * default compression.
 */
export function decompressFastLz(data: Uint8Array, size: number): Buffer {
  try {
    return decompress(data, size)
  } catch (cause) {
    throw undecompressed(notCompressed(cause))
  }
}

function decompress(data: Uint8Array, size: number): Buffer {
  if (size > data.byteLength * MAX_RATIO) throw damaged()
  const reader = new ByteReader(data)
  const output = new Output(size)
  if (size === 0 && reader.left === 0) return output.finish()
  const first = reader.byte()
  const level = (first >> 5) + 1
  if (level > 2) throw damaged()
  literals(reader, output, first & 31)
  while (reader.left > 0) step(reader, output, level)
  return output.finish()
}

function step(reader: ByteReader, output: Output, level: number): void {
  const control = reader.byte()
  if (control < 32) literals(reader, output, control)
  else match(reader, output, control, level)
}

function literals(reader: ByteReader, output: Output, control: number): void {
  output.put(reader.take(control + 1))
}

function match(reader: ByteReader, output: Output, control: number, level: number): void {
  const length = control >> 5 === 7 ? 9 + longLength(reader, level) : (control >> 5) + 2
  const high = (control & 31) << 8
  const low = reader.byte()
  const far = level === 2 && high === 31 << 8 && low === 255
  output.repeat(far ? FAR + (reader.byte() << 8) + reader.byte() : high + low, length)
}

/** Reads a long length: one byte on level 1; on level 2 every byte that is 255, and one more. */
function longLength(reader: ByteReader, level: number): number {
  let length = reader.byte()
  if (level === 1) return length
  for (let last = length; last === 255; length += last) last = reader.byte()
  return length
}

class Output {
  readonly #bytes: Buffer
  #length = 0

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size)
  }

  put(data: Uint8Array): void {
    this.#room(data.byteLength)
    this.#bytes.set(data, this.#length)
    this.#length += data.byteLength
  }

  /** Copies the bytes `distance` + 1 back; source and target may overlap. */
  repeat(distance: number, length: number): void {
    let from = this.#length - distance - 1
    if (from < 0) throw damaged()
    this.#room(length)
    for (const end = this.#length + length; this.#length < end; ) this.#bytes[this.#length++] = this.#bytes[from++]!
  }

  finish(): Buffer {
    if (this.#length !== this.#bytes.length) throw damaged()
    return this.#bytes
  }

  #room(length: number): void {
    if (this.#length + length > this.#bytes.length) throw damaged()
  }
}

function damaged(): Error {
  return new Error('the value is no block of FastLZ of the size that stands before it')
}
