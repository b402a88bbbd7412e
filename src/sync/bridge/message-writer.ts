import { Buffer } from 'node:buffer'
import { isBytes, UNREADABLE_BYTES, viewOf } from '../../bytes.ts'
import { InvalidInputError } from '../../errors.ts'
import { Tag } from './message-tags.ts'

/** Matches text in which every character is one byte. */
const LATIN1 = /^[\0-\xff]*$/

/** Initial size of the buffer, in bytes. */
const FIRST_BYTES = 4096

/** Writes values that only one side of the bridge has; returns whether it wrote the value. */
export type WriteOwn = (value: object | symbol | ((...args: never[]) => unknown), writer: MessageWriter) => boolean

/** Writer of values as bytes, to cross between threads. Values that are not plain data are left to `writeOwn`. */
export class MessageWriter {
  readonly #writeOwn: WriteOwn
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #at = 0

  constructor(writeOwn: WriteOwn) {
    this.#writeOwn = writeOwn
  }

  /** Begins a new message. */
  start(): void {
    this.#at = 0
    // One large message must not keep its memory for ever.
    if (this.#bytes.length > 1_048_576) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  }

  /** Returns the message so far; valid until the next one begins. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  uint32(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeUInt32LE(value, this.#at)
  }

  /** Writes a text, lone surrogates included. */
  text(value: string): void {
    if (LATIN1.test(value)) {
      this.byte(1)
      this.uint32(value.length)
      this.#reserve(value.length)
      this.#at += this.#bytes.write(value, this.#at, 'latin1')
      return
    }
    this.byte(2)
    this.uint32(value.length * 2)
    this.#reserve(value.length * 2)
    this.#at += this.#bytes.write(value, this.#at, 'utf16le')
  }

  bytes(value: Uint8Array): void {
    const bytes = viewOf(value)
    if (bytes === undefined) throw new InvalidInputError(`what was given has bytes, and ${UNREADABLE_BYTES}`)
    this.uint32(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        return this.byte(Tag.undefined)
      case 'boolean':
        return this.byte(value ? Tag.true : Tag.false)
      case 'number':
        return this.#number(value)
      case 'bigint':
        this.byte(Tag.bigint)
        return this.text(String(value))
      case 'string':
        this.byte(Tag.text)
        return this.text(value)
      case 'object':
        if (value === null) return this.byte(Tag.null)
        if (!this.#writeOwn(value, this)) this.data(value)
        return
      case 'symbol':
      case 'function':
        if (!this.#writeOwn(value, this)) this.byte(Tag.undefined)
        return
    }
  }

  /** Writes an object as plain data: its contents, not its class. */
  data(value: object): void {
    if (isBytes(value)) {
      this.byte(Buffer.isBuffer(value) ? Tag.buffer : Tag.bytes)
      return this.bytes(value)
    }
    if (value instanceof Date) {
      this.byte(Tag.date)
      return this.#double(value.getTime())
    }
    if (value instanceof Map) {
      this.byte(Tag.map)
      this.uint32(value.size)
      for (const [key, item] of value) {
        this.value(key)
        this.value(item)
      }
      return
    }
    if (Array.isArray(value)) {
      this.byte(Tag.array)
      return this.#items(value)
    }
    if (Symbol.iterator in value) {
      this.byte(value instanceof Set ? Tag.set : Tag.array)
      return this.#items([...(value as Iterable<unknown>)])
    }
    this.properties(Object.entries(value))
  }

  /** Writes a plain object with these properties. */
  properties(entries: readonly (readonly [string, unknown])[]): void {
    this.byte(Tag.object)
    this.uint32(entries.length)
    for (const [name, item] of entries) {
      this.text(name)
      this.value(item)
    }
  }

  #items(items: readonly unknown[]): void {
    this.uint32(items.length)
    for (let at = 0; at < items.length; at++) this.value(items[at])
  }

  #number(value: number): void {
    if ((value | 0) === value && !Object.is(value, -0)) {
      this.byte(Tag.integer)
      return this.uint32(value >>> 0)
    }
    this.byte(Tag.double)
    this.#double(value)
  }

  #double(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}
