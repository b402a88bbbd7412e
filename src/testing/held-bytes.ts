import { Buffer } from 'node:buffer'

interface Piece {
  bytes: Buffer
  /** When it may pass, on the monotonic clock. */
  readonly dueAt: number
  /** It passes together with what came before it. */
  readonly joins: boolean
}

/** Bytes on their way through a proxy, in order, each chunk with the time from which it may pass. */
export class HeldBytes {
  readonly #pieces: Piece[] = []
  #length = 0

  /** Bytes held. */
  get length(): number {
    return this.#length
  }

  /** When the first of them may pass, on the monotonic clock. */
  get dueAt(): number {
    return this.#pieces[0]?.dueAt ?? Number.POSITIVE_INFINITY
  }

  push(bytes: Buffer, dueAt: number, joins: boolean): void {
    if (bytes.length === 0) return
    this.#pieces.push({ bytes, dueAt, joins })
    this.#length += bytes.length
  }

  /** Takes the first chunk and those that join it, or so many bytes of them. */
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
