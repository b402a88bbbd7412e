import { Buffer } from 'node:buffer'
import { showValue } from '../show-value.ts'
import { Allowance, COST } from './allowance.ts'
import { ByteReader } from './byte-reader.ts'
import type { StringsAs } from './foreign-options.ts'
import { parseInteger } from './integer.ts'
import { MAX_DEPTH, setMember } from './plain-value.ts'
import { decodeLatin1, decodeText } from './text.ts'

const COLON = 0x3a
const SEMICOLON = 0x3b
const FLOAT = /^-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i

/**
 * Decodes a value of PHP's `serialize`, if it holds plain types only: arrays, `stdClass` objects and scalars. An array
 * with the keys 0, 1, 2… in order is an array, any other an object whose keys are text.
 *
 * @param maxBytes - Memory limit of the value's parts; more is an error.
 */
export function decodePhp(data: Uint8Array, strings: StringsAs, maxBytes: number): unknown {
  const reader = new ByteReader(data)
  const value = new PhpReader(reader, strings, maxBytes).value(0)
  reader.end()
  return value
}

/** Parses a double as PHP writes it: `1.5`, `1.0E-7`, `.1`, `INF`, `Infinity`. */
export function parsePhpFloat(text: string): number {
  const word = text.toLowerCase()
  if (word === 'nan') return Number.NaN
  if (word === 'inf' || word === 'infinity') return Number.POSITIVE_INFINITY
  if (word === '-inf' || word === '-infinity') return Number.NEGATIVE_INFINITY
  if (!FLOAT.test(text)) throw new Error('the value is stored as a double and is not one')
  return Number(text)
}

class PhpReader {
  readonly #reader: ByteReader
  readonly #strings: StringsAs

  readonly #allowance: Allowance

  constructor(reader: ByteReader, strings: StringsAs, maxBytes: number) {
    this.#reader = reader
    this.#strings = strings
    this.#allowance = new Allowance(maxBytes)
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error(`the value is nested deeper than ${MAX_DEPTH} levels`)
    this.#allowance.take(COST.slot)
    const type = String.fromCharCode(this.#reader.byte())
    if (type === 'N') return this.#expect(';', null)
    this.#expect(':', undefined)
    switch (type) {
      case 'b':
        return this.#boolean()
      case 'i':
        return parseInteger(this.#upTo(SEMICOLON))
      case 'd':
        return parsePhpFloat(this.#upTo(SEMICOLON))
      case 's':
        return this.#string()
      case 'a':
        return toListOrObject(this.#entries(depth))
      case 'O':
        return this.#plainObject(depth)
      default:
        throw new Error(
          `the value holds a reference or an object of PHP (${showValue(type)}): only plain types are read`,
        )
    }
  }

  #boolean(): boolean {
    const text = this.#upTo(SEMICOLON)
    if (text !== '0' && text !== '1') throw damaged()
    return text === '1'
  }

  #string(): string | Buffer {
    const bytes = this.#quoted()
    this.#expect(';', undefined)
    this.#allowance.take((this.#strings === 'bytes' ? COST.buffer : COST.text) + bytes.length)
    return this.#strings === 'bytes' ? Buffer.from(bytes) : decodeText(bytes)
  }

  #quoted(): Buffer {
    const length = this.#length()
    this.#expect('"', undefined)
    const bytes = this.#reader.take(length)
    return this.#expect('"', bytes)
  }

  #plainObject(depth: number): object {
    const name = decodeLatin1(this.#quoted())
    if (name !== 'stdClass') throw new Error(`the value holds a ${showValue(name)} of PHP: only plain types are read`)
    this.#expect(':', undefined)
    return toObject(this.#entries(depth))
  }

  #entries(depth: number): [string, unknown][] {
    const size = this.#length()
    this.#expect('{', undefined)
    this.#allowance.take(COST.list)
    const entries: [string, unknown][] = []
    for (let index = 0; index < size; index++) {
      this.#allowance.take(COST.entry)
      entries.push([this.#key(), this.value(depth + 1)])
    }
    return this.#expect('}', entries)
  }

  #key(): string {
    const type = String.fromCharCode(this.#reader.byte())
    this.#expect(':', undefined)
    if (type === 'i') return String(parseInteger(this.#upTo(SEMICOLON)))
    if (type !== 's') throw damaged()
    const bytes = this.#quoted()
    this.#allowance.take(COST.text + bytes.length)
    return this.#expect(';', decodeText(bytes))
  }

  /** Reads a length and the colon after it. Every part has a byte at least, so a longer one is damage. */
  #length(): number {
    const length = parseInteger(this.#upTo(COLON))
    if (length < 0 || length > this.#reader.left) throw damaged()
    return Number(length)
  }

  #upTo(end: number): string {
    return decodeLatin1(this.#reader.until(end))
  }

  #expect<T>(character: string, value: T): T {
    if (this.#reader.byte() !== character.charCodeAt(0)) throw damaged()
    return value
  }
}

function toListOrObject(entries: readonly (readonly [string, unknown])[]): object {
  const isList = entries.every(([key], index) => key === String(index))
  return isList ? entries.map(([, value]) => value) : toObject(entries)
}

function toObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {}
  for (const [key, value] of entries) setMember(object, key, value)
  return object
}

function damaged(): Error {
  return new Error('the value is stored as PHP `serialize` writes and is not it, or damaged')
}
