import type { Operation } from '../protocol/operation.ts'
import type { Patience } from '../protocol/patience.ts'
import type { ReadBatch } from '../seam/read-batch.ts'

/** Shortest silence for which a connection is given up, however short the timeouts, in milliseconds. */
export const MIN_STALL_MS = 250

/**
 * Number of callers gone in one silence from which they show how long callers wait. A single one may have other
 * reasons.
 */
const RUN = 3

/** Longest silence after one or two callers that left at once, while no other caller waits, in milliseconds. */
const UNHEARD_MS = 1000

/** Extra waiting time after which a caller differs from the callers that left, in milliseconds: signals come late. */
const TOLERANCE_MS = 50

/**
 * Limit of a server's silence, from the waiting times of the callers of one connection: their timeouts, and the time
 * that callers stayed before they left by a signal. Made for one check of the written commands.
 */
export class SilenceLimit {
  readonly #now: number
  readonly #silentSince: number
  /** Longest timeout of callers that wait, or waited, for all of it. */
  #patientMs: number
  /** Longest timeout of callers that may leave, and the longest wait of any of them. */
  #impatientMs = 0
  #waitedMs = 0
  /** Longest timeout of callers that left, and the longest stay of any of them in this silence. */
  #abandonedMs = 0
  #stayedMs = 0
  #left: Set<Patience> | undefined

  /**
   * @param leastMs - Shortest limit.
   * @param silentMs - Duration of the silence so far.
   */
  constructor(leastMs: number, now: number, silentMs: number) {
    this.#patientMs = leastMs
    this.#now = now
    this.#silentSince = now - silentMs
  }

  /** Includes a command that was written and not answered. */
  add(operation: Operation): void {
    const { patience, timeoutMs } = operation
    if (patience?.leftAt !== undefined) this.#addLeft(patience, patience.leftAt, timeoutMs)
    else if (patience !== undefined && !operation.settled) this.#addImpatient(patience, timeoutMs)
    else if (operation.quiet && !operation.awaitsBarrier) this.#impatientMs = Math.max(this.#impatientMs, timeoutMs)
    else if (timeoutMs > this.#patientMs) this.#patientMs = timeoutMs
  }

  /** Includes `count` reads of a batch, of which `open` have not settled, as `add` does. */
  addReads({ patience, timeoutMs }: ReadBatch, count: number, open: number): void {
    if (patience?.leftAt !== undefined) return this.#addLeft(patience, patience.leftAt, timeoutMs)
    if (patience !== undefined && open > 0) this.#addImpatient(patience, timeoutMs)
    if ((patience === undefined || open < count) && timeoutMs > this.#patientMs) this.#patientMs = timeoutMs
  }

  #addImpatient({ since }: Patience, timeoutMs: number): void {
    this.#impatientMs = Math.max(this.#impatientMs, timeoutMs)
    this.#waitedMs = Math.max(this.#waitedMs, this.#now - since)
  }

  #addLeft(patience: Patience, leftAt: number, timeoutMs: number): void {
    this.#abandonedMs = Math.max(this.#abandonedMs, timeoutMs)
    const stayedMs = leftAt - Math.max(patience.since, this.#silentSince)
    if (stayedMs < 0) return
    this.#stayedMs = Math.max(this.#stayedMs, stayedMs)
    this.#left ??= new Set()
    this.#left.add(patience)
  }

  /** Limit in milliseconds. */
  get ms(): number {
    return Math.max(this.#patientMs, this.#impatient, this.#abandoned)
  }

  /**
   * Whether the limit rests on one or two callers that left: even a longer silence is then no evidence against the
   * server.
   */
  get isFlimsy(): boolean {
    return !this.#isRun && this.#abandoned > Math.max(this.#patientMs, this.#impatient)
  }

  get #isRun(): boolean {
    return this.#left !== undefined && this.#left.size >= RUN
  }

  /** Limit for callers that may leave: all of their time, unless the run of callers that left shows otherwise. */
  get #impatient(): number {
    return this.#isRun && this.#waitedMs <= this.#stayedMs + TOLERANCE_MS ? 0 : this.#impatientMs
  }

  get #abandoned(): number {
    const counts = this.#isRun || this.#stayedMs >= MIN_STALL_MS
    return Math.min(this.#abandonedMs, counts ? this.#stayedMs : UNHEARD_MS)
  }
}
