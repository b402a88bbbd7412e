import { Buffer } from 'node:buffer'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

/** Words of the shared header. */
export const Word = {
  /** Counts what the caller sent. The worker waits on it. */
  request: 0,
  requestLength: 1,
  /** Counts what the worker sent. The caller waits on it. */
  message: 2,
  messageLength: 3,
  /** Moves while the worker is at work on a call. */
  tick: 4,
  /** One of {@link WorkerState}. */
  state: 5,
  /** Of the lane: {@link stampOf} the servers that its sockets belong to, in their order. */
  servers: 6,
} as const

/** Words of each socket on the lane, behind those of the header. */
export const LaneWord = {
  /** File descriptor + 1, or 0 where the caller has none. */
  socket: 0,
  /** One of {@link LaneLock}. */
  lock: 1,
  /** One of {@link LaneState}. */
  state: 2,
  /** Tells the socket from another file of the same number. */
  inode: 3,
  /** How long nothing had come on it when it was given, in milliseconds. */
  idleMs: 4,
} as const

/** What the worker is doing, as far as the caller must know to reach it. */
export const WorkerState = {
  starting: 0,
  /** In its event loop: a message wakes it. */
  looping: 1,
  /** Waiting for the next request, and nothing else. */
  parked: 2,
  ended: 3,
} as const

/** Who has a socket's file descriptor in hand. */
export const LaneLock = { free: 0, used: 1, revoked: 2 } as const

/** Whether a socket can be used again. */
export const LaneState = {
  /** Nothing is due on it. */
  clean: 0,
  /** A reply is due, or was given up: nobody could tell it from the next one. */
  due: 1,
} as const

const HEADER_WORDS = 8
const LANE_WORDS = 5

/** What a message may have without memory of its own, in bytes. */
const BOX_BYTES = 65_536

/** The memory between a caller and its worker. */
export interface SharedMemory {
  readonly header: SharedArrayBuffer
  readonly requests: SharedArrayBuffer
  readonly messages: SharedArrayBuffer
}

/**
 * Makes the memory between a caller and its worker.
 *
 * @param sockets - How many sockets the lane may have.
 */
export function createSharedMemory(sockets: number): SharedMemory {
  return {
    header: new SharedArrayBuffer((HEADER_WORDS + sockets * LANE_WORDS) * 4),
    requests: new SharedArrayBuffer(BOX_BYTES),
    messages: new SharedArrayBuffer(BOX_BYTES),
  }
}

/** A number that tells lists of servers apart: FNV-1a over their names. */
export function stampOf(names: readonly string[]): number {
  let stamp = 0x811c9dc5 | 0
  for (const name of names) {
    for (let at = 0; at < name.length; at++) stamp = Math.imul(stamp ^ name.charCodeAt(at), 0x01000193)
    stamp = Math.imul(stamp ^ 10, 0x01000193)
  }
  return stamp
}

/** The words of every socket on the lane; the caller and the worker count them in the same order. */
export function laneWords(header: Int32Array): readonly Int32Array[] {
  const count = Math.floor((header.length - HEADER_WORDS) / LANE_WORDS)
  return Array.from({ length: count }, (_, index) => {
    const start = HEADER_WORDS + index * LANE_WORDS
    return header.subarray(start, start + LANE_WORDS)
  })
}

/**
 * One direction: a box for one message at a time. What does not fit gets memory of its own, handed over through a port,
 * which either side can read without its event loop.
 */
export class Box {
  readonly #header: Int32Array
  readonly #bytes: Buffer
  readonly #port: MessagePort
  readonly #count: number
  readonly #length: number

  /**
   * @param count - The word that counts the messages.
   * @param length - The word with the length of the present one.
   */
  constructor(header: Int32Array, memory: SharedArrayBuffer, port: MessagePort, count: number, length: number) {
    this.#header = header
    this.#bytes = Buffer.from(memory)
    this.#port = port
    this.#count = count
    this.#length = length
  }

  /** How many messages there have been. */
  get count(): number {
    return Atomics.load(this.#header, this.#count)
  }

  send(message: Buffer): void {
    if (message.length <= this.#bytes.length) this.#bytes.set(message)
    else this.#port.postMessage(copyToShared(message))
    this.#header[this.#length] = message.length
    Atomics.add(this.#header, this.#count, 1)
    Atomics.notify(this.#header, this.#count)
  }

  /** A copy of the present message. */
  receive(): Buffer {
    const length = this.#header[this.#length]!
    const message = Buffer.allocUnsafeSlow(length)
    if (length <= this.#bytes.length) message.set(this.#bytes.subarray(0, length))
    else message.set(new Uint8Array(this.#receiveLarge()))
    return message
  }

  #receiveLarge(): SharedArrayBuffer {
    for (;;) {
      const received = receiveMessageOnPort(this.#port)
      if (received !== undefined) return received.message as SharedArrayBuffer
    }
  }

  /** Waits until there have been more than `seen` messages, or for `waitMs`. */
  wait(seen: number, waitMs: number): boolean {
    while (this.count === seen) {
      if (Atomics.wait(this.#header, this.#count, seen, waitMs) === 'timed-out') return this.count !== seen
    }
    return true
  }
}

function copyToShared(message: Buffer): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(message.length)
  new Uint8Array(shared).set(message)
  return shared
}
