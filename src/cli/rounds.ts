import { setTimeout as sleep } from 'node:timers/promises'

/** Pauses of a command that does something again and again. */
export interface RoundOptions {
  /** Most rounds; undefined: until the signal aborts. */
  readonly count: number | undefined
  /** Time from the begin of a round to the begin of the next one, in milliseconds. */
  readonly everyMs: number
  readonly signal: AbortSignal
}

/**
 * Gives the number of each round, from 0 on, at its time. Ends when the signal aborts, without an error. A round that takes longer
 * than its time is followed by the next one at once; rounds that were missed are left out.
 */
export async function* rounds({ count, everyMs, signal }: RoundOptions): AsyncGenerator<number, void, undefined> {
  let due = performance.now()
  for (let round = 0; !signal.aborted && round !== count; round++) {
    yield round
    if (round + 1 === count) return
    due = Math.max(due + everyMs, performance.now())
    await sleep(due - performance.now(), undefined, { signal }).catch(() => undefined)
  }
}
