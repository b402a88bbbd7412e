import { Buffer } from 'node:buffer'
import { showValue } from '../show-value.ts'
import { Allowance, COST } from './allowance.ts'
import { ByteReader } from './byte-reader.ts'
import { fitInteger } from './integer.ts'
import { MAX_DEPTH, toObjectOrMap } from './plain-value.ts'
import { decodeLatin1, decodeText } from './text.ts'
import { decodeMagnitude } from './twos-complement.ts'

const MINUS = 0x2d
const FLOAT = /^-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?$/i

/**
 * Decodes a value of Ruby's `Marshal.dump` 4.8, by doc/marshal.rdoc of Ruby, if it holds plain types only; throws for
 * any other. Strings in UTF-8 or US-ASCII are text, binary ones Buffers; symbols are text.
 *
 * @param maxBytes - Memory limit of the value's parts; more is an error.
 */
export function decodeMarshal(data: Uint8Array, maxBytes: number): unknown {
  const reader = new ByteReader(data)
  if (reader.byte() !== 4 || reader.byte() > 8) throw damaged()
  const value = new MarshalReader(reader, maxBytes).value(0)
  reader.end()
  return value
}

class MarshalReader {
  readonly #reader: ByteReader
  readonly #symbols: string[] = []
  /** Objects that take a number and may be linked to, in the order in which they began. */
  readonly #objects: unknown[] = []

  readonly #allowance: Allowance

  constructor(reader: ByteReader, maxBytes: number) {
    this.#reader = reader
    this.#allowance = new Allowance(maxBytes)
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error(`the value is nested deeper than ${MAX_DEPTH} levels`)
    this.#allowance.take(COST.slot)
    const type = String.fromCharCode(this.#reader.byte())
    switch (type) {
      case '0':
        return null
      case 'T':
        return true
      case 'F':
        return false
      case 'i':
        return this.#long()
      case ':':
        return this.#newSymbol()
      case ';':
        return this.#at(this.#symbols)
      case '@':
        return this.#at(this.#objects)
      case 'l':
        return this.#enter(this.#bignum())
      case 'f':
        return this.#enter(parseFloatText(decodeLatin1(this.#sized())))
      case '"':
        return this.#enter(this.#bytes())
      case 'I':
        return this.#string()
      case '[':
        return this.#array(depth)
      case '{':
        return this.#hash(depth)
      default:
        throw new Error(`the value holds an object of Ruby (type ${showValue(type)}): only plain types are read`)
    }
  }

  #array(depth: number): unknown[] {
    this.#allowance.take(COST.list)
    const items: unknown[] = []
    this.#enter(items)
    const length = this.#length()
    for (let index = 0; index < length; index++) items.push(this.value(depth + 1))
    return items
  }

  /** Reads a hash. A link to it inside itself is refused as damaged: the object is made after its keys are known. */
  #hash(depth: number): object {
    this.#allowance.take(COST.dict)
    const place = this.#begin()
    const entries = new Map<unknown, unknown>()
    const size = this.#length()
    for (let index = 0; index < size; index++) {
      this.#allowance.take(COST.entry)
      entries.set(this.value(depth + 1), this.value(depth + 1))
    }
    const hash = toObjectOrMap(entries)
    this.#objects[place] = hash
    return hash
  }

  /** Reads a string with instance variables: its encoding, and no others. */
  #string(): string | Buffer {
    if (this.#reader.byte() !== 0x22) throw new Error('the value holds an object of Ruby: only plain types are read')
    const bytes = this.#sized()
    const place = this.#begin()
    if (this.#long() !== 1 || this.#symbol() !== 'E') {
      throw new Error('the value holds a string of another encoding than UTF-8 or US-ASCII')
    }
    const utf8 = String.fromCharCode(this.#reader.byte())
    if (utf8 !== 'T' && utf8 !== 'F') throw damaged()
    const text = this.#text(bytes)
    this.#objects[place] = text
    return text
  }

  #symbol(): string {
    const type = String.fromCharCode(this.#reader.byte())
    if (type === ':') return this.#newSymbol()
    if (type === ';') return this.#at(this.#symbols) as string
    throw damaged()
  }

  #newSymbol(): string {
    const symbol = this.#text(this.#sized())
    this.#allowance.take(COST.slot)
    this.#symbols.push(symbol)
    return symbol
  }

  #bignum(): number | bigint {
    const negative = this.#reader.byte() === MINUS
    const magnitude = decodeMagnitude(this.#reader.take(2 * this.#length()))
    return fitInteger(negative ? -magnitude : magnitude)
  }

  #text(bytes: Buffer): string {
    this.#allowance.take(COST.text + bytes.length)
    return decodeText(bytes)
  }

  #bytes(): Buffer {
    const bytes = this.#sized()
    this.#allowance.take(COST.buffer + bytes.length)
    return Buffer.from(bytes)
  }

  #sized(): Buffer {
    return this.#reader.take(this.#length())
  }

  /** Reads a length. Every item has a byte at least, so a longer one is damage. */
  #length(): number {
    const length = this.#long()
    if (length < 0 || length > this.#reader.left) throw damaged()
    return length
  }

  #at(entries: readonly unknown[]): unknown {
    const index = this.#long()
    const entry = entries[index]
    if (entry === undefined || entry === UNFINISHED) throw damaged()
    return entry
  }

  /** Reserves the next number for an object that is still being read. */
  #begin(): number {
    this.#enter(UNFINISHED)
    return this.#objects.length - 1
  }

  #enter<T>(value: T): T {
    this.#allowance.take(COST.slot)
    this.#objects.push(value)
    return value
  }

  #long(): number {
    const first = this.#reader.signedByte()
    if (first === 0) return 0
    if (first > 4) return first - 5
    if (first < -4) return first + 5
    let value = first < 0 ? -1 : 0
    for (let at = 0; at < Math.abs(first); at++) {
      // Each byte replaces its bits in -1 or 0.
      value = (value & ~(0xff << (8 * at))) | (this.#reader.byte() << (8 * at))
    }
    return value
  }
}

/** Placeholder of a string or hash that is still being read. */
const UNFINISHED: unique symbol = Symbol('unfinished')

function parseFloatText(text: string): number {
  if (text === 'nan') return Number.NaN
  if (text === 'inf' || text === '-inf') return text === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  if (!FLOAT.test(text)) throw damaged()
  return Number(text)
}

function damaged(): Error {
  return new Error('the value is stored as Marshal 4.8 and is not it, or damaged')
}
