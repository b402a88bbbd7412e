import type { Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'

/** Answered operations whose bodies the socket still reads: each settles when its body is released. */
export class HeldBodies {
  #held: Operation[] = []
  #closed = false

  /** Number of operations that have not settled yet. */
  get length(): number {
    if (this.#held.length > 0) this.#dropSettled()
    return this.#held.length
  }

  /** Keeps the result of a reply until the socket releases the operation's body. */
  hold(operation: Operation, reply: Reply): void {
    operation.settleWhenReleased(reply)
    this.#dropSettled()
    this.#held.push(operation)
  }

  /** Returns an operation that is still held although its time is up. */
  overdue(now: number): Operation | undefined {
    return this.#held.find((operation) => !operation.settled && operation.deadline <= now)
  }

  /** Records that the socket has released the body of an operation, held or not. */
  release(operation: Operation): void {
    // Ignore write callbacks of a destroyed socket: the body may already be on its replacement.
    if (!this.#closed) operation.releaseBody()
  }

  /** Settles every held operation: the socket is destroyed. */
  close(): void {
    this.#closed = true
    for (const operation of this.#held) operation.releaseBody()
    this.#held = []
  }

  #dropSettled(): void {
    this.#held = this.#held.filter((operation) => !operation.settled)
  }
}
