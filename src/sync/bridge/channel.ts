import { Buffer } from 'node:buffer'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

/** Fields of the shared header, each of 32 bits. */
export const HeaderField = {
  /** Counter of the caller's messages. The worker waits on it. */
  request: 0,
  requestLength: 1,
  /** Counter of the worker's messages. The caller waits on it. */
  message: 2,
  messageLength: 3,
  /** Counter that moves while the worker is at work on a call. */
  tick: 4,
  /** State: one of {@link WorkerState}. */
  state: 5,
} as const

/** State of the worker, as far as the caller needs it to reach the worker. */
export const WorkerState = {
  starting: 0,
  /** In its event loop: a message wakes the worker. */
  looping: 1,
  /** Waiting for the next request, and nothing else. */
  parked: 2,
  ended: 3,
} as const

const HEADER_FIELDS = 6

/** Largest message without memory of its own, in bytes. */
const MAILBOX_BYTES = 65_536

/** Memory shared by a caller and its worker. */
export interface SharedMemory {
  readonly header: SharedArrayBuffer
  readonly requests: SharedArrayBuffer
  readonly messages: SharedArrayBuffer
}

/**
 * Makes the memory shared by a caller and its worker.
 *
 * @param extraFields - Number of fields after those of the header: {@link extraFieldsOf}.
 */
export function createSharedMemory(extraFields: number): SharedMemory {
  return {
    header: new SharedArrayBuffer((HEADER_FIELDS + extraFields) * 4),
    requests: new SharedArrayBuffer(MAILBOX_BYTES),
    messages: new SharedArrayBuffer(MAILBOX_BYTES),
  }
}

/** Returns the fields after those of the header, for other data shared by the two threads. */
export function extraFieldsOf(header: Int32Array): Int32Array {
  return header.subarray(HEADER_FIELDS)
}

/**
 * One direction: holds one message at a time. A message that does not fit gets memory of its own, handed over through a
 * port, which either side can read without its event loop.
 */
export class Mailbox {
  readonly #header: Int32Array
  readonly #bytes: Buffer
  readonly #port: MessagePort
  readonly #count: number
  readonly #length: number

  /**
   * @param count - Field that counts the messages.
   * @param length - Field with the length of the present message.
   */
  constructor(header: Int32Array, memory: SharedArrayBuffer, port: MessagePort, count: number, length: number) {
    this.#header = header
    this.#bytes = Buffer.from(memory)
    this.#port = port
    this.#count = count
    this.#length = length
  }

  /** Number of messages so far. */
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

  /** Returns a copy of the present message. */
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
