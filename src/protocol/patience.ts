/**
 * Waiting time of a caller that may leave before its time is up, because it gave a signal. All commands of its call
 * share it. Times are those of the monotonic clock.
 */
export class Patience {
  /** Time at which the caller began to wait; Infinity: no caller waits. */
  readonly since: number
  #leftAt: number | undefined

  constructor(since: number) {
    this.since = since
  }

  /** Time at which the caller left; undefined while it waits. */
  get leftAt(): number | undefined {
    return this.#leftAt
  }

  /** Records that the caller has left. */
  leave(now: number): void {
    this.#leftAt ??= now
  }
}

/** Patience of commands without a waiting caller. */
export const NO_CALLER: Patience = new Patience(Number.POSITIVE_INFINITY)
