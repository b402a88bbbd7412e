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

/** Names of the words that are read, by their first two letters. */
const NAMES = new Map(
  (['exp', 'la', 'cas', 'fetch', 'cls', 'size', 'flags'] as const).map((name) => [twoLetters(name), name]),
)

/**
 * One line of `lru_crawler metadump`, read in place. One object reads all lines of a listing, because an object for each would
 * cost as much as the reading.
 */
export class DumpLine {
  /** Position behind the last byte of the key. */
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
    const name = NAMES.get((lines[start]! << 8) | lines[start + 1]!)
    // Another word that begins alike.
    if (name === undefined || lines[start + name.length] !== EQUALS) return
    const value = start + name.length + 1
    switch (name) {
      case 'exp':
        this.exptime = numberOf(lines, value, end)
        return
      case 'la':
        this.lastAccess = numberOf(lines, value, end)
        return
      case 'cas':
        this.cas = bigintOf(lines, value, end)
        return
      case 'fetch':
        this.fetched = lines[value] === LETTER_Y
        return
      case 'cls':
        this.slabClass = numberOf(lines, value, end)
        return
      case 'size':
        this.size = numberOf(lines, value, end)
        return
      case 'flags':
        this.clientFlags = numberOf(lines, value, end)
    }
  }
}

function twoLetters(name: string): number {
  return (name.charCodeAt(0) << 8) | name.charCodeAt(1)
}

/** Whether the bytes at a position are these. */
export function startsWith(lines: Buffer, at: number, bytes: Buffer): boolean {
  for (let index = 0; index < bytes.length; index++) if (lines[at + index] !== bytes[index]) return false
  return true
}

/** Position of the blank, or of the carriage return, behind a word. */
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
