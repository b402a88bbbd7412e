import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import type { Faults } from './faults.ts'
import { HeldBytes } from './held-bytes.ts'

/** Most bytes held back while the sender is read from: a frozen proxy must not fill the memory. */
const MAX_HELD_BYTES = 1024 * 1024

/** Time whose share of bytes a limited line passes on at once, in milliseconds. */
const LINE_TURN_MS = 20

/** Longest delay of `setTimeout`, which fires at once for anything longer, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** End of a direction: the end of the stream, or the loss of the sender. */
export type PipeEnd = 'end' | 'reset'

/** Parts of a pipe. */
export interface FaultPipeInit {
  readonly from: Socket
  readonly to: Socket
  /** Faults, read for every chunk: they may change. */
  readonly faults: Readonly<Faults>
  readonly random: () => number
  /** Called when everything has been passed on, and the sender has ended. */
  readonly onEnd: (end: PipeEnd) => void
  /** Called when as many bytes have passed as the fault `cutAfterBytes` allows. */
  readonly onCut: () => void
}

/** One direction of a connection through the proxy: takes chunks, and passes them on subject to its faults. */
export class FaultPipe {
  readonly #init: FaultPipeInit
  readonly #held: HeldBytes = new HeldBytes()
  #passedBytes = 0
  /** Time at which the line is free for the next piece. */
  #freeAt = 0
  #lastDueAt = 0
  /** Time until which new chunks join the last one. */
  #joinsUntil = 0
  #timer: NodeJS.Timeout | undefined
  #nextTurn: NodeJS.Immediate | undefined
  #ending: PipeEnd | undefined
  #ended = false
  #frozen = false
  #closed = false

  constructor(init: FaultPipeInit) {
    this.#init = init
    init.from.on('data', (chunk: Buffer) => this.#take(chunk))
    init.from.on('end', () => this.finish('end'))
    init.to.on('drain', () => this.#pauseOrResume())
    init.to.once('connect', () => this.#pump())
  }

  /** Holds everything back, or releases it, in order. */
  set frozen(frozen: boolean) {
    this.#frozen = frozen
    this.#pump()
  }

  /** Applies changed faults. @param counts - Whether to count the bytes for `cutAfterBytes` from here. */
  refresh(counts: boolean): void {
    if (counts) this.#passedBytes = 0
    this.#freeAt = 0
    this.#pump()
  }

  /** Ends this direction after the bytes held back. Later bytes are lost. */
  finish(end: PipeEnd): void {
    if (this.#ended && end === 'end') return
    this.#ending = end
    this.#pump()
  }

  /** Stops passing bytes on. */
  close(): void {
    this.#closed = true
    this.#held.clear()
    this.#stopWaiting()
  }

  #take(chunk: Buffer): void {
    const { drop, duplicate, garble, transform } = this.#init.faults
    if (this.#closed || this.#ended || this.#ending !== undefined || this.#happens(drop)) return
    let bytes: Buffer = transform === undefined ? chunk : Buffer.from(transform(chunk))
    if (this.#happens(garble)) bytes = this.#garbled(bytes)
    this.#hold(bytes)
    if (this.#happens(duplicate)) this.#hold(bytes)
    this.#pump()
  }

  #happens(share: number): boolean {
    return share > 0 && this.#init.random() < share
  }

  #garbled(bytes: Buffer): Buffer {
    const copy = Buffer.from(bytes)
    if (copy.length === 0) return copy
    const at = Math.floor(this.#init.random() * copy.length)
    // Never the same byte: at least one bit changes.
    copy[at] = copy[at]! ^ (1 + Math.floor(this.#init.random() * 255))
    return copy
  }

  #hold(bytes: Buffer): void {
    const { latencyMs, jitterMs, coalesceMs } = this.#init.faults
    const now = performance.now()
    const joins = this.#held.length > 0 && now < this.#joinsUntil
    if (!joins) {
      const delayMs = latencyMs + coalesceMs + (jitterMs === 0 ? 0 : this.#init.random() * jitterMs)
      // Never before an earlier chunk.
      this.#lastDueAt = Math.max(this.#lastDueAt, delayMs === 0 ? 0 : now + delayMs)
      this.#joinsUntil = now + coalesceMs
    }
    this.#held.push(bytes, this.#lastDueAt, joins)
    this.#pauseOrResume()
  }

  #pump(): void {
    this.#stopWaiting()
    // The socket would join bytes written meanwhile.
    if (this.#closed || this.#frozen || this.#init.to.connecting) return
    while (this.#held.length > 0) {
      const waitMs = Math.max(this.#held.dueAt, this.#freeAt) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), Math.min(waitMs, MAX_TIMER_MS))
        return
      }
      if (this.#init.faults.splitBytes !== Number.POSITIVE_INFINITY) {
        // Each in a turn of its own: otherwise the receiver would read the pieces as one again.
        this.#nextTurn = setImmediate(() => this.#passOnAndPump())
        return
      }
      this.#passOn()
      if (this.#isClosed()) return
    }
    if (this.#ending !== undefined) this.#end(this.#ending)
  }

  #passOnAndPump(): void {
    this.#passOn()
    this.#pump()
  }

  #isClosed(): boolean {
    return this.#closed
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#nextTurn)
  }

  #end(end: PipeEnd): void {
    this.#ending = undefined
    this.#ended = true
    if (end === 'reset') this.close()
    this.#init.onEnd(end)
  }

  #passOn(): void {
    const { bytesPerSecond, splitBytes } = this.#init.faults
    const isLimited = bytesPerSecond !== Number.POSITIVE_INFINITY
    const limit = isLimited ? Math.max(1, Math.ceil((bytesPerSecond * LINE_TURN_MS) / 1000)) : Number.POSITIVE_INFINITY
    const bytes = this.#held.take(Math.min(limit, splitBytes))
    if (isLimited) {
      this.#freeAt = Math.max(this.#freeAt, performance.now()) + (bytes.length * 1000) / bytesPerSecond
    }
    this.#write(bytes)
    this.#pauseOrResume()
  }

  #write(bytes: Buffer): void {
    const { faults, to, onCut } = this.#init
    const left = faults.cutAfterBytes - this.#passedBytes
    this.#passedBytes += bytes.length
    if (bytes.length < left) {
      if (!to.destroyed) to.write(bytes)
      return
    }
    this.close()
    if (left <= 0 || to.destroyed) onCut()
    // A reset discards bytes that have not left for the kernel.
    else to.write(bytes.subarray(0, left), () => onCut())
  }

  #pauseOrResume(): void {
    const { from, to } = this.#init
    // Bytes that are not passed on are read all the same, so that the end is seen.
    const isBlocked = !this.#closed && (this.#held.length > MAX_HELD_BYTES || to.writableLength > MAX_HELD_BYTES)
    if (isBlocked) from.pause()
    else if (from.isPaused()) from.resume()
  }
}
