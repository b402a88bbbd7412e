import { Buffer, isAscii } from 'node:buffer'
import { latin1Slice } from '../buffer-slices.ts'
import { isDigits } from './byte-scan.ts'

const SPACE = 0x20

/** What a meta reply can bring besides the opaque, the cas number and the client flags: bits of `Reply.returned`. */
export const Returned = {
  ttl: 1,
  lastAccess: 2,
  hitBefore: 4,
  size: 8,
  key: 16,
  /** `b`: the key is in base64. */
  base64Key: 32,
  /** `W`: the asker is the one who should load the value anew. */
  won: 64,
  /** `X`: the value is marked stale. */
  stale: 128,
  /** `Z`: somebody else has won already. */
  alreadyWon: 256,
  cas: 512,
  clientFlags: 1024,
} as const

/** The first word of a reply, or what stands for it. */
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
  /** A complete line that is none of the above: the stream cannot be trusted any more. */
  | 'GARBAGE'

/** What a reply means for the command it answers; the same words for both protocols. */
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
  /** Carried out, and nothing more to say: a counter whose value was not asked for. */
  | 'done'
  | 'version'
  | 'pong'

/**
 * One reply, read in place: positions into `bytes`, valid only until the next reply is parsed. One object per parser,
 * used again for every reply, because an object per reply costs more than parsing it.
 */
export class Reply {
  type: ReplyType = 'END'
  outcome: Outcome = 'miss'
  /** What the positions point into. */
  bytes: Buffer = Buffer.alloc(0)
  /** The data block, or the digits of a NUMBER. */
  start = 0
  end = 0
  /** Whether `bytes` holds this data block alone and may be handed to the caller without a copy. */
  owned = false
  /** Whether the data block is in a buffer of its own, not in the read buffer with its line. */
  separate = false
  /** The key, where the reply repeats it. */
  keyStart = 0
  keyEnd = 0
  /** The line, without its CR LF. */
  lineStart = 0
  lineEnd = 0
  clientFlags = 0
  /** The sequence number that a meta reply repeats (`O`), or -1. */
  opaque = -1
  /** The cas number's digits; empty where the reply has none. */
  casStart = 0
  casEnd = 0
  /** Length of the data block as declared. */
  size = 0
  /** Which of the fields below a meta reply brought, as a sum of {@link Returned}; the others hold what they held before. */
  returned = 0
  /** `t`: seconds left, -1 = never expires. */
  ttl = 0
  /** `l`: seconds since the last access. */
  lastAccess = 0
  /** `h`: it was read before. */
  hitBefore = false
  /** `s`: length of the value. */
  valueSize = 0
  #keptCas = 0n
  #keptLine = ''
  #chunkStart = 0
  #chunkEnd = 0
  #chunkIsAscii: boolean | undefined

  /** Whether a meta reply brought this. */
  has(what: number): boolean {
    return (this.returned & what) !== 0
  }

  /** Notes where the bytes of the present chunk lie. */
  startChunk(start: number, end: number): void {
    this.#chunkStart = start
    this.#chunkEnd = end
    this.#chunkIsAscii = undefined
  }

  /**
   * Whether the data is known to be ASCII, which decodes at a third of the cost. Looked up once for a whole chunk of
   * replies: a look per value costs more than it saves.
   */
  isAscii(): boolean {
    if (this.separate) return isAscii(this.bytes)
    this.#chunkIsAscii ??= isAscii(this.bytes.subarray(this.#chunkStart, this.#chunkEnd))
    return this.#chunkIsAscii
  }

  /** The line as text; one character per byte. */
  line(): string {
    return this.separate ? this.#keptLine : latin1Slice(this.bytes, this.lineStart, this.lineEnd)
  }

  /** The cas number; 0 where the server has none (`-C`). */
  cas(): bigint {
    if (this.separate) return this.#keptCas
    return this.casEnd > this.casStart ? BigInt(latin1Slice(this.bytes, this.casStart, this.casEnd)) : 0n
  }

  /** Takes the cas number away: the reply is then as that of a server that keeps none. */
  dropCas(): void {
    this.casEnd = this.casStart
    this.#keptCas = 0n
  }

  /** Keeps what is read late of a data block that gets a buffer of its own: its line will have been overwritten by then. */
  keepCas(): void {
    this.#keptCas = this.cas()
    this.#keptLine = this.type === 'VA' ? this.line() : ''
  }

  /** Whether the block, or the line of a NUMBER, is a decimal number of up to 64 bits and nothing else. */
  isNumber(): boolean {
    return isDigits(this.bytes, this.start, this.end)
  }

  /** The digits of a NUMBER, or of the block of a meta counter. Exact to 64 bits; `interpretReply` has checked them. */
  digits(): bigint {
    return BigInt(latin1Slice(this.bytes, this.start, this.end))
  }

  /**
   * The counter that a value holds, without the spaces that `decr` leaves behind a number that got shorter; undefined
   * where the value is no decimal number of up to 64 bits.
   */
  storedCounter(): bigint | undefined {
    let end = this.end
    while (end > this.start && this.bytes[end - 1] === SPACE) end--
    return isDigits(this.bytes, this.start, end) ? BigInt(latin1Slice(this.bytes, this.start, end)) : undefined
  }
}

/** The reply that stands for "not there": what `END` says of every key that it leaves out. */
export const MISS: Reply = new Reply()
