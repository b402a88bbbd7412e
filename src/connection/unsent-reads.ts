import type { WireKey } from '../protocol/key.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { ReadBatch } from '../seam/read-batch.ts'

/** The reads of a batch that a connection has taken and not written yet. */
export class UnsentReads {
  readonly batch: ReadBatch
  /** Has the operations in hand that the batch gives for single reads. */
  readonly holder: Holder
  /** Index of the next read. */
  next = 0
  /** The reads from this index on are not to be written. */
  readonly end: number

  constructor(batch: ReadBatch, end: number, holder: Holder) {
    this.batch = batch
    this.holder = holder
    this.end = end
  }

  /** How many there are. */
  get length(): number {
    return this.end - this.next
  }

  /** None is left: an entry of a queue that only waits to be dropped. */
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

  /** The key of the next read; undefined when there is none. */
  get nextKey(): WireKey | undefined {
    return this.settled ? undefined : this.batch.keys[this.next]
  }

  /** Drops all of them. */
  clear(): void {
    this.next = this.end
  }

  /** Takes the next one out, as an operation. */
  detachNext(): Operation {
    return this.batch.detach(this.next++)
  }

  /** Takes all of them out, each as an operation. */
  detachAll(): Operation[] {
    const operations: Operation[] = []
    while (!this.settled) operations.push(this.detachNext())
    return operations
  }
}

/** What of a batch fits into the present write. */
export interface ReadRoom {
  /** Whether the read of a key does. */
  fits(key: WireKey): boolean
  /** How many bytes of further keys do. */
  readonly bytes: number
}
