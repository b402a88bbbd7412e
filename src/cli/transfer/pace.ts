import { setTimeout as sleep } from 'node:timers/promises'
import { BATCH_KEYS } from './item-writer.ts'

/** Parts of a second that a limited rate is divided into. */
const BATCHES_A_SECOND = 10

/** Returns how many keys a batch may have, so that a limited rate is even within a second. */
export function batchKeysFor(rate: number | undefined): number {
  return rate === undefined ? BATCH_KEYS : Math.min(BATCH_KEYS, Math.ceil(rate / BATCHES_A_SECOND))
}

/** Returns the milliseconds to wait when so many items took so long. */
export function pauseFor(items: number, elapsedMs: number, rate: number | undefined): number {
  return rate === undefined ? 0 : Math.max(0, (items / rate) * 1000 - elapsedMs)
}

/** Holds a loop to a number of items a second. */
export class Pace {
  readonly #rate: number | undefined
  readonly #signal: AbortSignal
  readonly #startedAt: number = performance.now()
  #items = 0

  constructor(rate: number | undefined, signal: AbortSignal) {
    this.#rate = rate
    this.#signal = signal
  }

  /** Waits until so many more items are due. */
  async after(items: number): Promise<void> {
    this.#items += items
    const pause = pauseFor(this.#items, performance.now() - this.#startedAt, this.#rate)
    if (pause > 0) await sleep(pause, undefined, { signal: this.#signal })
  }
}
