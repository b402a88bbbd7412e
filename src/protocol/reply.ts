import { Buffer, isAscii } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'
import { isDigits } from './byte-scan.ts'

const SPACE = 0x20

/** Parts of a meta reply besides the opaque, the cas number and the client flags: bits of `Reply.returned`. */
export const Returned = {
  ttl: 1,
  lastAccess: 2,
  hitBefore: 4,
  size: 8,
  key: 16,
  /** `b`: the key is in base64. */
  base64Key: 32,
  /** `W`: this reader should load the value anew. */
  won: 64,
  /** `X`: the value is marked stale. */
  stale: 128,
  /** `Z`: another client has won already. */
  alreadyWon: 256,
  cas: 512,
  clientFlags: 1024,
} as const

/** First word of a reply, or a name for its kind. */
export type ReplyType =
  // classic
  | 'VALUE'
  | 'END'
  | 'STORED'
  | 'NOT_STORED'
  | 'EXISTS'
  | 'NOT_FOUND'
  | 'DELETED'
  | 'TOUCHED'
  | 'OK'
  | 'NUMBER'
  | 'VERSION'
  // meta
  | 'VA'
  | 'HD'
  | 'EN'
  | 'NS'
  | 'EX'
  | 'NF'
  | 'MN'
  | 'ME'
  // errors, in either protocol
  | 'ERROR'
  | 'CLIENT_ERROR'
  | 'SERVER_ERROR'
  /** Complete line that is none of the above: the stream cannot be trusted any more. */
  | 'GARBAGE'

/** Meaning of a reply for the command that it answers; the same words for both protocols. */
export type Outcome =
  | 'hit'
  | 'miss'
  | 'stored'
  | 'notStored'
  | 'exists'
  | 'notFound'
  | 'deleted'
  | 'touched'
  | 'number'
  /** Carried out, without a value: a counter whose value was not asked for. */
  | 'done'
  | 'version'
  | 'pong'

/**
 * One reply, read in place: positions into `bytes`, valid only until the next reply is parsed. One object per parser,
 * reused for every reply, because an object per reply costs more than parsing it.
 */
export class Reply {
  type: ReplyType = 'END'
  outcome: Outcome = 'miss'
  /** Bytes that the positions point into. */
  bytes: Buffer = Buffer.alloc(0)
  /** Data block, or the digits of a NUMBER. */
  start = 0
  end = 0
  /** Whether `bytes` holds this data block alone and may be handed to the caller without a copy. */
  owned = false
  /** Whether the data block is in a buffer of its own, not in the read buffer with its line. */
  separate = false
  /** Key, if the reply repeats it. */
  keyStart = 0
  keyEnd = 0
  /** Line, without its CR LF. */
  lineStart = 0
  lineEnd = 0
  clientFlags = 0
  /** Sequence number that a meta reply repeats (`O`), or -1. */
  opaque = -1
  /** Digits of the cas number; empty if the reply has none. */
  casStart = 0
  casEnd = 0
  /** Length of the data block as declared. */
  size = 0
  /** Fields below that a meta reply brought, as a sum of {@link Returned}; the others keep their old values. */
  returned = 0
  /** `t`: seconds left, -1 = never expires. */
  ttl = 0
  /** `l`: seconds since the last access. */
  lastAccess = 0
  /** `h`: whether it was read before. */
  hitBefore = false
  /** `s`: length of the value. */
  valueSize = 0
  #keptCas = 0n
  #keptLine = ''
  #chunkStart = 0
  #chunkEnd = 0
  #chunkIsAscii: boolean | undefined

  /** Checks whether a meta reply brought this part. */
  has(what: number): boolean {
    return (this.returned & what) !== 0
  }

  /** Sets the position of the present chunk's bytes. */
  startChunk(start: number, end: number): void {
    this.#chunkStart = start
    this.#chunkEnd = end
    this.#chunkIsAscii = undefined
  }

  /**
   * Checks whether the data is known to be ASCII, which decodes at a third of the cost. Checked once for a whole chunk
   * of replies: a check per value costs more than it saves.
   */
  isAscii(): boolean {
    if (this.separate) return isAscii(this.bytes)
    this.#chunkIsAscii ??= isAscii(this.bytes.subarray(this.#chunkStart, this.#chunkEnd))
    return this.#chunkIsAscii
  }

  /** Returns the line as text; one character per byte. */
  line(): string {
    return this.separate ? this.#keptLine : latin1Slice(this.bytes, this.lineStart, this.lineEnd)
  }

  /** Returns the cas number; 0 if the server has none (`-C`). */
  cas(): bigint {
    if (this.separate) return this.#keptCas
    return this.casEnd > this.casStart ? BigInt(latin1Slice(this.bytes, this.casStart, this.casEnd)) : 0n
  }

  /** Removes the cas number: the reply is then like that of a server that keeps none. */
  dropCas(): void {
    this.casEnd = this.casStart
    this.#keptCas = 0n
  }

  /**
   * Keeps the cas number and the line of a data block with a buffer of its own: the line will have been overwritten.
   */
  keepCas(): void {
    this.#keptCas = this.cas()
    this.#keptLine = this.type === 'VA' ? this.line() : ''
  }

  /** Checks whether the block, or the line of a NUMBER, is a decimal number of up to 64 bits and nothing else. */
  isNumber(): boolean {
    return isDigits(this.bytes, this.start, this.end)
  }

  /**
   * Returns the number of a NUMBER, or of the block of a meta counter. Exact to 64 bits; `interpretReply` has checked
   * it.
   */
  digits(): bigint {
    return BigInt(latin1Slice(this.bytes, this.start, this.end))
  }

  /**
   * Returns the counter in a value, without the spaces that `decr` leaves after a number that got shorter; undefined if
   * the value is no decimal number of up to 64 bits.
   */
  storedCounter(): bigint | undefined {
    let end = this.end
    while (end > this.start && this.bytes[end - 1] === SPACE) end--
    return isDigits(this.bytes, this.start, end) ? BigInt(latin1Slice(this.bytes, this.start, end)) : undefined
  }
}

/** Reply of a missing key: `END` implies it for every key without a value. */
export const MISS: Reply = new Reply()
