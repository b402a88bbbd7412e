import { Buffer } from 'node:buffer'
import { laneWords, Word } from '../crossing/channel.ts'
import { ReplyWait } from './reply-wait.ts'
import { ENDED, LaneSocket, NOTHING_YET, type SocketWrite } from './socket.ts'

/** The clock as it was when this was loaded: tests put theirs in its place, but the time of servers does not stand still. */
const clock: () => number = performance.now.bind(performance)

/** Room for what comes back, in bytes: at first, and the most that is kept from one call to the next. */
const REPLY_BYTES = 65_536
const KEPT_REPLY_BYTES = 2_097_152
/** Most room for what comes back, in bytes. */
export const MAX_REPLY_BYTES = 16_777_216

/** The wait for the first look goes round so often at the most: some tenths of a millisecond. */
const MAX_ROUNDS = 20_000

/** Room for a command, in bytes. It must fit into the socket's own buffer. */
export const LANE_COMMAND_BYTES = 16_384

/** Reads a reply that may not be whole. */
export interface LaneReader {
  /** Whether the command is about one key: how soon its reply comes says how far the server is. */
  readonly hasOneKey: boolean
  /** @param filled - How many of the bytes have come. */
  read(bytes: Buffer, filled: number): ReplyState
}

/**
 * How far a reply is: `whole`, or `more` of it is to come. `other`: it may be right and is left to the worker's client.
 * `garbage`: no server in step answers so.
 */
export type ReplyState = 'whole' | 'more' | 'other' | 'garbage'

/**
 * What came of a command that was sent: `done`; `late`, no reply in time; `lost`, the connection ended before a reply
 * began, and `cut`, in the middle of one; `other` and `garbage` as in {@link ReplyState}.
 */
export type LaneOutcome = 'done' | 'late' | 'lost' | 'cut' | 'other' | 'garbage'

/**
 * The lane: while the worker's client has nothing to do, the caller writes its commands to the client's sockets itself,
 * one to a server, and reads what comes back. No other thread is woken on the way.
 */
export class Lane {
  /** Write the command here. */
  readonly command: Buffer = Buffer.allocUnsafeSlow(LANE_COMMAND_BYTES)
  readonly #header: Int32Array
  readonly #sockets: readonly LaneSocket[]
  readonly #waits: readonly ReplyWait[]
  readonly #idleMs: number
  #bytes: Buffer = Buffer.allocUnsafeSlow(REPLY_BYTES)
  #startedAt = 0
  #sentAt = 0
  #wasWritten = false

  /** @param idleMs - After a pause of this length the worker is asked, which looks whether the connection lives. */
  constructor(header: Int32Array, idleMs: number) {
    this.#header = header
    this.#sockets = laneWords(header).map((words) => new LaneSocket(words))
    this.#waits = this.#sockets.map(() => new ReplyWait())
    this.#idleMs = idleMs
  }

  /** Whether the worker has given its socket to this server, of the servers with this stamp. */
  isOpen(server: number, stamp: number): boolean {
    return this.#sockets[server]?.isOpen === true && Atomics.load(this.#header, Word.servers) === stamp
  }

  /** The worker is called and has its sockets back. */
  leave(): void {
    for (const socket of this.#sockets) socket.leave()
  }

  /** The worker was called with success, and may have opened the lane. */
  refresh(): void {
    const now = clock()
    for (const socket of this.#sockets) socket.refresh(now)
  }

  /** Begins a call: its time runs from here. */
  start(): void {
    this.#startedAt = clock()
    this.#wasWritten = false
  }

  /** What was read is needed no more: a large reply must not stay in memory. */
  release(): void {
    if (this.#bytes.length > KEPT_REPLY_BYTES) this.#bytes = Buffer.allocUnsafeSlow(REPLY_BYTES)
  }

  /** How long the call has taken so far, in milliseconds. */
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

  /** Waits for a server's reply. What the reader remembers of the bytes holds until the next one is waited for. */
  receive(server: number, timeoutMs: number, reader: LaneReader): LaneOutcome {
    const outcome = this.#receive(server, timeoutMs, reader)
    if (outcome !== 'done') this.abandon(server)
    return outcome
  }

  /** The reply of this server is not waited for. */
  abandon(server: number): void {
    this.release()
    this.#sockets[server]!.abandon()
  }

  #receive(server: number, timeoutMs: number, reader: LaneReader): LaneOutcome {
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

  /** Makes room for more. */
  #grow(): boolean {
    if (this.#bytes.length >= MAX_REPLY_BYTES) return false
    const larger = Buffer.allocUnsafeSlow(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
    return true
  }

  /** Lets the time of the first look come; gives the time. */
  #awaitDue(socket: LaneSocket, wait: ReplyWait, timeoutMs: number): number {
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
