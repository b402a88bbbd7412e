import type { SerializedValue } from '../../serde/serde.ts'
import { StoreValue } from '../bridge/caller-references.ts'

/** A shorter wait leaves the call its whole time, in milliseconds. */
const WORTH_MENTIONING_MS = 2

/**
 * A call that goes on through the worker, with what is known of it: a command that was written may have been carried out,
 * and no failure of what follows makes that untrue.
 */
export class Handover {
  /** Whether bytes of the command have left. */
  readonly wasWritten: boolean
  readonly #spentMs: number
  readonly #form: SerializedValue | undefined

  /**
   * @param spentMs - Time that the direct way has taken, in milliseconds.
   * @param form - The serde's result for the value of the call.
   */
  constructor(wasWritten: boolean, spentMs: number, form: SerializedValue | undefined) {
    this.wasWritten = wasWritten
    this.#spentMs = spentMs
    this.#form = form
  }

  /** Whether a result of the direct way is a handover; asks nothing of the value, which may be a proxy of the caller's. */
  static is(result: unknown): result is Handover {
    return typeof result === 'object' && result !== null && #spentMs in result
  }

  /**
   * Returns the arguments with which the call goes on: with the time that is left, and the serde's result.
   *
   * @param optionsAt - Where the command has its options.
   * @param timeoutMs - The time of the whole call, in milliseconds.
   */
  argumentsOf(args: readonly unknown[], optionsAt: number, timeoutMs: number): readonly unknown[] {
    const isLate = this.#spentMs >= WORTH_MENTIONING_MS
    if (!isLate && this.#form === undefined) return args
    const rest = Array.from({ length: Math.max(args.length, isLate ? optionsAt + 1 : 2) }, (_, index) => args[index])
    // A millisecond at least: what is late fails by its deadline, not as bad input.
    if (isLate) {
      rest[optionsAt] = {
        ...(args[optionsAt] as object | undefined),
        timeoutMs: Math.max(1, timeoutMs - this.#spentMs),
      }
    }
    if (this.#form !== undefined) rest[1] = new StoreValue(rest[1], this.#form)
    return rest
  }
}

/** Returned when the call must go through the worker, and nothing of it was written. */
export const VIA_WORKER: Handover = new Handover(false, 0, undefined)
