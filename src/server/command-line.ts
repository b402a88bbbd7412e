import type { Buffer } from 'node:buffer'

const SPACE = 0x20
const CARRIAGE_RETURN = 0x0d
const USUAL_WORDS = 32

/**
 * One command line, cut into words in place: positions in the received bytes, no strings.
 *
 * Reused for the next line, unless it is detached.
 */
export class CommandLine {
  #bytes!: Buffer
  #starts = new Int32Array(USUAL_WORDS)
  #ends = new Int32Array(USUAL_WORDS)
  #count = 0
  #longest = 0
  #start = 0
  #rawBytes = 0
  #endedByCrLf = false

  /** Bytes that the positions refer to. */
  get bytes(): Buffer {
    return this.#bytes
  }

  /** Number of words, the command included. */
  get count(): number {
    return this.#count
  }

  /** Length of the longest word after the command. */
  get longest(): number {
    return this.#longest
  }

  /** Length of the line, its line end included. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  /** Whether the line ended in CR LF, not only in LF. */
  get endedByCrLf(): boolean {
    return this.#endedByCrLf
  }

  /** Whether spaces stand before the command. */
  get indented(): boolean {
    return this.#rawBytes > 0 && this.#bytes[this.#start] === SPACE
  }

  /**
   * Takes the line from `start` to the line feed at `lineFeed`.
   *
   * @param cStrings a NUL ends the line, as it did up to memcached 1.6.39
   */
  read(bytes: Buffer, start: number, lineFeed: number, cStrings: boolean): void {
    this.#bytes = bytes
    this.#start = start
    this.#rawBytes = lineFeed + 1 - start
    this.#endedByCrLf = lineFeed > start && bytes[lineFeed - 1] === CARRIAGE_RETURN
    this.#count = 0
    this.#longest = 0
    this.#cut(start, this.#endedByCrLf ? lineFeed - 1 : lineFeed, cStrings)
  }

  #cut(start: number, end: number, cStrings: boolean): void {
    const bytes = this.#bytes
    let wordStart = start
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte === SPACE) {
        if (at > wordStart) this.#add(wordStart, at)
        wordStart = at + 1
      } else if (byte === 0 && cStrings) {
        if (at > wordStart) this.#add(wordStart, at)
        return
      }
    }
    if (end > wordStart) this.#add(wordStart, end)
  }

  #add(start: number, end: number): void {
    const index = this.#count++
    if (index === this.#starts.length) this.#grow()
    this.#starts[index] = start
    this.#ends[index] = end
    if (index > 0 && end - start > this.#longest) this.#longest = end - start
  }

  #grow(): void {
    const starts = new Int32Array(this.#starts.length * 2)
    const ends = new Int32Array(starts.length)
    starts.set(this.#starts)
    ends.set(this.#ends)
    this.#starts = starts
    this.#ends = ends
  }

  /** Copies the line out of the received bytes, before these are reused. */
  detach(): void {
    const offset = this.#start
    this.#bytes = Uint8Array.prototype.slice.call(this.#bytes, offset, offset + this.#rawBytes) as Buffer
    for (let index = 0; index < this.#count; index++) {
      this.#starts[index]! -= offset
      this.#ends[index]! -= offset
    }
    this.#start = 0
  }

  /** Returns the position of the first byte of a word. */
  start(index: number): number {
    return this.#starts[index]!
  }

  /** Returns the position after the last byte of a word. */
  end(index: number): number {
    return this.#ends[index]!
  }

  length(index: number): number {
    return this.#ends[index]! - this.#starts[index]!
  }

  /** Returns the first byte of a word. */
  letter(index: number): number {
    return this.#bytes[this.#starts[index]!]!
  }

  /** Returns a word, one character per byte; empty if there is none. */
  text(index: number): string {
    return index < this.#count ? this.#bytes.toString('latin1', this.#starts[index], this.#ends[index]) : ''
  }

  /** Checks whether a word is the start of this ASCII text. */
  abbreviates(index: number, text: string): boolean {
    return index < this.#count && this.is(index, text.slice(0, this.length(index)))
  }

  /** Checks whether a word is this ASCII text. */
  is(index: number, text: string): boolean {
    if (index >= this.#count || this.length(index) !== text.length) return false
    const start = this.#starts[index]!
    for (let at = 0; at < text.length; at++) {
      if (this.#bytes[start + at] !== text.charCodeAt(at)) return false
    }
    return true
  }
}
