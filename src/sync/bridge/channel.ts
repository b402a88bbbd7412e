import { Buffer } from 'node:buffer'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

/** Fields of the shared header, each of 32 bits. */
export const HeaderField = {
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

const HEADER_FIELDS = 6

/** What a message may have without memory of its own, in bytes. */
const MAILBOX_BYTES = 65_536

/** The memory between a caller and its worker. */
export interface SharedMemory {
  readonly header: SharedArrayBuffer
  readonly requests: SharedArrayBuffer
  readonly messages: SharedArrayBuffer
}

/**
 * Makes the memory between a caller and its worker.
 *
 * @param extraFields - Number of fields behind those of the header: {@link extraFieldsOf}.
 */
export function createSharedMemory(extraFields: number): SharedMemory {
  return {
    header: new SharedArrayBuffer((HEADER_FIELDS + extraFields) * 4),
    requests: new SharedArrayBuffer(MAILBOX_BYTES),
    messages: new SharedArrayBuffer(MAILBOX_BYTES),
  }
}

/** Returns the fields behind those of the header, for what else the two threads share. */
export function extraFieldsOf(header: Int32Array): Int32Array {
  return header.subarray(HEADER_FIELDS)
}

/**
 * One direction: holds one message at a time. What does not fit gets memory of its own, handed over through a port,
 * which either side can read without its event loop.
 */
export class Mailbox {
  readonly #header: Int32Array
  readonly #bytes: Buffer
  readonly #port: MessagePort
  readonly #count: number
  readonly #length: number

  /**
   * @param count - The field that counts the messages.
   * @param length - The field with the length of the present one.
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
