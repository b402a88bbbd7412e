import type { WireKey } from '../protocol/key.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { ReadBatch } from '../seam/read-batch.ts'

/** The reads of a batch that a connection has taken and not written yet. */
export class UnsentReads {
  readonly batch: ReadBatch
  /** Distinguishes reads from an operation, which has an interpreter. */
  readonly interpret: undefined = undefined
  /** Holder of the operations detached from the batch. */
  readonly holder: Holder
  /** Index of the next read. */
  next = 0
  /** Index from which on reads are not to be written. */
  readonly end: number
  #dropped = 0

  constructor(batch: ReadBatch, end: number, holder: Holder) {
    this.batch = batch
    this.holder = holder
    this.end = end
  }

  /** Number of reads. */
  get length(): number {
    return this.end - this.next
  }

  /** Number of dropped reads. */
  get dropped(): number {
    return this.#dropped
  }

  /** Whether no read is left and the entry only waits to be dropped. */
  get settled(): boolean {
    return this.next === this.end
  }

  get request(): ReadBatch['request'] {
    return this.batch.request
  }

  get deadline(): number {
    return this.batch.deadline
  }

  set deadline(deadline: number) {
    this.batch.deadline = deadline
  }

  /** Key of the next read; undefined when there is none. */
  get nextKey(): WireKey | undefined {
    return this.settled ? undefined : this.batch.keys[this.next]
  }

  /** Drops all reads. */
  clear(): void {
    this.#dropped += this.length
    this.next = this.end
  }

  /** Takes the next read out, as an operation. */
  detachNext(): Operation {
    return this.batch.detach(this.next++)
  }

  /** Takes all reads out, each as an operation. */
  detachAll(): Operation[] {
    const operations: Operation[] = []
    while (!this.settled) operations.push(this.detachNext())
    return operations
  }
}

/** Room for reads of a batch in the present write. */
export interface ReadRoom {
  /** Checks whether the read of a key fits. */
  fits(key: WireKey): boolean
  /** Bytes left for further keys. */
  readonly bytes: number
}
