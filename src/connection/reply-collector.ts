import { Buffer } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'
import { dataBlockBytes, isErrorLine, type ReplyEnding } from '../protocol/exchange.ts'

const LF = 0x0a
const CR = 0x0d

/**
 * Collects the bytes of a reply of any length up to its ending or an error line. Looks at every byte once for each of
 * both, however the bytes are cut.
 */
export class ReplyCollector {
  readonly #ending: ReplyEnding
  readonly #maxBytes: number
  #bytes: Buffer = Buffer.allocUnsafe(1024)
  #length = 0
  /** Position where the search for the end continues. */
  #searched = 0
  /** Position where the search for an error line continues: the start of a line that is not in a data block. */
  #lineStart = 0
  /** Error line of the server, without its CR LF. Ends the reply, whatever ending was expected. */
  errorLine: string | undefined

  constructor(ending: ReplyEnding, maxBytes: number) {
    this.#ending = ending
    this.#maxBytes = maxBytes
  }

  /** Bytes received so far. */
  get reply(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Whether the reply is longer than the limit. */
  get tooLong(): boolean {
    return this.#length > this.#maxBytes
  }

  /**
   * Adds more bytes.
   *
   * @returns the length of the reply, once it has ended; -1 before.
   */
  add(bytes: Buffer, start: number, end: number): number {
    this.#makeRoom(end - start)
    bytes.copy(this.#bytes, this.#length, start, end)
    this.#length += end - start
    const length = this.#findEnd()
    this.#findErrorLine(length < 0 ? this.#length : length)
    return length
  }

  #findErrorLine(end: number): void {
    while (this.#lineStart < end) {
      const lineFeed = this.#bytes.subarray(0, end).indexOf(LF, this.#lineStart)
      if (lineFeed < 0) return
      const line = this.#lineText(this.#lineStart, lineFeed)
      if (isErrorLine(line)) this.errorLine ??= line
      this.#lineStart = lineFeed + 1 + dataBlockBytes(line)
    }
  }

  #lineText(start: number, lineFeed: number): string {
    const lineEnd = lineFeed > start && this.#bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
    return latin1Slice(this.#bytes, start, lineEnd)
  }

  #makeRoom(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }

  #findEnd(): number {
    const ending = this.#ending
    switch (ending.kind) {
      case 'token':
        return this.#findToken(ending.token)
      case 'line':
        return this.#findLine(ending.isLast)
      case 'close':
        return this.#findLine(() => true)
    }
  }

  #findToken(token: Uint8Array): number {
    const at = this.reply.indexOf(token, this.#searched)
    if (at >= 0) return at + token.length
    // The token may be split: the last received bytes could be its beginning.
    this.#searched = Math.max(0, this.#length - token.length + 1)
    return -1
  }

  #findLine(isLast: (line: string) => boolean): number {
    for (;;) {
      const lineFeed = this.reply.indexOf(LF, this.#searched)
      if (lineFeed < 0) return -1
      const start = this.#searched
      this.#searched = lineFeed + 1
      if (isLast(this.#lineText(start, lineFeed))) return lineFeed + 1
    }
  }
}
