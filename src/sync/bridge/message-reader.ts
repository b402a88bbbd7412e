import type { Buffer } from 'node:buffer'
import { latin1Slice } from '../../buffer-slices.ts'
import { Tag } from './message-tags.ts'

/** Reads values that only one side of the bridge has. */
export type ReadOwn = (tag: number, reader: MessageReader) => unknown

/** Reader of values from the bytes of one message, which the values may keep. */
export class MessageReader {
  readonly #readOwn: ReadOwn
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer, readOwn: ReadOwn) {
    this.#bytes = bytes
    this.#readOwn = readOwn
  }

  byte(): number {
    return this.#bytes[this.#at++]!
  }

  uint32(): number {
    const value = this.#bytes.readUInt32LE(this.#at)
    this.#at += 4
    return value
  }

  text(): string {
    const form = this.byte()
    const start = this.#at + 4
    const end = start + this.uint32()
    this.#at = end
    return form === 1 ? latin1Slice(this.#bytes, start, end) : this.#bytes.toString('utf16le', start, end)
  }

  bytes(): Buffer {
    const start = this.#at + 4
    this.#at = start + this.uint32()
    return this.#bytes.subarray(start, this.#at)
  }

  value(): unknown {
    const tag = this.byte()
    switch (tag) {
      case Tag.undefined:
        return undefined
      case Tag.null:
        return null
      case Tag.true:
        return true
      case Tag.false:
        return false
      case Tag.integer:
        return this.uint32() | 0
      case Tag.double:
        return this.#double()
      case Tag.bigint:
        return BigInt(this.text())
      case Tag.text:
        return this.text()
      case Tag.bytes: {
        const bytes = this.bytes()
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      }
      case Tag.buffer:
        return this.bytes()
      case Tag.date:
        return new Date(this.#double())
      case Tag.array:
        return this.#items()
      case Tag.set:
        return new Set(this.#items())
      case Tag.map:
        return this.#map()
      case Tag.object:
        return this.#object()
      default:
        return this.#readOwn(tag, this)
    }
  }

  #double(): number {
    const value = this.#bytes.readDoubleLE(this.#at)
    this.#at += 8
    return value
  }

  #items(): unknown[] {
    return Array.from({ length: this.uint32() }, () => this.value())
  }

  #map(): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>()
    for (let left = this.uint32(); left > 0; left--) {
      const key = this.value()
      map.set(key, this.value())
    }
    return map
  }

  #object(): Record<string, unknown> {
    const entries: [string, unknown][] = []
    for (let left = this.uint32(); left > 0; left--) entries.push([this.text(), this.value()])
    // `fromEntries` defines properties, so a property named __proto__ is an ordinary one.
    return Object.fromEntries(entries)
  }
}
