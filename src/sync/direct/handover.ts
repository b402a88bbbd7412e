import type { SerializedValue } from '../../serde/serde.ts'
import { StoreValue } from '../bridge/caller-references.ts'

/** Shortest wait that is subtracted from the time of the call, in milliseconds. */
const WORTH_MENTIONING_MS = 2

/**
 * Call that continues through the worker, with the facts so far: a command that was written may have been carried out,
 * whatever fails afterwards.
 */
export class Handover {
  /** Whether bytes of the command have left. */
  readonly wasWritten: boolean
  readonly #spentMs: number
  readonly #form: SerializedValue | undefined

  /**
   * @param spentMs - Time spent on the direct way, in milliseconds.
   * @param form - The serde's result for the value of the call.
   */
  constructor(wasWritten: boolean, spentMs: number, form: SerializedValue | undefined) {
    this.wasWritten = wasWritten
    this.#spentMs = spentMs
    this.#form = form
  }

  /** Checks whether a result of the direct way is a handover, without reading it: it may be a proxy of the caller's. */
  static is(result: unknown): result is Handover {
    return typeof result === 'object' && result !== null && #spentMs in result
  }

  /**
   * Returns the arguments for the rest of the call: with the time that is left, and the serde's result.
   *
   * @param optionsAt - Position of the command's options.
   * @param timeoutMs - Time of the whole call, in milliseconds.
   */
  argumentsOf(args: readonly unknown[], optionsAt: number, timeoutMs: number): readonly unknown[] {
    const isLate = this.#spentMs >= WORTH_MENTIONING_MS
    if (!isLate && this.#form === undefined) return args
    const rest = Array.from({ length: Math.max(args.length, isLate ? optionsAt + 1 : 2) }, (_, index) => args[index])
    // At least a millisecond: a late call fails by its deadline, not as bad input.
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
