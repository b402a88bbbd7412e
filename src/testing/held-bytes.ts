import { Buffer } from 'node:buffer'

interface Piece {
  bytes: Buffer
  /** Time from which the chunk may pass, on the monotonic clock. */
  readonly dueAt: number
  /** Whether the chunk passes together with the chunk before it. */
  readonly joins: boolean
}

/** Bytes held by a proxy, in order, each chunk with the time from which it may pass. */
export class HeldBytes {
  readonly #pieces: Piece[] = []
  #length = 0

  /** Number of bytes held. */
  get length(): number {
    return this.#length
  }

  /** Time from which the first chunk may pass, on the monotonic clock. */
  get dueAt(): number {
    return this.#pieces[0]?.dueAt ?? Number.POSITIVE_INFINITY
  }

  push(bytes: Buffer, dueAt: number, joins: boolean): void {
    if (bytes.length === 0) return
    this.#pieces.push({ bytes, dueAt, joins })
    this.#length += bytes.length
  }

  /** Takes the first chunk and those that join it, up to a number of bytes. */
  take(limit: number): Buffer {
    const parts: Buffer[] = []
    let room = limit
    do {
      const piece = this.#pieces[0]!
      const part = piece.bytes.subarray(0, room)
      if (part.length === piece.bytes.length) this.#pieces.shift()
      else piece.bytes = piece.bytes.subarray(part.length)
      room -= part.length
      parts.push(part)
    } while (room > 0 && this.#pieces[0]?.joins === true)
    const taken = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
    this.#length -= taken.length
    return taken
  }

  clear(): void {
    this.#pieces.length = 0
    this.#length = 0
  }
}
