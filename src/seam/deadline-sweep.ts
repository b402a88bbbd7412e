/** Sweeps come ten times in the shortest timeout, within these bounds, in milliseconds. */
const SWEEPS_PER_TIMEOUT = 10
const MIN_PERIOD_MS = 5
const MAX_PERIOD_MS = 50

/** A sweep this much later than planned means that the event loop was blocked, in milliseconds. */
const LATE_MS = 20

/**
 * One coarse timer for all deadlines of a connection: a timer per command costs as much as the command. After a blocked
 * event loop the timers run before the sockets are read, so a sweep that is late lets everything that already arrived
 * be read first.
 */
export class DeadlineSweep {
  readonly #sweep: (now: number) => void
  readonly #receivedAt: () => number
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #periodMs = MAX_PERIOD_MS
  #dueAt = 0

  /**
   * @param sweep - Called to expire what is due.
   * @param receivedAt - When the last bytes came, on the monotonic clock.
   */
  constructor(sweep: (now: number) => void, receivedAt: () => number) {
    this.#sweep = sweep
    this.#receivedAt = receivedAt
  }

  /** Sees to it that deadlines of commands with this timeout are noticed in time. */
  watch(timeoutMs: number): void {
    const periodMs = Math.min(Math.max(timeoutMs / SWEEPS_PER_TIMEOUT, MIN_PERIOD_MS), MAX_PERIOD_MS)
    if (this.#timer !== undefined && periodMs >= this.#periodMs) return
    this.#periodMs = this.#timer === undefined ? periodMs : Math.min(periodMs, this.#periodMs)
    this.#arm()
  }

  stop(): void {
    clearTimeout(this.#timer)
    if (this.#immediate !== undefined) clearImmediate(this.#immediate)
    this.#timer = undefined
    this.#immediate = undefined
  }

  #arm(): void {
    clearTimeout(this.#timer)
    this.#dueAt = performance.now() + this.#periodMs
    this.#timer = setTimeout(() => this.#fire(), this.#periodMs)
  }

  #fire(): void {
    const now = performance.now()
    const late = now - this.#dueAt
    // The check phase comes after the poll phase: what is readable is read before anything expires.
    this.#runAfterReading(now, late > LATE_MS ? now + late : now)
  }

  /** Runs the sweep once a turn of the event loop brought no further bytes, or the patience is at its end. */
  #runAfterReading(since: number, patientUntil: number): void {
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined
      const now = performance.now()
      // Blocked between the last look and this, after the poll phase: nothing that came since was read.
      if (now - since > LATE_MS) return this.#runAfterBlock(since, now)
      if (this.#receivedAt() >= since && now < patientUntil) return this.#runAfterReading(now, patientUntil)
      this.#arm()
      this.#sweep(now)
    })
  }

  /**
   * Expires what was due by the last look: all that had arrived by then has been read. For the rest the next turn
   * decides. With an event loop that is always busy, deadlines hold all the same, a turn late.
   */
  #runAfterBlock(since: number, now: number): void {
    this.#sweep(since)
    if (this.#timer !== undefined) this.#runAfterReading(now, now + LATE_MS)
  }
}
