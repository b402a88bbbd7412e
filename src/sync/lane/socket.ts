import { Buffer } from 'node:buffer'
import { fstatSync, readSync, writeSync } from 'node:fs'
import { LaneLock, LaneState, LaneWord } from '../crossing/channel.ts'

/** What {@link LaneSocket.read} gives when no bytes have come. */
export const NOTHING_YET = 0
/** What {@link LaneSocket.read} gives when no bytes will come any more. */
export const ENDED = -1

/**
 * What came of a write: `all` has left, only a `part`, or `nothing`; `stray`: nothing, because bytes wait that no call asked
 * for.
 */
export type SocketWrite = 'all' | 'part' | 'nothing' | 'stray'

/** The socket was seen alive so short a time ago that nobody looks again, in milliseconds. */
const FRESH_MS = 1

/** Takes what should not be there. */
const STRAY: Buffer = Buffer.allocUnsafeSlow(1)

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

  /** The worker gets it back. A lock that is still held is of a call that was interrupted, by Ctrl-C in a REPL say. */
  leave(): void {
    Atomics.compareExchange(this.#words, LaneWord.lock, LaneLock.used, LaneLock.free)
    if (this.isOpen) Atomics.store(this.#words, LaneWord.socket, 0)
    this.#isNew = true
  }

  /** The worker may just have given it: it says since when nothing came. */
  refresh(now: number): void {
    if (this.#isNew && this.isOpen) this.#usedAt = now - this.#words[LaneWord.idleMs]!
  }

  /** How long ago it was of use, in milliseconds. */
  idleMs(now: number): number {
    return now - this.#usedAt
  }

  /** The reply is whole: nothing is due any more. */
  answered(now: number): void {
    this.#usedAt = now
    Atomics.store(this.#words, LaneWord.state, LaneState.clean)
  }

  /** The worker gets it back and ends it: the rest of a reply, if any comes, is nobody's. */
  abandon(): void {
    Atomics.store(this.#words, LaneWord.state, LaneState.due)
    this.leave()
  }

  /**
   * Writes a command at once, if nothing speaks against it: no reply is due to a call that was interrupted, there is no
   * other file under the number, the connection has not ended, and no bytes wait that nobody asked for.
   *
   * @returns what has left; unless that is all of it, the socket is the worker's again.
   */
  write(command: Buffer, length: number, now: number): SocketWrite {
    const fd = this.#take()
    if (fd === undefined) return 'nothing'
    let sent: SocketWrite = 'nothing'
    try {
      const wasClean = Atomics.exchange(this.#words, LaneWord.state, LaneState.due) === LaneState.clean
      sent = wasClean ? this.#writeNow(fd, command, length, now) : 'nothing'
    } catch {
      // Nothing has left. The worker's client finds out, and says, what is wrong with the connection.
    } finally {
      this.#release()
    }
    if (sent !== 'all') this.abandon()
    return sent
  }

  #writeNow(fd: number, command: Buffer, length: number, now: number): SocketWrite {
    const isFresh = !this.#isNew && now - this.#usedAt < FRESH_MS
    if (!isFresh) {
      const found = this.#isSocket(fd) ? readNow(fd, STRAY, 0) : ENDED
      if (found !== NOTHING_YET) return found === ENDED ? 'nothing' : 'stray'
    }
    this.#isNew = false
    this.#usedAt = now
    const left = writeSync(fd, command, 0, length)
    if (left === length) return 'all'
    return left === 0 ? 'nothing' : 'part'
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
    // Only the caller takes it, one call at a time: what is taken already was left so by a call that was interrupted.
    const lock = Atomics.compareExchange(words, LaneWord.lock, LaneLock.free, LaneLock.used)
    if (lock === LaneLock.revoked) return undefined
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

/**
 * Reads into what is left of the bytes from `at` on. The socket does not block: the error that says so costs half as much
 * without its stack.
 */
function readNow(fd: number, bytes: Buffer, at: number): number {
  const { stackTraceLimit } = Error
  const isLimited = Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    const length = readSync(fd, bytes, at, bytes.length - at, null)
    return length === 0 ? ENDED : length
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? NOTHING_YET : ENDED
  } finally {
    if (isLimited) Error.stackTraceLimit = stackTraceLimit
  }
}
