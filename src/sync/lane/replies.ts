import { type Buffer, isAscii } from 'node:buffer'
import { GARBAGE, lineBreak, MAX_LINE_BYTES, NEED_MORE, spells } from '../../protocol/byte-scan.ts'
import { Reply } from '../../protocol/reply.ts'
import { keyMatches } from '../../protocol/reply-key.ts'
import { ReplyParser } from '../../protocol/reply-parser.ts'
import { isErrorReply } from '../../protocol/server-reply-error.ts'
import { parseTextLine, parseValueLine } from '../../protocol/text/parse.ts'
import { type LaneReader, MAX_REPLY_BYTES, type ReplyState } from './lane.ts'

const END_LINE = 'END\r\n'

/** So many bytes tell a `VALUE` line from the others. */
const VALUE_PREFIX = 'VAL'

/** For a single value up to here, asking whether it is ASCII costs more than it spares. */
const SHORT_BYTES = 2048

/** No bytes: what a reader has between two replies. */
const NONE: Buffer = new Reply().bytes

/** What get lines are answered with. One object for all of them: it is read before the next one comes. */
export class ValuesReply implements LaneReader {
  /** The keys that were asked for, in order. */
  keys: readonly string[] = []
  /** For every key the start of its value, or -1. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly clientFlags: number[] = []
  /** All of it is known to be ASCII, which decodes faster: looked at once for all values. */
  isAscii = false
  /** The `VALUE` line that is being read. */
  readonly #header: Reply = new Reply()
  /** For every line the number of keys up to its end. */
  #lineEnds: readonly number[] = []
  #line = 0
  #at = 0
  /** The keys of the line before this one have their values, or were passed by. */
  #key = 0

  get hasOneKey(): boolean {
    return this.keys.length === 1
  }

  /** The bytes of the reply. */
  get bytes(): Buffer {
    return this.#header.bytes
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

  /** Lets go of the bytes: the values have been read. */
  release(): void {
    this.#header.bytes = NONE
  }

  read(bytes: Buffer, filled: number): ReplyState {
    this.#header.bytes = bytes
    for (;;) {
      const at = this.#at
      if (filled - at >= END_LINE.length && spells(bytes, at, END_LINE)) {
        if (this.#endLine()) return this.#finish(bytes, filled)
        continue
      }
      if (filled - at < VALUE_PREFIX.length || !spells(bytes, at, VALUE_PREFIX)) return this.#readOther(at, filled)
      const state = this.#readItem(at, filled)
      if (state !== 'whole') return state
    }
  }

  /** @returns whether it was the last line. */
  #endLine(): boolean {
    this.#passBy(this.#lineEnds[this.#line]!)
    this.#line++
    this.#at += END_LINE.length
    return this.#line === this.#lineEnds.length
  }

  /** The keys up to here have no value, as far as it did not come early. */
  #passBy(end: number): void {
    while (this.#key < end) this.starts[this.#key++] ??= -1
  }

  #finish(bytes: Buffer, filled: number): ReplyState {
    // Nothing may follow: nothing else was asked for.
    if (filled !== this.#at) return 'garbage'
    this.isAscii = (filled > SHORT_BYTES || !this.hasOneKey) && isAscii(bytes.subarray(0, filled))
    return 'whole'
  }

  /** An error line is for the worker's client; no other line but END and VALUE can come. */
  #readOther(at: number, filled: number): ReplyState {
    const header = this.#header
    const next = parseTextLine(header, header.bytes, at, filled)
    if (next === NEED_MORE) return filled - at > MAX_LINE_BYTES ? 'garbage' : 'more'
    if (next === GARBAGE) return 'garbage'
    return isErrorReply(header) ? 'other' : 'garbage'
  }

  #readItem(at: number, filled: number): ReplyState {
    const header = this.#header
    const { bytes } = header
    const start = parseValueLine(header, bytes, at, filled)
    if (start === NEED_MORE) return filled - at > MAX_LINE_BYTES ? 'garbage' : 'more'
    if (start === GARBAGE || start - at > MAX_LINE_BYTES) return 'garbage'
    const index = this.#find()
    if (index === -1) return 'garbage'
    const end = start + header.size
    // There will be no room for it.
    if (end > MAX_REPLY_BYTES) return 'other'
    const next = lineBreak(bytes, end, filled)
    if (next === NEED_MORE) return 'more'
    if (next === GARBAGE) return 'garbage'
    if (index >= this.#key) {
      this.#passBy(index)
      this.#key = index + 1
    }
    this.starts[index] = start
    this.ends[index] = end
    this.clientFlags[index] = header.clientFlags
    this.#at = next
    return 'whole'
  }

  /** The key of the line that the value belongs to: the next one as a rule, any other if a proxy reordered. */
  #find(): number {
    const { keys } = this
    const header = this.#header
    const lineEnd = this.#lineEnds[this.#line]!
    for (let index = this.#key; index < lineEnd; index++) if (keyMatches(header, keys[index]!)) return index
    const lineStart = this.#line === 0 ? 0 : this.#lineEnds[this.#line - 1]!
    for (let index = lineStart; index < this.#key; index++) {
      if (this.starts[index] === -1 && keyMatches(header, keys[index]!)) return index
    }
    return -1
  }
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

  read(bytes: Buffer, filled: number): ReplyState {
    this.#parser.feed(bytes, 0, filled)
    const found = this.#parser.next()
    if (found === 'more') return 'more'
    const { type, opaque } = this.reply
    // A meta command was not asked, and nothing else: no opaque may come, and nothing may follow.
    const isOne = found === 'reply' && type !== 'GARBAGE' && opaque === -1 && this.#parser.rest === filled
    return isOne ? 'whole' : 'garbage'
  }
}
