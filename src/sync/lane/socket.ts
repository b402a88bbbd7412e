import { Buffer } from 'node:buffer'
import { fstatSync, readSync, writeSync } from 'node:fs'
import { LaneLock, LaneState, LaneWord } from '../crossing/channel.ts'

/** What {@link LaneSocket.read} gives when no bytes have come, and when none will come any more. */
export const NOTHING_YET = 0
export const ENDED = -1

/** The socket was seen alive so short a time ago that nobody looks again, in milliseconds. */
const FRESH_MS = 1

/** Takes what should not be there. */
const STRAY: Buffer = Buffer.allocUnsafeSlow(1)

/** An error that is thrown and caught costs half as much without its stack. */
const MAY_LIMIT_STACKS = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable === true

/**
 * A socket of the worker's that the caller writes to and reads from, by its file descriptor, without any other thread.
 * Whoever uses the descriptor has the lock, so that the worker never closes it under the caller's hands.
 */
export class LaneSocket {
  readonly #words: Int32Array
  #usedAt = 0
  /** Nobody has looked at it since the worker gave it. */
  #isNew = true

  constructor(words: Int32Array) {
    this.#words = words
  }

  /** Whether the worker has given it. */
  get isOpen(): boolean {
    return Atomics.load(this.#words, LaneWord.socket) > 0
  }

  /** The worker gets it back. */
  leave(): void {
    if (this.isOpen) Atomics.store(this.#words, LaneWord.socket, 0)
    this.#isNew = true
  }

  /** It has just been of use. */
  touch(now: number): void {
    this.#usedAt = now
  }

  /** How long ago it was of use, in milliseconds. */
  idleMs(now: number): number {
    return now - this.#usedAt
  }

  /** The worker gets it back and ends it: the rest of a reply, if any comes, is nobody's. */
  abandon(): void {
    Atomics.store(this.#words, LaneWord.state, LaneState.abandoned)
    this.leave()
  }

  /**
   * Writes a command at once, if nothing speaks against it: there is no other file under the number, the connection has
   * not ended, and no bytes wait that nobody asked for.
   *
   * @returns whether all of it has left; else the socket is the worker's again, and nothing, or not all, has left.
   */
  write(command: Buffer, length: number, now: number): boolean {
    const fd = this.#take()
    if (fd === undefined) return false
    try {
      const isFresh = !this.#isNew && now - this.#usedAt < FRESH_MS
      if (isFresh || (this.#isSocket(fd) && readNow(fd, STRAY, 0) === NOTHING_YET)) {
        this.#isNew = false
        this.#usedAt = now
        if (writeSync(fd, command, 0, length) === length) return true
      }
    } catch {
      // The usual way finds out, and says, what is wrong with the connection.
    } finally {
      this.#release()
    }
    this.abandon()
    return false
  }

  /** Reads what is there: the number of bytes, {@link NOTHING_YET} or {@link ENDED}. */
  read(bytes: Buffer, at: number, now: number): number {
    const fd = this.#take()
    if (fd === undefined) return ENDED
    try {
      if (now - this.#usedAt >= FRESH_MS) {
        if (!this.#isSocket(fd)) return ENDED
        this.#usedAt = now
      }
      return readNow(fd, bytes, at)
    } finally {
      this.#release()
    }
  }

  /** Sleeps; not any longer when the worker takes the socket back. */
  sleep(ms: number): void {
    const socket = Atomics.load(this.#words, LaneWord.socket)
    if (socket > 0) Atomics.wait(this.#words, LaneWord.socket, socket, ms)
  }

  #take(): number | undefined {
    const words = this.#words
    if (Atomics.compareExchange(words, LaneWord.lock, LaneLock.free, LaneLock.used) !== LaneLock.free) return undefined
    const socket = Atomics.load(words, LaneWord.socket)
    if (socket > 0) return socket - 1
    this.#release()
    return undefined
  }

  #release(): void {
    Atomics.store(this.#words, LaneWord.lock, LaneLock.free)
  }

  /** A worker that was ended from outside could not take its descriptor back, and somebody else may have the number. */
  #isSocket(fd: number): boolean {
    try {
      const stats = fstatSync(fd)
      return stats.isSocket() && (stats.ino | 0) === this.#words[LaneWord.inode]
    } catch {
      return false
    }
  }
}

/** Reads into what is left of the bytes from `at` on. The socket does not block. */
function readNow(fd: number, bytes: Buffer, at: number): number {
  const { stackTraceLimit } = Error
  if (MAY_LIMIT_STACKS) Error.stackTraceLimit = 0
  try {
    const length = readSync(fd, bytes, at, bytes.length - at, null)
    return length === 0 ? ENDED : length
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? NOTHING_YET : ENDED
  } finally {
    if (MAY_LIMIT_STACKS) Error.stackTraceLimit = stackTraceLimit
  }
}
