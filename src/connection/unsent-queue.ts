import type { Operation } from '../protocol/operation.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import type { UnsentReads } from './unsent-reads.ts'

/** Entry that waits to be written: one command, or the rest of a batch of reads. */
export type UnsentEntry = Operation | UnsentReads

function isReads(entry: UnsentEntry): entry is UnsentReads {
  return entry.interpret === undefined
}

/** Commands that a connection has taken and not written yet, oldest first. */
export class UnsentQueue {
  #entries: UnsentEntry[] = []
  /** Operations in the list that are settled already and only wait to be dropped. */
  #settled = 0
  /** Number of batches in the list, and of their reads to be written. */
  #batches = 0
  #reads = 0
  #bytes = 0
  /** Number of entries that came in earlier turns of the event loop. */
  #earlier = 0

  /** Number of commands to be written. */
  get length(): number {
    return this.#entries.length - this.#settled - this.#batches + this.#reads
  }

  /** Bytes of the bodies of those commands. */
  get bytes(): number {
    return this.#bytes
  }

  /** Oldest entry to be written. */
  get first(): UnsentEntry | undefined {
    return this.#entries.find((entry) => !entry.settled)
  }

  /** Puts operations in front of all others: they are older. */
  unshift(operations: readonly Operation[]): void {
    for (const operation of operations) this.#bytes += operation.bodyBytes
    this.#entries = [...operations, ...this.#entries]
    this.#earlier += operations.length
  }

  /** Records that a turn of the event loop has ended. */
  endTurn(): void {
    this.#earlier = this.#entries.length
  }

  push(operation: Operation): void {
    this.#bytes += operation.bodyBytes
    this.#entries.push(operation)
  }

  /** Adds reads of a batch. */
  pushReads(reads: UnsentReads): void {
    this.#entries.push(reads)
    this.#batches++
    this.#reads += reads.length
  }

  /** Gives up an operation that is about to be settled and will not be written. */
  drop(operation: Operation): void {
    this.#settled++
    this.#bytes -= operation.bodyBytes
  }

  /** Gives up the reads of a batch. */
  dropReads(batch: ReadBatch): void {
    for (const entry of this.#entries) {
      if (!isReads(entry) || entry.batch !== batch) continue
      this.#reads -= entry.length
      entry.clear()
    }
  }

  /** Checks whether all entries have a property. */
  every(test: (entry: UnsentEntry) => boolean): boolean {
    return this.#entries.every((entry) => entry.settled || test(entry))
  }

  /** Gives the commands of this turn more time. */
  forgive(milliseconds: number): void {
    const entries = this.#entries
    for (let at = this.#earlier; at < entries.length; at++) entries[at]!.deadline += milliseconds
  }

  /**
   * Hands operations over to be written, oldest first, while `goesOn` returns true.
   *
   * @param goesOn - Decides about the next one; the second argument is true if it is the last.
   * @param send - Takes one; more may come in meanwhile.
   * @param sendReads - Takes reads of a batch out, as many as may be written now.
   */
  take(
    goesOn: (next: Operation, isLast: boolean) => boolean,
    send: (operation: Operation) => void,
    sendReads: (reads: UnsentReads) => void,
  ): void {
    const entries = this.#entries
    let at = 0
    try {
      while (at < entries.length) {
        const entry = entries[at]!
        if (isReads(entry)) {
          this.#takeReads(entry, sendReads)
          if (!entry.settled) break
          at++
          this.#batches--
          continue
        }
        if (!entry.settled && !goesOn(entry, at === entries.length - 1)) break
        at++
        if (entry.settled) this.#settled--
        else {
          this.#bytes -= entry.bodyBytes
          send(entry)
        }
      }
    } finally {
      // Also when `send` throws: the operation given to it never stays.
      if (at === entries.length) this.#entries = []
      else if (at > 0) this.#entries = entries.slice(at)
      this.#earlier = Math.max(0, this.#earlier - at)
    }
  }

  #takeReads(reads: UnsentReads, sendReads: (reads: UnsentReads) => void): void {
    const { length } = reads
    if (length === 0) return
    sendReads(reads)
    // On a failure the caller may have given the call up: reads dropped by it are counted already.
    this.#reads -= length - reads.length - reads.dropped
  }

  /** Fails expired entries. */
  expire(now: number, fail: (operation: Operation) => void): void {
    for (const entry of this.#entries) {
      if (entry.settled || entry.deadline > now) continue
      if (isReads(entry)) {
        this.#reads -= entry.length
        for (const operation of entry.detachAll()) fail(operation)
      } else {
        this.drop(entry)
        fail(entry)
      }
    }
    this.#removeSettled()
  }

  #removeSettled(): void {
    const entries = this.#entries.filter((entry) => !entry.settled)
    if (entries.length === this.#entries.length) return
    this.#entries = entries
    this.#settled = 0
    this.#batches = entries.reduce((count, entry) => (isReads(entry) ? count + 1 : count), 0)
    this.#earlier = entries.length
  }

  /** Empties the queue and returns its contents, reads of batches as operations. */
  drain(): Operation[] {
    const operations: Operation[] = []
    for (const entry of this.#entries) {
      if (isReads(entry)) operations.push(...entry.detachAll())
      else if (!entry.settled) operations.push(entry)
    }
    this.#entries = []
    this.#settled = 0
    this.#batches = 0
    this.#reads = 0
    this.#bytes = 0
    this.#earlier = 0
    return operations
  }
}
