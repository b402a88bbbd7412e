import { Buffer } from 'node:buffer'
import { CommandLine } from './command-line.ts'
import { LINE_END_BYTES } from './item.ts'

/** Most bytes without a line feed; more close the connection, unless they are a `get` or `gets`. */
const MAX_OPEN_LINE_BYTES = 2048

/** Size of memcached's read buffer: limit of a line that came at once, unless it is a `get` or `gets`. */
const MAX_LINE_BYTES = 16_384

/** Most spaces before a command that memcached skips. */
const MAX_INDENT_BYTES = 100

const LINE_FEED = 0x0a
const SPACE = 0x20

/** Command line and its data block. */
export interface Request {
  /** Command line, valid until the next request is read. */
  readonly line: CommandLine
  /**
   * Data block with the two bytes after it, whatever they are; owned by the receiver. `undefined` if the line announced
   * none, or one too large to be kept.
   */
  readonly block: Buffer | undefined
}

/** Rules for cutting a stream into requests. */
export interface RequestRules {
  /** Returns the length of the value that a line announces; -1: no data block follows. */
  readonly valueBytes: (line: CommandLine) => number
  /** Largest value kept, in bytes; longer ones are read and dropped. */
  readonly maxValueBytes: number
  /** Whether a NUL ends a line's words, as up to memcached 1.6.39. */
  readonly cStrings: boolean
}

/** Cuts a stream of bytes into requests. Pure: bytes in, requests out, the same however the bytes arrive. */
export class RequestParser {
  /** Rules for the next request; a login has rules of its own. */
  rules: RequestRules
  readonly #line = new CommandLine()
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
  /** Position up to which there is no line feed. */
  #searched = 0
  /** Whether `#bytes` may be written to, because it is no chunk of the caller's. */
  #owned = false
  /** Whether the line was read and its data block is incomplete. */
  #waiting = false
  #block: Buffer | undefined
  /** Bytes of the data block still to come. */
  #missing = 0
  #overlong = false

  constructor(rules: RequestRules) {
    this.rules = rules
  }

  /** Whether a line was too long: no more requests can be read. */
  get overlong(): boolean {
    return this.#overlong
  }

  /** Whether the rest of a data block is missing. */
  get waiting(): boolean {
    return this.#waiting
  }

  /** Adds bytes; they must not change until they have been read. */
  push(chunk: Buffer): void {
    if (this.#at === this.#end) {
      this.#bytes = chunk
      this.#owned = false
      this.#at = 0
      this.#end = chunk.length
      this.#searched = 0
      return
    }
    this.#makeRoom(chunk.length)
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  /**
   * Returns the next complete request; `undefined` until more bytes are pushed, or for good once a line was too long.
   */
  next(): Request | undefined {
    if (!this.#waiting && !this.#readLine()) return undefined
    if (this.#waiting && !this.#readBlock()) return undefined
    const block = this.#block
    this.#block = undefined
    return { line: this.#line, block }
  }

  #readLine(): boolean {
    if (this.#overlong) return false
    const lineFeed = this.#findLineFeed()
    if (lineFeed < 0) {
      this.#searched = this.#end
      this.#overlong = this.#end - this.#at > MAX_OPEN_LINE_BYTES && !this.#isGet()
      return false
    }
    if (lineFeed - this.#at > MAX_LINE_BYTES && !this.#isGet()) {
      this.#overlong = true
      return false
    }
    this.#line.read(this.#bytes, this.#at, lineFeed, this.rules.cStrings)
    this.#at = this.#searched = lineFeed + 1
    this.#expectBlock(this.rules.valueBytes(this.#line))
    return true
  }

  #findLineFeed(): number {
    if (this.#end === this.#bytes.length) return this.#bytes.indexOf(LINE_FEED, this.#searched)
    // The bytes after the end are left over from before, and may be many.
    return this.#bytes.subarray(0, this.#end).indexOf(LINE_FEED, this.#searched)
  }

  #expectBlock(valueBytes: number): void {
    if (valueBytes < 0) return
    this.#waiting = true
    this.#missing = valueBytes + LINE_END_BYTES
    const there = this.#end - this.#at
    if (there < this.#missing) this.#line.detach()
    if (valueBytes > this.rules.maxValueBytes) return
    // Half of a pooled block would keep another connection's bytes alive for as long as the rest takes.
    this.#block = there < this.#missing ? Buffer.allocUnsafeSlow(this.#missing) : Buffer.allocUnsafe(this.#missing)
  }

  #readBlock(): boolean {
    const taken = Math.min(this.#missing, this.#end - this.#at)
    if (this.#block !== undefined) {
      this.#bytes.copy(this.#block, this.#block.length - this.#missing, this.#at, this.#at + taken)
    }
    this.#at += taken
    this.#searched = this.#at
    this.#missing -= taken
    this.#waiting = this.#missing > 0
    return !this.#waiting
  }

  #isGet(): boolean {
    let at = this.#at
    while (at < this.#end && this.#bytes[at] === SPACE) at++
    if (at - this.#at > MAX_INDENT_BYTES) return false
    const start = this.#bytes.toString('latin1', at, Math.min(at + 5, this.#end))
    return start.startsWith('get ') || start === 'gets '
  }

  /** Makes room by doubling, so that a long line that comes byte by byte costs no more than its length. */
  #makeRoom(added: number): void {
    const kept = this.#end - this.#at
    if (this.#owned && this.#end + added <= this.#bytes.length) return
    const room = Math.max(1024, 2 * (kept + added))
    const bytes = this.#owned && kept + added <= this.#bytes.length / 2 ? this.#bytes : Buffer.allocUnsafeSlow(room)
    this.#bytes.copy(bytes, 0, this.#at, this.#end)
    this.#searched -= this.#at
    this.#bytes = bytes
    this.#owned = true
    this.#at = 0
    this.#end = kept
  }
}
