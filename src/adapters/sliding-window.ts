import { isAbsorbable } from '../client/dispatcher.ts'
import type { CounterCalls } from './counter-calls.ts'
import { addToPlainCounter } from './counter-commands.ts'
import { CreatingCounter } from './creating-counter.ts'
import { atLeastSeconds } from './seconds.ts'

/**
 * Parts of a window, each with a counter of its own. A call counts for a window and up to one part more, so that a caller
 * without pauses gets 8 of 9 calls that the limit allows.
 */
const PARTS = 8

/** Bits of a counter for the calls; above them is the number that was let through, plus 1, once a call was refused. */
const CALL_BITS = 32n
const CALL_MASK = (1n << CALL_BITS) - 1n

/** Largest limit: it fits twice into the upper bits. */
export const MAX_LIMIT = 1_000_000_000

/** Outcome of a counted call. */
export interface SlidingCount {
  readonly allowed: boolean
  /** Calls that were let through and count now, this one included if it was. */
  readonly used: number
  /** Time until one more call would be let through, in milliseconds; 0: at once. */
  readonly waitMs: number
}

/**
 * Lets at most so many calls through in any window. Time is divided into parts, an eighth of the window each. A part has a
 * quota, which is the limit minus the calls that were let through in the eight parts before: within a part it does not
 * change, so the first calls pass, and the calls after them are refused. So the counter alone tells how many passed: the
 * calls, at most the quota, which the first refused call adds to the counter. Refused calls cost nothing later.
 *
 * One round trip: the counter of this part is raised while those before it are read, all of them on one server.
 */
export class SlidingWindow {
  readonly #calls: CounterCalls
  readonly #counter: CreatingCounter

  constructor(calls: CounterCalls) {
    this.#calls = calls
    this.#counter = new CreatingCounter(calls)
  }

  /**
   * Counts a call.
   *
   * @param limit - At most {@link MAX_LIMIT}.
   * @param seconds - Length of the window, whole.
   */
  async hit(key: string, limit: number, seconds: number): Promise<SlidingCount> {
    const now = Date.now()
    const partMs = (seconds * 1000) / PARTS
    const part = Math.floor(now / partMs)
    const suffixOf = (number: number): string => `:${seconds}:${number.toString(36)}`
    const before = Array.from({ length: PARTS }, (_, at) => suffixOf(part - 1 - at))
    const [counted, counters] = await Promise.all([
      this.#counter.hit(key, atLeastSeconds(partMs * (PARTS + 1)), suffixOf(part)),
      this.#calls.readMany(key, before),
    ])
    const earlier = counters.map(passedOf)
    const quota = Math.max(0, limit - sum(earlier))
    const number = Number(counted & CALL_MASK)
    if (number === quota + 1) this.#noteQuota(key, suffixOf(part), quota)
    const passed = [Math.min(number, quota), ...earlier]
    return {
      allowed: number <= quota,
      used: Math.min(limit, sum(passed)),
      waitMs: number < quota ? 0 : (part + partsUntilFree(passed, limit)) * partMs - now,
    }
  }

  /** Nothing waits for it. If it is lost, refused calls count as passed for one window, and fewer pass. */
  #noteQuota(key: string, suffix: string, quota: number): void {
    const note = addToPlainCounter(BigInt(quota + 1) << CALL_BITS)
    this.#calls.run('incr', key, note, suffix).catch((error: unknown) => {
      if (isAbsorbable(error)) this.#calls.report(error, key)
    })
  }
}

/** Returns how many calls were let through in a part. */
function passedOf(counter: bigint): number {
  const calls = Number(counter & CALL_MASK)
  const noted = Number(counter >> CALL_BITS)
  return noted === 0 ? calls : Math.min(calls, noted - 1)
}

/** Returns after how many parts one call passes, if none passes before. @param passed - By part, the present one first. */
function partsUntilFree(passed: readonly number[], limit: number): number {
  let ahead = 1
  // The window before that part: the present part, and those before it that are still in the window.
  while (ahead <= PARTS && sum(passed.slice(0, PARTS + 1 - ahead)) >= limit) ahead++
  return ahead
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
