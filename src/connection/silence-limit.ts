import type { Operation } from '../protocol/operation.ts'
import type { Patience } from '../protocol/patience.ts'
import type { ReadBatch } from '../seam/read-batch.ts'

/** Shortest silence for which a connection is given up, however short the timeouts, in milliseconds. */
export const MIN_STALL_MS = 250

/** From this number on, callers that left in one silence show how long callers wait. A single one may have other reasons. */
const RUN = 3

/** Longest silence after one or two callers that left at once, while no other caller waits, in milliseconds. */
const UNHEARD_MS = 1000

/** A caller that has waited this much longer than those that left is not like them, in milliseconds: signals come late. */
const TOLERANCE_MS = 50

/**
 * For how long a server may be silent, by what the callers of one connection wait: their timeouts; of those that left
 * before, by a signal, the time for which they stayed. Made for one look at the commands that are written.
 */
export class SilenceLimit {
  readonly #now: number
  readonly #silentSince: number
  /** The longest timeout of those that wait for all of it, or did. */
  #patientMs: number
  /** The longest timeout of those that may leave, and how long any of them has waited. */
  #impatientMs = 0
  #waitedMs = 0
  /** The longest timeout of those that left, and how long any of them stayed in this silence. */
  #abandonedMs = 0
  #stayedMs = 0
  #left: Set<Patience> | undefined

  /**
   * @param leastMs - Shortest limit.
   * @param silentMs - How long the silence has lasted.
   */
  constructor(leastMs: number, now: number, silentMs: number) {
    this.#patientMs = leastMs
    this.#now = now
    this.#silentSince = now - silentMs
  }

  /** Takes a command into account that was written and not answered. */
  add(operation: Operation): void {
    const { patience, timeoutMs } = operation
    if (patience?.leftAt !== undefined) this.#addLeft(patience, patience.leftAt, timeoutMs)
    else if (patience !== undefined && !operation.settled) this.#addImpatient(patience, timeoutMs)
    else if (operation.quiet && !operation.awaitsBarrier) this.#impatientMs = Math.max(this.#impatientMs, timeoutMs)
    else if (timeoutMs > this.#patientMs) this.#patientMs = timeoutMs
  }

  /** As `add`, for `count` reads of a batch, of which `open` have not settled. */
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

  /** In milliseconds. */
  get ms(): number {
    return Math.max(this.#patientMs, this.#impatient, this.#abandoned)
  }

  /** It rests on one or two that left alone: a longer silence, too, says nothing against the server. */
  get isFlimsy(): boolean {
    return !this.#isRun && this.#abandoned > Math.max(this.#patientMs, this.#impatient)
  }

  get #isRun(): boolean {
    return this.#left !== undefined && this.#left.size >= RUN
  }

  /** Those that may leave are taken to stay for all of their time, unless the run of those that left shows otherwise. */
  get #impatient(): number {
    return this.#isRun && this.#waitedMs <= this.#stayedMs + TOLERANCE_MS ? 0 : this.#impatientMs
  }

  get #abandoned(): number {
    const counts = this.#isRun || this.#stayedMs >= MIN_STALL_MS
    return Math.min(this.#abandonedMs, counts ? this.#stayedMs : UNHEARD_MS)
  }
}
