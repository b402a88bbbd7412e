/** So many sweeps in a row with expired commands, and no reply in time for this long, say that all come too late. */
const MAX_LATE_SWEEPS = 3
const MAX_LATE_MS = 1000

/**
 * A silence shorter than this is no evidence against the server, in milliseconds: it may be busy for a moment. The
 * connection may be given up earlier; then the next one shows whether the server is well.
 */
const EVIDENT_SILENCE_MS = 1000

/** What the replies on a connection, and their absence, say about it. Times are those of `performance.now()`. */
export class Liveness {
  #receivedAt = 0
  #busySince = 0
  #answeredInTimeAt = 0
  #lateSweeps = 0
  #proven = false
  /** A command was answered in time, once at least, whatever `doubt` makes of it. */
  #worked = false
  #maybeDead = false

  /** When bytes came last, or the connection became ready. */
  get receivedAt(): number {
    return this.#receivedAt
  }

  /** Whether a command was answered in time, once at least, since the connection was last doubted. */
  get proven(): boolean {
    return this.#proven
  }

  /** The connection worked, was idle, and no byte came since: the server may have closed it unnoticed. */
  get maybeDead(): boolean {
    return this.#maybeDead
  }

  /** The connection is ready. */
  begin(now: number): void {
    this.#receivedAt = now
    this.#answeredInTimeAt = now
  }

  /** Bytes came. */
  received(now: number): void {
    this.#receivedAt = now
    this.#maybeDead = false
  }

  /** Among the bytes that came last is a reply to somebody who was still waiting. */
  answeredInTime(): void {
    this.#answeredInTimeAt = this.#receivedAt
    this.#lateSweeps = 0
    this.#proven = true
    this.#worked = true
  }

  /** Commands are written again: from here on a reply is due. */
  leaveIdle(now: number): void {
    this.#busySince = now
    this.#maybeDead = this.#worked
  }

  /** The answers so far prove nothing any more: whether commands are answered has to be seen anew. */
  doubt(): void {
    this.#proven = false
  }

  /** How long a reply has been due without a byte, in milliseconds. */
  silentMs(now: number): number {
    return now - Math.max(this.#receivedAt, this.#busySince)
  }

  /** Whether the silence is so long that it says something against the server. */
  isSilenceEvident(now: number): boolean {
    return this.silentMs(now) >= EVIDENT_SILENCE_MS
  }

  /** Commands have expired whose replies are due. */
  sweptLate(): void {
    this.#lateSweeps++
  }

  /** Whether the replies come, but all of them too late. */
  isAlwaysLate(now: number): boolean {
    return this.#lateSweeps >= MAX_LATE_SWEEPS && now - this.#answeredInTimeAt >= MAX_LATE_MS
  }
}
