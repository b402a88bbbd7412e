import { Buffer } from 'node:buffer'
import { ENDED, LentSocket, NOTHING_YET, type SocketWrite } from './lent-socket.ts'
import { ReplyWait } from './reply-wait.ts'
import { shareSockets } from './shared-sockets.ts'

/** Real clock, as it was when this file was loaded: tests replace it, but the time of servers does not stand still. */
const clock: () => number = performance.now.bind(performance)

/** Room for replies, in bytes: at first, and the most kept from one call to the next. */
const REPLY_BYTES = 65_536
const KEPT_REPLY_BYTES = 2_097_152
/** Most room for replies, in bytes. */
export const MAX_REPLY_BYTES = 16_777_216

/** Most rounds of the wait for the first look: some tenths of a millisecond. */
const MAX_ROUNDS = 20_000

/** Room for a command, in bytes. A command must fit into the socket's own buffer. */
export const MAX_COMMAND_BYTES = 16_384

/** Reader of a reply that may not be whole. */
export interface ReplyReader {
  /** Whether the command is about one key: the time of its reply shows how far away the server is. */
  readonly hasOneKey: boolean
  /** @param filled - Number of bytes that have come. */
  read(bytes: Buffer, filled: number): ReplyState
}

/**
 * State of a reply: `whole`, or `more` of it is to come. `other`: possibly right, and left to the worker's client.
 * `garbage`: not a reply of a server in step.
 */
export type ReplyState = 'whole' | 'more' | 'other' | 'garbage'

/**
 * Result of a command that was sent: `done`; `late`, no reply in time; `lost`, the connection ended before a reply
 * began, and `cut`, in the middle of one; `other` and `garbage` as in {@link ReplyState}.
 */
export type DirectOutcome = 'done' | 'late' | 'lost' | 'cut' | 'other' | 'garbage'

/**
 * Sockets lent to the caller by the worker, one to a server. While the worker's client is idle, the caller writes its
 * commands to them itself and reads the replies. No other thread is woken on the way.
 */
export class DirectSockets {
  /** Buffer for the command to send. */
  readonly command: Buffer = Buffer.allocUnsafeSlow(MAX_COMMAND_BYTES)
  readonly #servers: Int32Array
  readonly #sockets: readonly LentSocket[]
  readonly #waits: readonly ReplyWait[]
  readonly #idleMs: number
  #bytes: Buffer = Buffer.allocUnsafeSlow(REPLY_BYTES)
  #startedAt = 0
  #sentAt = 0
  #wasWritten = false

  /**
   * @param fields - Memory shared with the worker.
   * @param idleMs - Pause after which the worker is called, which checks whether the connection lives.
   */
  constructor(fields: Int32Array, idleMs: number) {
    const { servers, sockets } = shareSockets(fields)
    this.#servers = servers
    this.#sockets = sockets.map((socket) => new LentSocket(socket))
    this.#waits = this.#sockets.map(() => new ReplyWait())
    this.#idleMs = idleMs
  }

  /** Checks whether the worker has lent the socket of this server, of the list of servers with this hash. */
  isOpen(server: number, serverListHash: number): boolean {
    return this.#sockets[server]?.isOpen === true && Atomics.load(this.#servers, 0) === serverListHash
  }

  /** Returns the sockets: the worker is called. */
  leave(): void {
    for (const socket of this.#sockets) socket.leave()
  }

  /** Reads which sockets the worker has lent: it was called with success. */
  refresh(): void {
    const now = clock()
    for (const socket of this.#sockets) socket.refresh(now)
  }

  /** Starts a call: its time runs from here. */
  start(): void {
    this.#startedAt = clock()
    this.#wasWritten = false
  }

  /** Releases a large reply: it must not stay in memory. */
  release(): void {
    if (this.#bytes.length > KEPT_REPLY_BYTES) this.#bytes = Buffer.allocUnsafeSlow(REPLY_BYTES)
  }

  /** Time that the call has taken so far, in milliseconds. */
  get passedMs(): number {
    return clock() - this.#startedAt
  }

  /** Whether bytes of the present call have left, to any server. */
  get wasWritten(): boolean {
    return this.#wasWritten
  }

  /** Writes the first `length` bytes of the command to a server. */
  send(server: number, length: number): SocketWrite {
    const socket = this.#sockets[server]!
    if (socket.idleMs(this.#startedAt) > this.#idleMs) return 'nothing'
    const sent = socket.write(this.command, length, this.#startedAt)
    if (sent === 'all' || sent === 'part') this.#wasWritten = true
    this.#sentAt = clock()
    return sent
  }

  /** Waits for a server's reply. Positions held by the reader are valid until the next reply is waited for. */
  receive(server: number, timeoutMs: number, reader: ReplyReader): DirectOutcome {
    const outcome = this.#receive(server, timeoutMs, reader)
    if (outcome !== 'done') this.abandon(server)
    return outcome
  }

  /** Gives up the reply of this server, and its connection. */
  abandon(server: number): void {
    this.release()
    this.#sockets[server]!.abandon()
  }

  #receive(server: number, timeoutMs: number, reader: ReplyReader): DirectOutcome {
    const socket = this.#sockets[server]!
    const wait = this.#waits[server]!
    let now = this.#awaitDue(socket, wait, timeoutMs)
    let filled = 0
    let heardAt = this.#sentAt
    let looks = 0
    for (;;) {
      const length = socket.read(this.#bytes, filled, now)
      if (length === ENDED) return filled === 0 ? 'lost' : 'cut'
      if (length === NOTHING_YET) {
        looks++
        now = clock()
        const leftMs = timeoutMs - (now - this.#startedAt)
        if (leftMs <= 0) return 'late'
        const sleepMs = wait.sleepAfterLook(now - heardAt, filled > 0)
        if (sleepMs === 0) continue
        socket.sleep(Math.min(sleepMs, leftMs))
        now = clock()
        continue
      }
      if (filled === 0 && reader.hasOneKey) wait.note(looks)
      filled += length
      const state = reader.read(this.#bytes, filled)
      if (state === 'whole') {
        socket.answered(now)
        return 'done'
      }
      if (state !== 'more') return state
      now = clock()
      heardAt = now
      if (filled === this.#bytes.length && !this.#grow()) return 'other'
    }
  }

  /** Doubles the room; returns whether that was possible. */
  #grow(): boolean {
    if (this.#bytes.length >= MAX_REPLY_BYTES) return false
    const larger = Buffer.allocUnsafeSlow(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
    return true
  }

  /** Waits until the time of the first look, and returns the time. */
  #awaitDue(socket: LentSocket, wait: ReplyWait, timeoutMs: number): number {
    const dueAt = Math.min(this.#sentAt + wait.dueMs, this.#startedAt + timeoutMs)
    let now = clock()
    for (let round = 0; now < dueAt && round < MAX_ROUNDS; round++) {
      const sleepMs = wait.sleepBeforeDue(dueAt - now)
      if (sleepMs > 0) socket.sleep(sleepMs)
      now = clock()
    }
    return now
  }
}
