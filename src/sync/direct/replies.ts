import { Buffer, isAscii } from 'node:buffer'
import type { Reply } from '../../protocol/reply.ts'
import { keyMatches } from '../../protocol/reply-key.ts'
import { ReplyParser } from '../../protocol/reply-parser.ts'
import { isErrorReply } from '../../protocol/server-reply-error.ts'
import { MAX_REPLY_BYTES, type ReplyReader, type ReplyState } from './sockets.ts'

/** Size up to which checking a single value for ASCII costs more than it saves, in bytes. */
const SHORT_BYTES = 2048

/** No bytes: the content of a reader between two replies. */
const NONE: Buffer = Buffer.alloc(0)

/** Reader of the replies to get lines. One object for all: each reply is read before the next one comes. */
export class ValuesReply implements ReplyReader {
  /** Requested keys, in order. */
  keys: readonly string[] = []
  /** Start of each key's value, or -1. */
  readonly starts: number[] = []
  readonly ends: number[] = []
  readonly clientFlags: number[] = []
  /** Whether the whole reply is known to be ASCII, which decodes faster: checked once for all values. */
  isAscii = false
  /** Parser, replaced after a large data block: it would go on with that block. */
  #parser: ReplyParser = new ReplyParser()
  /** Number of keys up to the end of each line. */
  #lineEnds: readonly number[] = []
  #line = 0
  /** Start of the part that is not read yet. */
  #at = 0
  /** Number of keys that have their values or were skipped. */
  #key = 0

  get hasOneKey(): boolean {
    return this.keys.length === 1
  }

  /** Bytes of the reply. */
  get bytes(): Buffer {
    return this.#parser.reply.bytes
  }

  /**
   * Starts a reply to these keys.
   *
   * @param lineEnds - Number of keys up to the end of each line.
   */
  expect(keys: readonly string[], lineEnds: readonly number[]): void {
    this.keys = keys
    this.#lineEnds = lineEnds
    this.#line = 0
    this.#at = 0
    this.#key = 0
    this.starts.length = 0
  }

  /** Releases the bytes: the values have been read. */
  release(): void {
    this.#parser.feed(NONE, 0, 0)
    this.#parser.reply.bytes = NONE
  }

  read(bytes: Buffer, filled: number): ReplyState {
    const parser = this.#parser
    const { reply } = parser
    parser.feed(bytes, this.#at, filled)
    for (;;) {
      const found = parser.next()
      if (found === 'more') return 'more'
      if (found === 'body') return this.#awaitValue(reply)
      if (reply.type === 'VALUE') {
        if (!this.#takeValue(reply)) return 'garbage'
      } else if (reply.type !== 'END') {
        // An error line is left to the worker's client; no other line can come.
        return isErrorReply(reply) ? 'other' : 'garbage'
      } else if (this.#endLine()) return this.#finish(bytes, parser.rest, filled)
      this.#at = parser.rest
    }
  }

  /** Leaves a large value in place, with its line, until all of it has come. */
  #awaitValue(reply: Reply): ReplyState {
    const end = this.#parser.rest + reply.size
    this.#parser = new ReplyParser()
    if (reply.type !== 'VALUE' || this.#find(reply) === -1) return 'garbage'
    // There will be no room for the value.
    return end > MAX_REPLY_BYTES ? 'other' : 'more'
  }

  /** @returns whether a key of the line has no value yet that this one can be. */
  #takeValue(reply: Reply): boolean {
    const index = this.#find(reply)
    if (index === -1) return false
    if (index >= this.#key) {
      this.#passBy(index)
      this.#key = index + 1
    }
    this.starts[index] = reply.start
    this.ends[index] = reply.end
    this.clientFlags[index] = reply.clientFlags
    return true
  }

  /** @returns whether it was the last line. */
  #endLine(): boolean {
    this.#passBy(this.#lineEnds[this.#line]!)
    this.#line++
    return this.#line === this.#lineEnds.length
  }

  /** Marks the keys up to `end` as missing, unless their value came early. */
  #passBy(end: number): void {
    while (this.#key < end) this.starts[this.#key++] ??= -1
  }

  #finish(bytes: Buffer, rest: number, filled: number): ReplyState {
    // Nothing may follow: nothing else was requested.
    if (filled !== rest) return 'garbage'
    this.isAscii = (filled > SHORT_BYTES || !this.hasOneKey) && isAscii(bytes.subarray(0, filled))
    return 'whole'
  }

  /** Finds the key of the line that the value belongs to: usually the next one, any other if a proxy reordered. */
  #find(reply: Reply): number {
    const { keys } = this
    const lineEnd = this.#lineEnds[this.#line]!
    for (let index = this.#key; index < lineEnd; index++) if (keyMatches(reply, keys[index]!)) return index
    const lineStart = this.#line === 0 ? 0 : this.#lineEnds[this.#line - 1]!
    for (let index = lineStart; index < this.#key; index++) {
      if (this.starts[index] === -1 && keyMatches(reply, keys[index]!)) return index
    }
    return -1
  }
}

/** Reader of the one-line reply to a write. One object for all of them. */
export class LineReply implements ReplyReader {
  readonly hasOneKey: boolean = true
  #parser: ReplyParser = new ReplyParser()

  /** The reply. */
  get reply(): Reply {
    return this.#parser.reply
  }

  /** Begins another reply. */
  expect(): void {
    this.#parser = new ReplyParser()
  }

  read(bytes: Buffer, filled: number): ReplyState {
    this.#parser.feed(bytes, 0, filled)
    const found = this.#parser.next()
    if (found === 'more') return 'more'
    const { type, opaque } = this.reply
    // No meta command was sent, and nothing else: no opaque may come, and nothing may follow.
    const isOne = found === 'reply' && type !== 'GARBAGE' && opaque === -1 && this.#parser.rest === filled
    return isOne ? 'whole' : 'garbage'
  }
}
