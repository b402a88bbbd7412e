import { type MemcacheError, TimeoutError } from '../errors.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { ReadBatch, ReadHolder } from '../seam/read-batch.ts'
import { nextTurn, type Slices } from './slices.ts'

/** A batch that is being prepared over several turns of the event loop. */
class PreparedBatch {
  readonly kind = 'batch'
  hasLeft = false
}

/** An operation that waits for such a batch. */
interface HeldOperation {
  readonly kind: 'operation'
  readonly operation: Operation
  readonly pass: (operation: Operation) => void
  /** End of its time, on the clock of the queue. */
  readonly deadline: number
}

/** Reads that wait for such a batch. */
interface HeldReads {
  readonly kind: 'reads'
  readonly reads: ReadBatch
  readonly pass: (reads: ReadBatch) => void
  /** End of their time, on the clock of the queue. */
  readonly deadline: number
}

/** Steps by which a batch starts. */
export interface BatchStart<T> {
  /** Does what has to come after all earlier calls. */
  prepare(): Slices
  /** Dispatches the batch before it returns. */
  dispatch(startedAt: number): Promise<T>
}

type Entry = PreparedBatch | HeldOperation | HeldReads

/**
 * Keeps the calls of a client in their order while a large batch is prepared in slices: until it is dispatched, the calls
 * after it wait, whatever their keys are. In the turns between two slices, other work of the process goes on.
 */
export class CallQueue implements Holder, ReadHolder {
  readonly server = 'the server'
  /** In the order of the calls; the first is a batch. */
  #entries: Entry[] = []
  #ending: MemcacheError | undefined
  #isDestroyed = false
  #waiters: (() => void)[] = []
  /** Time that preparations took, in milliseconds. Counts against no call: the queue's clock stands still. */
  #workedMs = 0
  /** Earliest deadline among the calls that wait, on this clock. */
  #earliest = Number.POSITIVE_INFINITY
  /** Whether calls have to be offered to `hold` and `holdReads`. Looked at for each call, hence a field. */
  closed = false

  /** Whether calls wait for a batch. */
  get isHolding(): boolean {
    return this.closed && this.#entries.length > 0
  }

  /**
   * Prepares a batch in slices and starts it when it is its turn. Rejects with what the preparation throws, or the
   * signal's reason, and then the batch is not started.
   *
   * @param start - Called when all earlier calls have passed, with the time from which the time of the call counts.
   */
  async run<T>(preparation: Slices, signal: AbortSignal | undefined, start: BatchStart<T>): Promise<T> {
    const calledAt = this.#now()
    const batch = new PreparedBatch()
    this.#entries.push(batch)
    this.closed = true
    try {
      await this.#finish(preparation, signal)
      while (this.#entries[0] !== batch) await this.#nextTurn(signal)
      await this.#finish(start.prepare(), signal)
      return this.#passing(() => start.dispatch(calledAt + this.#workedMs))
    } finally {
      this.#leave(batch)
    }
  }

  async #finish(work: Slices, signal: AbortSignal | undefined): Promise<void> {
    while (!this.#work(work)) await this.#nextTurn(signal)
  }

  async #nextTurn(signal: AbortSignal | undefined): Promise<void> {
    await nextTurn()
    if (this.#isDestroyed) throw this.#ending!
    signal?.throwIfAborted()
    this.#expire()
  }

  #now(): number {
    return performance.now() - this.#workedMs
  }

  /** Does the next slice; returns whether there is none left. */
  #work(work: Slices): boolean {
    const startedAt = performance.now()
    try {
      // The batch's own commands come before the calls that wait for the batch.
      return this.#passing(() => work.next().done === true)
    } finally {
      this.#workedMs += performance.now() - startedAt
    }
  }

  /** Lets what is dispatched in `dispatch` pass. */
  #passing<T>(dispatch: () => T): T {
    this.closed = false
    try {
      return dispatch()
    } finally {
      this.closed = true
    }
  }

  /** Lets the calls pass that have no batch before them any more. */
  #leave(batch: PreparedBatch): void {
    batch.hasLeft = true
    const entries = this.#entries
    let at = 0
    this.#passing(() => {
      for (; at < entries.length; at++) {
        const entry = entries[at]!
        if (entry.kind !== 'batch') this.#passOn(entry)
        else if (!entry.hasLeft) return
      }
    })
    this.#entries = entries.slice(at)
    if (this.#entries.length > 0) return
    this.#earliest = Number.POSITIVE_INFINITY
    this.closed = this.#ending !== undefined
    this.#tellEmpty()
  }

  #tellEmpty(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }

  #passOn(entry: HeldOperation | HeldReads): void {
    const deadline = entry.deadline + this.#workedMs
    if (entry.kind === 'reads') {
      const { reads, pass } = entry
      if (!reads.isOpen(0)) return
      reads.holder = undefined
      reads.deadline = deadline
      return pass(reads)
    }
    const { operation, pass } = entry
    if (operation.settled) return
    if (operation.holder === this) operation.holder = undefined
    operation.deadline = deadline
    pass(operation)
  }

  /**
   * Takes an operation while it is closed.
   *
   * @param pass - Dispatches it when it is its turn.
   */
  hold(operation: Operation, pass: (operation: Operation) => void): void {
    if (operation.settled) return
    if (this.#ending !== undefined) return operation.fail(this.#ending)
    operation.holder = this
    const deadline = this.#deadlineOf(operation)
    this.#entries.push({ kind: 'operation', operation, pass, deadline })
  }

  /** As `hold`, for reads. */
  holdReads(reads: ReadBatch, pass: (reads: ReadBatch) => void): void {
    const ending = this.#ending
    if (ending !== undefined) return failReads(reads, () => ending)
    reads.holder = this
    const deadline = this.#deadlineOf(reads)
    this.#entries.push({ kind: 'reads', reads, pass, deadline })
  }

  #deadlineOf({ deadline, timeoutMs }: { readonly deadline: number; readonly timeoutMs: number }): number {
    const own = deadline === 0 ? this.#now() + timeoutMs : deadline - this.#workedMs
    this.#earliest = Math.min(this.#earliest, own)
    return own
  }

  /** Ends an operation that waits; its place is passed over. */
  cancel(operation: Operation, reason: unknown): void {
    operation.fail(reason)
  }

  /** Nothing of them is open any more: their place is passed over. */
  cancelReads(): void {}

  /** Fails what has waited for its whole time. */
  #expire(): void {
    const now = this.#now()
    if (now < this.#earliest) return
    this.#earliest = Number.POSITIVE_INFINITY
    for (const entry of this.#entries) {
      if (entry.kind === 'batch') continue
      if (entry.deadline > now) this.#earliest = Math.min(this.#earliest, entry.deadline)
      else failEntry(entry, timeoutError)
    }
  }

  /** Takes no more calls; settles when the batches that are being prepared, and the calls after them, are dispatched. */
  drain(error: MemcacheError): Promise<void> | undefined {
    const isEmpty = this.passed()
    this.#ending = error
    this.closed = true
    return isEmpty
  }

  /** Settles when no call is held back any more; undefined when none is. */
  passed(): Promise<void> | undefined {
    if (this.#entries.length === 0) return undefined
    return new Promise<void>((resolve) => this.#waiters.push(resolve))
  }

  /** Ends what waits, and the batches that are being prepared. */
  destroy(error: MemcacheError): void {
    this.#ending = error
    this.#isDestroyed = true
    this.closed = true
    for (const entry of this.#entries) if (entry.kind !== 'batch') failEntry(entry, () => error)
  }
}

function failEntry(entry: HeldOperation | HeldReads, reason: (what: string, timeoutMs: number) => unknown): void {
  if (entry.kind === 'reads') failReads(entry.reads, reason)
  else entry.operation.fail(reason(entry.operation.describe(), entry.operation.timeoutMs))
}

function failReads(reads: ReadBatch, reason: (what: string, timeoutMs: number) => unknown): void {
  for (let index = 0; index < reads.keys.length; index++) {
    if (reads.isOpen(index)) reads.fail(index, reason(reads.describe(index), reads.timeoutMs))
  }
}

function timeoutError(what: string, timeoutMs: number): TimeoutError {
  const message = `${what} timed out after ${timeoutMs} ms, while it waited for an earlier batch to be prepared`
  return new TimeoutError(message, { delivery: 'not-sent' })
}
