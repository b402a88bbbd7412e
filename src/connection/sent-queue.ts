import type { Operation } from '../protocol/operation.ts'
import { RingQueue } from './ring-queue.ts'

/**
 * What was written and not answered, oldest first: the order of the replies. An entry is one operation. Entries that are
 * `inLine` belong to `ReadLines`, which alone knows which key and which value is theirs.
 */
export class SentQueue {
  readonly #entries: RingQueue<Operation> = new RingQueue<Operation>()
  #bytes = 0
  #answered = 0

  /** Number of entries. */
  get length(): number {
    return this.#entries.length
  }

  /** Number of commands that have left the queue since its beginning. */
  get answered(): number {
    return this.#answered
  }

  /** Bytes of the bodies of all entries. */
  get bytes(): number {
    return this.#bytes
  }

  /** Returns the entry at a position, counted from the oldest; the caller knows that there is one. */
  at(position: number): Operation {
    return this.#entries.at(position)
  }

  /** Adds what was put into the outgoing batch. */
  push(operation: Operation): void {
    operation.written = true
    this.#bytes += operation.bodyBytes
    this.#entries.push(operation)
  }

  /** Removes the oldest entry and returns it; the caller knows that there is one. */
  shift(): Operation {
    const operation = this.#entries.shift()
    this.#bytes -= operation.bodyBytes
    this.#answered++
    return operation
  }
}
