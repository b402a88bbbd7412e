import type { WireKey } from '../protocol/key.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import { keyMatches } from '../protocol/reply-key.ts'
import type { Command } from '../protocol/request.ts'
import type { ReadBatch } from '../seam/read-batch.ts'

/**
 * Neighbouring reads of a batch on one read line: one entry in the queue of written commands. A run keeps its place and
 * its keys after its reads were given up.
 */
export class ReadRun {
  readonly batch: ReadBatch
  /** Holder of the operations detached from the batch. */
  readonly holder: Holder
  /** Keys in the order of the line; undefined where the value has come. */
  readonly keys: (WireKey | undefined)[]
  /** Whether the run is the last entry of its read line: END follows its values. */
  endsLine = false
  readonly inLine: true = true
  readonly quiet: false = false
  /** Distinguishes a run from an operation, which has an interpreter. */
  readonly interpret: undefined = undefined
  /** Index in the batch of the first read of the run. */
  readonly #from: number
  /** Position where the next value is expected. */
  #next = 0
  /** Position of the read found last. */
  #found = 0

  /** Takes the reads of the batch from one index up to another. */
  constructor(batch: ReadBatch, from: number, end: number, holder: Holder) {
    this.batch = batch
    this.keys = batch.keys.slice(from, end)
    this.#from = from
    this.holder = holder
  }

  get command(): Command {
    return this.batch.request.command
  }

  /** Names the first read of the run in messages. */
  describe(): string {
    return this.batch.describe(this.#from)
  }

  /** Checks whether a read is the one that follows in the batch. */
  precedes(batch: ReadBatch, index: number): boolean {
    return this.batch === batch && this.#from + this.keys.length === index
  }

  /** Adds the reads of the batch that follow, up to an index. */
  addUpTo(end: number): void {
    const { keys } = this.batch
    for (let index = this.#from + this.keys.length; index < end; index++) this.keys.push(keys[index])
  }

  /** Whether no value is expected after the last one that was found. */
  get isExhausted(): boolean {
    return this.#next === this.keys.length
  }

  /** Finds the read that a VALUE answers, starting at the next expected one; returns whether there is one. */
  find(reply: Reply): boolean {
    const { keys } = this
    for (let position = this.#next; position < keys.length; position++) {
      const key = keys[position]
      if (key === undefined || !keyMatches(reply, key)) continue
      this.#found = position
      this.#next = position + 1
      return true
    }
    return false
  }

  /** Finds a read as `find` does, for a value that came out of order. */
  findEarlier(reply: Reply): boolean {
    const position = this.keys.findIndex((key) => key !== undefined && keyMatches(reply, key))
    if (position === -1) return false
    this.#found = position
    return true
  }

  /** Index in the batch of the read found last. */
  get found(): number {
    return this.#from + this.#found
  }

  /** Records that the value of the read found last has come. */
  takeValue(): void {
    this.keys[this.#found] = undefined
  }

  /** Calls back with the index of each read that is neither answered nor given up. */
  forEachOpen(call: (index: number) => void): void {
    const { batch, keys } = this
    for (let position = 0; position < keys.length; position++) {
      if (keys[position] !== undefined && batch.isOpen(this.#from + position)) call(this.#from + position)
    }
  }

  /** Number of reads that are neither answered nor given up. */
  get openReads(): number {
    let count = 0
    this.forEachOpen(() => count++)
    return count
  }

  /** Makes the operation that settles a read from here on; the read was written. */
  detach(index: number): Operation {
    const operation = this.batch.detach(index)
    operation.holder = this.holder
    operation.written = true
    operation.inLine = true
    return operation
  }

  /** Makes the operations of the reads that are neither answered nor given up. */
  detachOpen(): Operation[] {
    const operations: Operation[] = []
    this.forEachOpen((index) => operations.push(this.detach(index)))
    return operations
  }
}
