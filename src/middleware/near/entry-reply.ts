import { Buffer } from 'node:buffer'
import { Reply, Returned } from '../../protocol/reply.ts'
import type { Entry } from './entry.ts'

/** Bytes up to this size are written into memory that is used again. */
const SCRATCH_BYTES = 65_536

/** In the place of the bytes of a decoded value: a reply without a byte may be a placeholder. */
const ONE_BYTE = Buffer.from(' ')

/** Makes replies of entries, as if they had come from a server. One object and one piece of memory for all of them. */
export class EntryReply {
  readonly #reply: Reply = new Reply()
  readonly #scratch: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  /** Replies in use: a serde of the caller's may read another key while it decodes one. */
  #uses = 0

  /**
   * Calls a function with the reply of an entry, valid during the call.
   *
   * @param ttl - Seconds that the item has left, for a reply of the meta protocol; undefined: a classic one.
   */
  use(entry: Entry, ttl: number | undefined, read: (reply: Reply) => void): void {
    const isFree = this.#uses === 0
    this.#uses++
    try {
      const reply = isFree ? this.#reply : new Reply()
      const bytes = entry.keeps === 'value' ? ONE_BYTE : this.#bytesOf(entry, isFree)
      const size = entry.keeps === 'value' ? ONE_BYTE.length : entry.bytes
      reply.type = ttl === undefined ? 'VALUE' : 'VA'
      reply.outcome = 'hit'
      reply.bytes = bytes
      reply.end = size
      reply.size = size
      reply.valueSize = size
      // The flags of a decoded value might ask for decompression.
      reply.clientFlags = entry.keeps === 'value' ? 0 : entry.clientFlags
      reply.returned = ttl === undefined ? 0 : Returned.ttl | Returned.clientFlags
      reply.ttl = ttl ?? 0
      reply.startChunk(0, size)
      read(reply)
    } finally {
      this.#uses--
    }
  }

  #bytesOf({ data, bytes }: Entry, isFree: boolean): Buffer {
    const text = data as string
    if (!isFree || bytes > SCRATCH_BYTES) return Buffer.from(text, 'latin1')
    this.#scratch.write(text, 0, bytes, 'latin1')
    return this.#scratch
  }
}
