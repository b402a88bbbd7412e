import { Buffer } from 'node:buffer'
import { fstatSync, writeSync } from 'node:fs'
import { LaneLock, LaneState, type SharedMemory, Word } from './channel.ts'
import { SpinChoice } from './spin-choice.ts'

/** Room for what comes back, in bytes: a little more than the largest item of a server with default settings. */
export const LANE_BYTES: number = 1_114_112

/** Room for a command, in bytes. It must fit into the socket's own buffer. */
export const LANE_COMMAND_BYTES = 16_384

/** The socket was seen alive so short a time ago that nobody looks again, in milliseconds. */
const FRESH_MS = 1

/** Reads a reply that may not be whole. */
export interface LaneReader {
  /**
   * @param filled - How many of the bytes have come.
   * @returns whether it is whole; `undefined` when it is none that this reader knows.
   */
  read(bytes: Buffer, filled: number): boolean | undefined
}

/**
 * What came of a try: `done`; `refused`, take the usual way; `late`, no reply in time; `cut`, the connection ended in
 * the middle of a reply.
 */
export type LaneOutcome = 'done' | 'refused' | 'late' | 'cut'

/** The caller's end of the lane: writes a command to the worker's socket and waits for the bytes that come back. */
export class Lane {
  /** Write the command here. */
  readonly command: Buffer = Buffer.allocUnsafeSlow(LANE_COMMAND_BYTES)
  readonly #header: Int32Array
  readonly #bytes: Buffer
  readonly #idleMs: number
  readonly #spin: SpinChoice
  #usedAt = 0

  /** @param idleMs - After a pause of this length the usual way is taken, which looks whether the connection lives. */
  constructor(memory: SharedMemory, header: Int32Array, idleMs: number) {
    this.#header = header
    this.#bytes = Buffer.from(memory.lane)
    this.#idleMs = idleMs
    this.#spin = new SpinChoice(header)
  }

  /** Whether the worker has given its socket. */
  get isOpen(): boolean {
    return Atomics.load(this.#header, Word.laneSocket) > 0
  }

  /** The usual way is taken: the worker has its socket back. */
  leave(): void {
    if (this.isOpen) Atomics.store(this.#header, Word.laneSocket, 0)
  }

  /** The usual way was taken with success. */
  use(): void {
    this.#usedAt = performance.now()
  }

  /** Writes the first `length` bytes of the command and waits for the reply. */
  exchange(length: number, timeoutMs: number, reader: LaneReader): LaneOutcome {
    const header = this.#header
    const startedAt = performance.now()
    const pauseMs = startedAt - this.#usedAt
    if (pauseMs > this.#idleMs) return 'refused'
    if (Atomics.compareExchange(header, Word.laneLock, LaneLock.free, LaneLock.used) !== LaneLock.free) return 'refused'
    const hasLeft = this.#write(length, pauseMs > FRESH_MS)
    Atomics.store(header, Word.laneLock, LaneLock.free)
    if (!hasLeft) return 'refused'
    return this.#await(startedAt, timeoutMs, reader)
  }

  #write(length: number, looks: boolean): boolean {
    const header = this.#header
    const fd = Atomics.load(header, Word.laneSocket) - 1
    if (fd < 0 || (looks && !isSocket(fd, header[Word.laneInode]!))) return false
    header[Word.laneLength] = 0
    Atomics.store(header, Word.laneWaits, LaneState.waiting)
    try {
      if (writeSync(fd, this.command, 0, length) === length) return true
    } catch {
      // The usual way finds out, and says, what is wrong with the connection.
    }
    this.#abandon()
    return false
  }

  #await(startedAt: number, timeoutMs: number, reader: LaneReader): LaneOutcome {
    const header = this.#header
    let filled = 0
    let now = startedAt
    for (;;) {
      const leftMs = timeoutMs - (now - startedAt)
      if (leftMs <= 0) {
        this.#abandon()
        return 'late'
      }
      if (filled === 0) this.#spin.spin(Word.laneLength, 0)
      Atomics.wait(header, Word.laneLength, filled, leftMs)
      const length = Atomics.load(header, Word.laneLength)
      now = performance.now()
      if (length === -1) {
        this.#abandon()
        return filled === 0 ? 'refused' : 'cut'
      }
      if (length === filled) continue
      filled = length
      const isWhole = reader.read(this.#bytes, filled)
      if (isWhole === false) continue
      if (isWhole === undefined) {
        this.#abandon()
        return 'refused'
      }
      Atomics.store(header, Word.laneWaits, LaneState.idle)
      this.#usedAt = now
      this.#spin.note(now - startedAt)
      return 'done'
    }
  }

  /** The rest of the reply, if any comes, is nobody's: the worker ends the connection. */
  #abandon(): void {
    Atomics.store(this.#header, Word.laneWaits, LaneState.abandoned)
    Atomics.store(this.#header, Word.laneSocket, 0)
  }
}

/** A worker that was ended from outside could not take its file descriptor back, and somebody else may have the number. */
function isSocket(fd: number, inode: number): boolean {
  try {
    const stats = fstatSync(fd)
    return stats.isSocket() && (stats.ino | 0) === inode
  } catch {
    return false
  }
}
