import { type Buffer, isAscii } from 'node:buffer'
import type { Reply } from '../../protocol/reply.ts'
import { ReplyParser } from '../../protocol/reply-parser.ts'
import { type LaneReader, MAX_REPLY_BYTES } from './lane.ts'

const [CR, LF, SPACE, ZERO, E, N, D, V] = [13, 10, 32, 48, 69, 78, 68, 86]

/** `VALUE ` */
const VALUE_WORD = 6

/** Above the longest `VALUE` line: a key of 250 bytes and two numbers. */
const MAX_LINE_BYTES = 300

/** `END` and its CR LF. */
const END_LINE = 5

const MAX_CLIENT_FLAGS = 0xffffffff

/** For a single value up to here, asking whether it is ASCII costs more than it spares. */
const SHORT_BYTES = 2048

/** What get lines are answered with. One object for all of them: it is read before the next one comes. */
export class ValuesReply implements LaneReader {
  /** The keys that were asked for, in order. */
  keys: readonly string[] = []
  /** For every key the start of its value, or -1. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly clientFlags: number[] = []
  bytes: Buffer | undefined
  /** All of it is known to be ASCII, which decodes faster: looked at once for all values. */
  isAscii = false
  /** For every line the number of keys up to its end. */
  #lineEnds: readonly number[] = []
  #line = 0
  #at = 0
  #key = 0
  #next = 0

  get hasOneKey(): boolean {
    return this.keys.length === 1
  }

  /**
   * Begins a reply to these keys.
   *
   * @param lineEnds - For every line the number of keys up to its end.
   */
  expect(keys: readonly string[], lineEnds: readonly number[]): void {
    this.keys = keys
    this.#lineEnds = lineEnds
    this.#line = 0
    this.#at = 0
    this.#key = 0
    this.starts.length = 0
  }

  read(bytes: Buffer, filled: number): boolean | undefined {
    this.bytes = bytes
    for (;;) {
      const at = this.#at
      if (filled - at < END_LINE) return mayBegin(bytes, at, filled) ? false : undefined
      if (bytes[at] === E) {
        const isWhole = this.#readEnd(bytes, at, filled)
        if (isWhole !== false) return isWhole
        continue
      }
      if (bytes[at] !== V) return undefined
      const item = this.#readItem(bytes, at + VALUE_WORD, filled)
      if (item !== true) return item
      this.#at = this.#next
    }
  }

  /** @returns false where another line's reply follows. */
  #readEnd(bytes: Buffer, at: number, filled: number): boolean | undefined {
    if (bytes[at + 1] !== N || bytes[at + 2] !== D || !isLineBreak(bytes, at + 3)) return undefined
    const lineEnd = this.#lineEnds[this.#line]!
    while (this.#key < lineEnd) this.starts[this.#key++] = -1
    this.#line++
    this.#at = at + END_LINE
    if (this.#line < this.#lineEnds.length) return false
    // Nothing may follow: nothing else was asked for.
    if (filled !== this.#at) return undefined
    this.isAscii = (filled > SHORT_BYTES || !this.hasOneKey) && isAscii(bytes.subarray(0, filled))
    return true
  }

  /**
   * `<key> <flags> <bytes>\r\n<data>\r\n`. Nothing behind `filled` is looked at as data, but what is left there from
   * before may be read as a line: then the line is read again when more has come.
   */
  #readItem(bytes: Buffer, keyStart: number, filled: number): boolean | undefined {
    const lineEnd = this.#lineEnds[this.#line]!
    let index = this.#key
    while (index < lineEnd && !isKeyAt(bytes, keyStart, this.keys[index]!)) index++
    let at = index === lineEnd ? filled : keyStart + this.keys[index]!.length + 1
    // The key alone may be cut.
    if (at >= filled) return filled - keyStart > MAX_LINE_BYTES || hasLine(bytes, keyStart, filled) ? undefined : false
    const flagsStart = at
    let flags = 0
    for (; isDigit(bytes[at]!); at++) flags = flags * 10 + bytes[at]! - ZERO
    const isFlags = at > flagsStart && flags <= MAX_CLIENT_FLAGS && bytes[at] === SPACE
    const sizeStart = ++at
    let size = 0
    for (; isDigit(bytes[at]!); at++) size = size * 10 + bytes[at]! - ZERO
    if (at + 1 >= filled) return false
    const start = at + 2
    this.#next = start + size + 2
    // More than there will be room for would never be whole.
    if (!isFlags || at === sizeStart || !isLineBreak(bytes, at) || this.#next > MAX_REPLY_BYTES) return undefined
    if (this.#next > filled) return false
    if (!isLineBreak(bytes, this.#next - 2)) return undefined
    while (this.#key < index) this.starts[this.#key++] = -1
    this.starts[index] = start
    this.ends[index] = start + size
    this.clientFlags[index] = flags
    this.#key = index + 1
    return true
  }
}

/** Whether the few bytes from `at` on are the beginning of a line that may come. */
function mayBegin(bytes: Buffer, at: number, filled: number): boolean {
  const text = bytes.toString('latin1', at, filled)
  return 'END\r\n'.startsWith(text) || 'VALUE '.startsWith(text)
}

function isLineBreak(bytes: Buffer, at: number): boolean {
  return bytes[at] === CR && bytes[at + 1] === LF
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9
}

function hasLine(bytes: Buffer, start: number, filled: number): boolean {
  const at = bytes.indexOf(LF, start)
  return at !== -1 && at < filled
}

function isKeyAt(bytes: Buffer, at: number, key: string): boolean {
  const { length } = key
  for (let index = 0; index < length; index++) if (bytes[at + index] !== key.charCodeAt(index)) return false
  return bytes[at + length] === SPACE
}

/** The one line that a write is answered with. One object for all of them. */
export class LineReply implements LaneReader {
  readonly hasOneKey: boolean = true
  #parser: ReplyParser = new ReplyParser()

  /** What came. */
  get reply(): Reply {
    return this.#parser.reply
  }

  /** Begins another one. */
  expect(): void {
    this.#parser = new ReplyParser()
  }

  read(bytes: Buffer, filled: number): boolean | undefined {
    this.#parser.feed(bytes, 0, filled)
    const found = this.#parser.next()
    if (found === 'more') return false
    // Nothing may follow: nothing else was asked for.
    return found === 'reply' && this.#parser.rest === filled ? true : undefined
  }
}
