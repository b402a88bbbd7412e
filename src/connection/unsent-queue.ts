import type { Operation } from '../protocol/operation.ts'

/** The commands that a connection has taken and not written yet, oldest first. */
export class UnsentQueue {
  #operations: Operation[] = []
  /** Operations in the list that are settled already and only wait to be dropped. */
  #settled = 0
  #bytes = 0
  /** Operations up to here came in earlier turns of the event loop. */
  #earlier = 0

  /** Commands that still want to be written. */
  get length(): number {
    return this.#operations.length - this.#settled
  }

  /** Bytes of their bodies. */
  get bytes(): number {
    return this.#bytes
  }

  /** The oldest that wants to be written. */
  get first(): Operation | undefined {
    return this.#operations.find((operation) => !operation.settled)
  }

  /** Puts operations in front of all others: they are older. */
  unshift(operations: readonly Operation[]): void {
    for (const operation of operations) this.#bytes += operation.bodyBytes
    this.#operations = [...operations, ...this.#operations]
    this.#earlier += operations.length
  }

  /** A turn of the event loop has ended. */
  endTurn(): void {
    this.#earlier = this.#operations.length
  }

  push(operation: Operation): void {
    this.#bytes += operation.bodyBytes
    this.#operations.push(operation)
  }

  /** Gives up an operation that is about to be settled: it will not be written. */
  drop(operation: Operation): void {
    this.#settled++
    this.#bytes -= operation.bodyBytes
  }

  /** Whether all of them have a property. */
  every(test: (operation: Operation) => boolean): boolean {
    return this.#operations.every((operation) => operation.settled || test(operation))
  }

  /** Gives the calls of this turn so much more time. */
  forgive(milliseconds: number): void {
    const operations = this.#operations
    for (let at = this.#earlier; at < operations.length; at++) operations[at]!.deadline += milliseconds
  }

  /**
   * Hands operations over to be written, oldest first, while `goesOn` says so.
   *
   * @param send - Takes one; it may make more come in.
   */
  take(goesOn: (next: Operation) => boolean, send: (operation: Operation) => void): void {
    const operations = this.#operations
    let at = 0
    try {
      while (at < operations.length) {
        const operation = operations[at]!
        if (!operation.settled && !goesOn(operation)) break
        at++
        if (operation.settled) this.#settled--
        else {
          this.#bytes -= operation.bodyBytes
          send(operation)
        }
      }
    } finally {
      // Also when `send` throws: what it was given never stays.
      if (at === operations.length) this.#operations = []
      else if (at > 0) this.#operations = operations.slice(at)
      this.#earlier = Math.max(0, this.#earlier - at)
    }
  }

  /** Fails those whose time is up. */
  expire(now: number, fail: (operation: Operation) => void): void {
    for (const operation of this.#operations) {
      if (operation.settled || operation.deadline > now) continue
      this.drop(operation)
      fail(operation)
    }
    if (this.#settled === 0) return
    this.#operations = this.#operations.filter((operation) => !operation.settled)
    this.#settled = 0
    this.#earlier = this.#operations.length
  }

  /** Empties the queue and gives what was in it. */
  drain(): Operation[] {
    const operations = this.#operations.filter((operation) => !operation.settled)
    this.#operations = []
    this.#settled = 0
    this.#bytes = 0
    this.#earlier = 0
    return operations
  }
}
