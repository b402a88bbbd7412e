/** Sweeps in a row with expired commands, and time without a reply in time, after which all replies count as late. */
const MAX_LATE_SWEEPS = 3
const MAX_LATE_MS = 1000

/**
 * Silence shorter than this is no evidence against the server, in milliseconds: the server may be busy for a moment.
 * The connection may be given up earlier; the next one then shows whether the server is well.
 */
const EVIDENT_SILENCE_MS = 1000

/** State of a connection as shown by its replies and their absence. Times are those of `performance.now()`. */
export class Liveness {
  #receivedAt = 0
  #busySince = 0
  #answeredInTimeAt = 0
  #lateSweeps = 0
  #proven = false
  /** Whether a command was ever answered in time; `doubt` does not reset it. */
  #worked = false
  #maybeDead = false

  /** Time at which the last bytes came, or the connection became ready. */
  get receivedAt(): number {
    return this.#receivedAt
  }

  /** Whether a command was answered in time since the connection was last doubted. */
  get proven(): boolean {
    return this.#proven
  }

  /** Whether the connection worked, was idle, and got no byte since: the server may have closed it unnoticed. */
  get maybeDead(): boolean {
    return this.#maybeDead
  }

  /** Records that the connection is ready. */
  begin(now: number): void {
    this.#receivedAt = now
    this.#answeredInTimeAt = now
  }

  /** Records that bytes came. */
  received(now: number): void {
    this.#receivedAt = now
    this.#maybeDead = false
  }

  /** Records that the last bytes contain a reply to a caller that was still waiting. */
  answeredInTime(): void {
    this.#answeredInTimeAt = this.#receivedAt
    this.#lateSweeps = 0
    this.#proven = true
    this.#worked = true
  }

  /** Records that commands are written again: from here on a reply is due. */
  leaveIdle(now: number): void {
    this.#busySince = now
    this.#maybeDead = this.#worked
  }

  /** Discards the proof given by earlier answers: a new answer must show that commands are answered. */
  doubt(): void {
    this.#proven = false
  }

  /** Returns the time for which a reply has been due without a byte, in milliseconds. */
  silentMs(now: number): number {
    return now - Math.max(this.#receivedAt, this.#busySince)
  }

  /** Checks whether the silence is long enough to be evidence against the server. */
  isSilenceEvident(now: number): boolean {
    return this.silentMs(now) >= EVIDENT_SILENCE_MS
  }

  /** Records that commands have expired whose replies are due. */
  sweptLate(): void {
    this.#lateSweeps++
  }

  /** Checks whether replies come, but all of them too late. */
  isAlwaysLate(now: number): boolean {
    return this.#lateSweeps >= MAX_LATE_SWEEPS && now - this.#answeredInTimeAt >= MAX_LATE_MS
  }
}
