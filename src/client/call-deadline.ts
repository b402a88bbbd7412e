import type { CallOptions } from './call-options.ts'
import { checkTimeout } from './numbers.ts'

/** The time of one call that takes several round trips: all of them together. */
export class CallDeadline {
  readonly timeoutMs: number
  readonly #deadline: number

  /**
   * Starts the time.
   *
   * @param usualMs - Of a call that does not say otherwise.
   */
  constructor(usualMs: number, call: CallOptions | undefined) {
    this.timeoutMs = call?.timeoutMs === undefined ? usualMs : checkTimeout(call.timeoutMs)
    this.#deadline = performance.now() + this.timeoutMs
  }

  /** Milliseconds left, 1 at least: a late call fails by its deadline, not as bad input. */
  get restMs(): number {
    return Math.max(1, Math.round(this.#deadline - performance.now()))
  }

  /** The options of the next round trip. */
  rest<O extends CallOptions>(options: O | undefined): O {
    return { ...options, timeoutMs: this.restMs } as O
  }
}
