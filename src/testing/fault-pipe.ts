import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Faults } from './faults.ts'

/** With more than this held back, the sender is not read from: a frozen proxy must not fill the memory. */
const MAX_HELD_BYTES = 1024 * 1024

interface Piece {
  readonly bytes: Buffer
  /** When it may pass, on the monotonic clock. */
  readonly dueAt: number
}

/** One direction of a connection through the proxy: takes chunks, and passes them on as its faults say. */
export class FaultPipe {
  readonly #from: Socket
  readonly #to: Socket
  readonly #faults: Readonly<Faults>
  readonly #random: () => number
  readonly #cut: () => void
  #held: Piece[] = []
  #heldBytes = 0
  #passedBytes = 0
  /** When the line is free for the next piece. */
  #freeAt = 0
  #lastDueAt = 0
  #timer: NodeJS.Timeout | undefined
  #ending = false
  #frozen = false
  #closed = false

  /** @param cut - Resets the whole connection. */
  constructor(from: Socket, to: Socket, faults: Readonly<Faults>, random: () => number, cut: () => void) {
    this.#from = from
    this.#to = to
    this.#faults = faults
    this.#random = random
    this.#cut = cut
    from.on('data', (chunk: Buffer) => this.#take(chunk))
    from.on('end', () => {
      this.#ending = true
      this.#pump()
    })
    to.on('drain', () => this.#resume())
  }

  /** Holds everything back, or lets it go, in order. */
  set frozen(frozen: boolean) {
    this.#frozen = frozen
    if (!frozen) this.#pump()
  }

  /** Passes nothing more on. */
  close(): void {
    this.#closed = true
    this.#held = []
    clearTimeout(this.#timer)
  }

  /** Ends this direction now: the receiver sees the end of the stream. */
  end(): void {
    if (!this.#to.destroyed) this.#to.end()
  }

  #take(chunk: Buffer): void {
    const { drop, duplicate, garble, transform } = this.#faults
    if (this.#closed || this.#happens(drop)) return
    let bytes: Buffer = transform === undefined ? chunk : Buffer.from(transform(chunk))
    if (this.#happens(garble)) bytes = this.#garbled(bytes)
    this.#hold(bytes)
    if (this.#happens(duplicate)) this.#hold(bytes)
    this.#pump()
  }

  #happens(share: number): boolean {
    return share > 0 && this.#random() < share
  }

  #garbled(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes)
    const at = Math.floor(this.#random() * copy.length)
    // Never the same byte: at least one bit changes.
    copy[at] = copy[at]! ^ (1 + Math.floor(this.#random() * 255))
    return copy
  }

  #hold(bytes: Buffer): void {
    const { latencyMs, jitterMs, coalesceMs } = this.#faults
    const delay = latencyMs + (jitterMs === 0 ? 0 : this.#random() * jitterMs) + coalesceMs
    // Never before what came earlier.
    const dueAt = Math.max(this.#lastDueAt, delay === 0 ? 0 : performance.now() + delay)
    const isJoined = coalesceMs > 0 && this.#held.length > 0
    this.#held.push({ bytes, dueAt: isJoined ? this.#held[0]!.dueAt : dueAt })
    if (!isJoined) this.#lastDueAt = dueAt
    this.#heldBytes += bytes.length
    if (this.#heldBytes > MAX_HELD_BYTES) this.#from.pause()
  }

  #pump(): void {
    clearTimeout(this.#timer)
    while (!this.#closed && !this.#frozen && this.#held.length > 0) {
      const waitMs = Math.max(this.#held[0]!.dueAt, this.#freeAt) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs)
        return
      }
      this.#passOn()
    }
    if (this.#ending && this.#held.length === 0 && !this.#frozen && !this.#closed) this.end()
  }

  /** Passes on what is due, in one write or in pieces. */
  #passOn(): void {
    const { coalesceMs, bytesPerSecond, splitBytes } = this.#faults
    const limit = Number.isFinite(bytesPerSecond)
      ? Math.max(1, Math.ceil(bytesPerSecond / 50))
      : Number.POSITIVE_INFINITY
    const bytes = this.#takeDue(coalesceMs > 0, limit)
    for (let at = 0; at < bytes.length && !this.#closed; at += splitBytes) {
      this.#write(bytes.subarray(at, Math.min(bytes.length, at + splitBytes)))
    }
    if (Number.isFinite(bytesPerSecond)) {
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + (bytes.length * 1000) / bytesPerSecond
    }
    this.#resume()
  }

  #takeDue(join: boolean, limit: number): Buffer {
    const now = performance.now()
    const parts: Buffer[] = []
    const isJoined = (next: Piece | undefined): boolean =>
      join && limit === Number.POSITIVE_INFINITY && next !== undefined && next.dueAt <= now
    do {
      const piece = this.#held.shift()!
      const taken = piece.bytes.subarray(0, limit)
      if (taken.length < piece.bytes.length) {
        this.#held.unshift({ bytes: piece.bytes.subarray(limit), dueAt: piece.dueAt })
      }
      this.#heldBytes -= taken.length
      parts.push(taken)
    } while (isJoined(this.#held[0]))
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  }

  #write(bytes: Buffer): void {
    const left = this.#faults.cutAfterBytes - this.#passedBytes
    if (!this.#to.destroyed && left > 0) this.#to.write(bytes.subarray(0, Math.min(bytes.length, left)))
    this.#passedBytes += bytes.length
    if (bytes.length >= left) this.#cut()
  }

  #resume(): void {
    const isBlocked = this.#heldBytes > MAX_HELD_BYTES || this.#to.writableLength > MAX_HELD_BYTES
    if (isBlocked) this.#from.pause()
    else if (this.#from.isPaused()) this.#from.resume()
  }
}
