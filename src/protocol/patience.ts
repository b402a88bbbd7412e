/**
 * How long a caller waits that may leave before its time is up, because it gave a signal. All commands of its call share
 * it. Times are those of the monotonic clock.
 */
export class Patience {
  /** When it began to wait; Infinity: nobody waits. */
  readonly since: number
  #leftAt: number | undefined

  constructor(since: number) {
    this.since = since
  }

  /** When it left; undefined while it waits. */
  get leftAt(): number | undefined {
    return this.#leftAt
  }

  /** The caller has left. */
  leave(now: number): void {
    this.#leftAt ??= now
  }
}

/** Of commands that no caller waits for. */
export const NO_CALLER: Patience = new Patience(Number.POSITIVE_INFINITY)
