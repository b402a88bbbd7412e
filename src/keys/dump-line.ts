import { Buffer } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'

const SPACE = 0x20
const EQUALS = 0x3d
const MINUS = 0x2d
const LETTER_Y = 0x79

/** First bytes of every line about an item. */
export const LINE_START: Buffer = Buffer.from('key=')

/** More digits than these are not exact as a number. */
const MAX_EXACT_DIGITS = 15

/** Names of the words that are read: their first two letters, and the position of the `=` after them. */
const EXP = nameOf('exp')
const LA = nameOf('la')
const CAS = nameOf('cas')
const FETCH = nameOf('fetch')
const CLS = nameOf('cls')
const SIZE = nameOf('size')
const FLAGS = nameOf('flags')

/**
 * One line of `lru_crawler metadump`, read in place. One object reads all lines of a listing, because an object for each would
 * cost as much as the reading.
 */
export class DumpLine {
  /** Position after the last byte of the key. */
  keyEnd = 0
  /** Seconds since 1970; -1: never expires. */
  exptime: number = Number.NaN
  /** Seconds since 1970. */
  lastAccess: number = Number.NaN
  cas: bigint | undefined
  fetched = false
  slabClass: number = Number.NaN
  size: number = Number.NaN
  /** Undefined before memcached 1.6.24. */
  clientFlags: number | undefined

  /**
   * Reads the line from `start` to `end`, line feed excluded. Words that it does not know are left out.
   *
   * @returns false: it is no line about an item.
   */
  read(lines: Buffer, start: number, end: number): boolean {
    if (!startsWith(lines, start, LINE_START)) return false
    this.#clear()
    this.keyEnd = endOfWord(lines, start, end)
    for (let at = this.keyEnd + 1; at < end; ) {
      const wordEnd = endOfWord(lines, at, end)
      this.#readWord(lines, at, wordEnd)
      at = wordEnd + 1
    }
    return this.#isComplete()
  }

  #clear(): void {
    this.exptime = Number.NaN
    this.lastAccess = Number.NaN
    this.cas = undefined
    this.fetched = false
    this.slabClass = Number.NaN
    this.size = Number.NaN
    this.clientFlags = undefined
  }

  #isComplete(): boolean {
    return !Number.isNaN(this.exptime) && this.lastAccess >= 0 && this.size >= 0 && this.cas !== undefined
  }

  #readWord(lines: Buffer, start: number, end: number): void {
    // A map of names would cost as much as all the rest. A word that only begins like one differs in its `=`.
    const letters = (lines[start]! << 8) | lines[start + 1]!
    if (letters === EXP.letters && lines[start + EXP.length] === EQUALS) {
      this.exptime = numberOf(lines, start + EXP.length + 1, end)
    } else if (letters === LA.letters && lines[start + LA.length] === EQUALS) {
      this.lastAccess = numberOf(lines, start + LA.length + 1, end)
    } else if (letters === CAS.letters && lines[start + CAS.length] === EQUALS) {
      this.cas = bigintOf(lines, start + CAS.length + 1, end)
    } else if (letters === FETCH.letters && lines[start + FETCH.length] === EQUALS) {
      this.fetched = lines[start + FETCH.length + 1] === LETTER_Y
    } else if (letters === CLS.letters && lines[start + CLS.length] === EQUALS) {
      this.slabClass = numberOf(lines, start + CLS.length + 1, end)
    } else if (letters === SIZE.letters && lines[start + SIZE.length] === EQUALS) {
      this.size = numberOf(lines, start + SIZE.length + 1, end)
    } else if (letters === FLAGS.letters && lines[start + FLAGS.length] === EQUALS) {
      this.clientFlags = numberOf(lines, start + FLAGS.length + 1, end)
    }
  }
}

function nameOf(name: string): { readonly letters: number; readonly length: number } {
  return { letters: (name.charCodeAt(0) << 8) | name.charCodeAt(1), length: name.length }
}

/** Whether the bytes at a position are these. */
export function startsWith(lines: Buffer, at: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) if (lines[at + index] !== bytes[index]) return false
  return true
}

/** Position of the blank, or of the carriage return, after a word. */
function endOfWord(lines: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && lines[at]! > SPACE) at++
  return at
}

/** Reads a whole number, with its sign; NaN where it is none, or has more digits than a number can hold. */
function numberOf(lines: Buffer, start: number, end: number): number {
  const isNegative = lines[start] === MINUS
  const from = isNegative ? start + 1 : start
  if (end === from || end - from > MAX_EXACT_DIGITS) return Number.NaN
  let value = 0
  for (let at = from; at < end; at++) {
    const digit = lines[at]! - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}

const DIGITS = /^\d{1,20}$/

function bigintOf(lines: Buffer, start: number, end: number): bigint | undefined {
  const value = numberOf(lines, start, end)
  if (value >= 0) return BigInt(value)
  const text = latin1Slice(lines, start, end)
  return DIGITS.test(text) ? BigInt(text) : undefined
}
