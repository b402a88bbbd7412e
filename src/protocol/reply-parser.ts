import { Buffer } from 'node:buffer'
import { GARBAGE, MAX_LINE_BYTES, NEED_MORE } from './byte-scan.ts'
import { parseMetaLine, parseMetaValueLine } from './meta/parse.ts'
import { Reply, type ReplyType } from './reply.ts'
import { MAX_SPARE_BYTES, spareBuffers } from './spare-buffers.ts'
import { parseTextLine, parseValueLine } from './text/parse.ts'

/**
 * Size up to which an incomplete data block waits in the read buffer, with its line, for the rest; a larger one gets a
 * buffer of its own that is filled as the bytes come.
 */
export const SMALL_BODY_BYTES = 4096

/**
 * Most bytes that {@link ReplyParser.rest} ever leaves unread: a line without its end, or a line and a small data
 * block. The owner of the read buffer keeps this much room.
 */
export const MAX_REST_BYTES: number = MAX_LINE_BYTES + SMALL_BODY_BYTES + 2

/** Result of `next`: a whole reply; a large data block whose header is read; or nothing whole yet. */
export type Found = 'reply' | 'body' | 'more'

const V = 0x56
const A = 0x41
const L = 0x4c
const H = 0x48
const E = 0x45
const N = 0x4e
const SPACE = 0x20
const CR = 0x0d
const LF = 0x0a

/**
 * Cuts a stream of reply bytes into replies of either protocol. Pure: bytes in, replies out. A parser reads in place,
 * keeps no bytes of a line, and is used for one connection only, so that no half reply outlives its socket.
 *
 * After `feed`, call `next` until it returns 'more', then put the bytes from `rest` on before the next chunk. On 'body'
 * call `acceptBody` or `skipBody` before the next `next`.
 */
export class ReplyParser {
  /** Reply found by `next`; the same object every time. */
  readonly reply: Reply = new Reply()
  #bytes: Buffer = this.reply.bytes
  #pos = 0
  #end = 0
  /** Buffer of the present large data block; undefined while one is being skipped. */
  #body: Buffer | undefined
  /** Missing bytes of the large data block and its CR LF; -1 outside a block. */
  #missing = -1
  #header: ReplyType = 'VALUE'
  /** Lent buffer for large data blocks whose bytes are not kept, and whether the present one is in it. */
  #spare: Buffer | undefined
  #borrowed = false

  /** Hands over the bytes `[start, end)`; they must begin at `rest`. */
  feed(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes
    this.#pos = start
    this.#end = end
    this.reply.startChunk(start, end)
  }

  /** Position of the first byte that is still needed. */
  get rest(): number {
    return this.#pos
  }

  /** Finds the next reply. */
  next(): Found {
    if (this.#missing >= 0) return this.#continueBody()
    const at = this.#pos
    const reply = this.reply
    reply.bytes = this.#bytes
    reply.owned = false
    reply.separate = false
    const available = this.#end - at
    if (available === 0) return this.#endChunk()
    // Two letters identify the family; `VE…` (VERSION) and everything else is a classic line.
    if (available < 3) return this.#shortLine(at, available)
    const first = this.#bytes[at]!
    const second = this.#bytes[at + 1]!
    if (first === V && second === A) {
      if (this.#bytes[at + 2] === L) return this.#value(parseValueLine(reply, this.#bytes, at, this.#end))
      if (this.#bytes[at + 2] === SPACE) return this.#value(parseMetaValueLine(reply, this.#bytes, at, this.#end))
    }
    const third = this.#bytes[at + 2]!
    const meta = third === SPACE || third === CR ? metaStatus(first, second) : undefined
    if (meta !== undefined) return this.#line(parseMetaLine(reply, meta, this.#bytes, at, this.#end))
    return this.#line(parseTextLine(reply, this.#bytes, at, this.#end))
  }

  /**
   * Reads the large data block into a buffer of its own; `next` returns 'reply' when it is whole.
   *
   * @param borrowed - Whether the bytes are needed only until the next `next`: their buffer may be reused for the next
   * block, of this stream or of another.
   */
  acceptBody(borrowed: boolean): void {
    const { reply } = this
    reply.keepCas()
    this.#borrowed = borrowed && reply.size <= MAX_SPARE_BYTES
    this.#body = this.#borrowed ? this.#spareBuffer(reply.size + 2) : Buffer.allocUnsafeSlow(reply.size + 2)
  }

  #spareBuffer(bytes: number): Buffer {
    if (this.#spare === undefined || this.#spare.length < bytes) this.#spare = spareBuffers.take(bytes)
    return this.#spare
  }

  /** Gives back the lent buffer, if any: all replies of the chunk are read. */
  #endChunk(): Found {
    if (this.#spare !== undefined) {
      spareBuffers.giveBack(this.#spare)
      this.#spare = undefined
    }
    return 'more'
  }

  /** Skips the large data block; `next` returns 'reply', with no data, after its end. */
  skipBody(): void {
    this.reply.keepCas()
    this.#body = undefined
  }

  /** Handles fewer than three bytes: no word and line break fit into them, so only garbage can be whole. */
  #shortLine(at: number, available: number): Found {
    if (available === 2 && this.#bytes[at + 1] === LF) return this.#line(GARBAGE)
    return this.#bytes[at] === LF ? this.#line(GARBAGE) : 'more'
  }

  #line(next: number): Found {
    if (next === NEED_MORE) return this.#end - this.#pos > MAX_LINE_BYTES ? this.#line(GARBAGE) : 'more'
    if (next === GARBAGE) return this.#garbage()
    this.#pos = next
    return 'reply'
  }

  #value(dataStart: number): Found {
    if (dataStart < 0) return this.#line(dataStart)
    // Room is kept for one line and a small body: a longer line would not fit if it had to wait.
    if (dataStart - this.#pos > MAX_LINE_BYTES) return this.#garbage()
    const reply = this.reply
    const dataEnd = dataStart + reply.size
    if (dataEnd + 2 > this.#end) return this.#incompleteValue(dataStart)
    if (this.#bytes[dataEnd] !== CR || this.#bytes[dataEnd + 1] !== LF) return this.#garbage()
    reply.start = dataStart
    reply.end = dataEnd
    this.#pos = dataEnd + 2
    return 'reply'
  }

  #incompleteValue(dataStart: number): Found {
    if (this.reply.size <= SMALL_BODY_BYTES) return 'more'
    this.#header = this.reply.type
    this.#missing = this.reply.size + 2
    this.#pos = dataStart
    return 'body'
  }

  #continueBody(): Found {
    const take = Math.min(this.#missing, this.#end - this.#pos)
    const body = this.#body
    if (body !== undefined) {
      const at = this.reply.size + 2 - this.#missing
      this.#bytes.copy(body, at, this.#pos, this.#pos + take)
    }
    if (this.#missing - take < 2 && !this.#passesLineBreak(this.#pos + take)) return this.#abandonBody()
    this.#pos += take
    this.#missing -= take
    return this.#missing > 0 ? 'more' : this.#finishBody(body)
  }

  /** Checks the CR LF after the data block, as far as it is before `end`. */
  #passesLineBreak(end: number): boolean {
    const at = this.#pos + this.#missing - 2
    if (at >= this.#pos && at < end && this.#bytes[at] !== CR) return false
    return at + 1 < this.#pos || at + 1 >= end || this.#bytes[at + 1] === LF
  }

  /** Handles a data block that does not end where its line said: no byte after it can be trusted. */
  #abandonBody(): Found {
    this.#missing = -1
    this.#body = undefined
    this.reply.bytes = this.#bytes
    return this.#garbage()
  }

  #finishBody(body: Buffer | undefined): Found {
    const reply = this.reply
    this.#missing = -1
    this.#body = undefined
    reply.type = this.#header
    reply.start = 0
    reply.end = 0
    reply.separate = true
    if (body === undefined) return 'reply'
    reply.bytes = body.subarray(0, reply.size)
    reply.end = reply.size
    reply.owned = !this.#borrowed
    return 'reply'
  }

  #garbage(): Found {
    const reply = this.reply
    reply.type = 'GARBAGE'
    reply.lineStart = Math.min(this.#pos, this.#end)
    reply.lineEnd = Math.min(this.#pos + 64, this.#end)
    this.#pos = this.#end
    return 'reply'
  }
}

/** Returns the meta status that two letters spell. */
function metaStatus(first: number, second: number): ReplyType | undefined {
  if (first === H) return second === 0x44 ? 'HD' : undefined
  if (first === E) return second === N ? 'EN' : second === 0x58 ? 'EX' : undefined
  if (first === N) return second === 0x53 ? 'NS' : second === 0x46 ? 'NF' : undefined
  return undefined
}
