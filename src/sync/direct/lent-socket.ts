import { Buffer } from 'node:buffer'
import { fstatSync, readSync, writeSync } from 'node:fs'
import { SocketField, SocketLock, SocketState } from './shared-sockets.ts'

/** Result of {@link LentSocket.read} when no bytes have come. */
export const NOTHING_YET = 0
/** Result of {@link LentSocket.read} when no more bytes will come. */
export const ENDED = -1

/** Result of a write: `all` has left, only a `part`, or `nothing`; `stray`: nothing, because unexpected bytes wait. */
export type SocketWrite = 'all' | 'part' | 'nothing' | 'stray'

/** Time for which a socket that was seen alive is not checked again, in milliseconds. */
const FRESH_MS = 1

/** Buffer for an unexpected byte. */
const STRAY: Buffer = Buffer.allocUnsafeSlow(1)

/**
 * Socket lent by the worker: the caller writes and reads by its file descriptor. The caller holds the lock while it
 * uses the descriptor, so that the worker does not close it meanwhile.
 */
export class LentSocket {
  readonly #fields: Int32Array
  #usedAt = 0
  /** Whether the socket was not checked since the worker lent it. */
  #isNew = true

  /** @param fields - Fields of the socket, in memory shared with the worker. */
  constructor(fields: Int32Array) {
    this.#fields = fields
  }

  /** Whether the worker has lent the socket. */
  get isOpen(): boolean {
    return Atomics.load(this.#fields, SocketField.socket) > 0
  }

  /**
   * Returns the socket to the worker. A held lock is left from an interrupted call, by Ctrl-C in a REPL for example.
   */
  leave(): void {
    Atomics.compareExchange(this.#fields, SocketField.lock, SocketLock.used, SocketLock.free)
    if (this.isOpen) Atomics.store(this.#fields, SocketField.socket, 0)
    this.#isNew = true
  }

  /** Sets the time of the last received bytes, if the worker has just lent the socket. */
  refresh(now: number): void {
    if (this.#isNew && this.isOpen) this.#usedAt = now - this.#fields[SocketField.idleMs]!
  }

  /** Returns the time since the last use, in milliseconds. */
  idleMs(now: number): number {
    return now - this.#usedAt
  }

  /** Records that the reply is whole: no reply is due any more. */
  answered(now: number): void {
    this.#usedAt = now
    Atomics.store(this.#fields, SocketField.state, SocketState.clean)
  }

  /** Returns the socket to be ended: the rest of a reply may still come. */
  abandon(): void {
    Atomics.store(this.#fields, SocketField.state, SocketState.due)
    this.leave()
  }

  /**
   * Writes a command at once, unless a reply is due to an interrupted call, the number belongs to another file, the
   * connection has ended, or unexpected bytes wait.
   *
   * @returns how much has left; unless that is all of it, the socket is the worker's again.
   */
  write(command: Buffer, length: number, now: number): SocketWrite {
    const fd = this.#take()
    if (fd === undefined) return 'nothing'
    let sent: SocketWrite = 'nothing'
    try {
      const wasClean = Atomics.exchange(this.#fields, SocketField.state, SocketState.due) === SocketState.clean
      sent = wasClean ? this.#writeNow(fd, command, length, now) : 'nothing'
    } catch {
      // Nothing has left. The worker's client finds and reports the fault of the connection.
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

  /** Reads the available bytes: returns their number, {@link NOTHING_YET} or {@link ENDED}. */
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

  /** Sleeps; wakes early when the worker takes the socket back. */
  sleep(ms: number): void {
    const socket = Atomics.load(this.#fields, SocketField.socket)
    if (socket > 0) Atomics.wait(this.#fields, SocketField.socket, socket, ms)
  }

  #take(): number | undefined {
    const fields = this.#fields
    // Only the caller takes it, one call at a time: a lock that is taken already is left from an interrupted call.
    const lock = Atomics.compareExchange(fields, SocketField.lock, SocketLock.free, SocketLock.used)
    if (lock === SocketLock.revoked) return undefined
    const socket = Atomics.load(fields, SocketField.socket)
    if (socket > 0) return socket - 1
    this.#release()
    return undefined
  }

  #release(): void {
    Atomics.store(this.#fields, SocketField.lock, SocketLock.free)
  }

  /** Checks the file type: a worker ended from outside leaves its descriptor, and another file may have the number. */
  #isSocket(fd: number): boolean {
    try {
      const stats = fstatSync(fd)
      return stats.isSocket() && (stats.ino | 0) === this.#fields[SocketField.inode]
    } catch {
      return false
    }
  }
}

/**
 * Reads into the rest of the bytes from `at` on. The socket does not block; the error that reports it costs half as
 * much without its stack.
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
