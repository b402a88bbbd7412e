import { availableParallelism } from 'node:os'

/** So long a caller looks again and again before it lets its core go, in milliseconds: a round trip on one machine. */
const SPIN_MS = 0.06

/** So many calls in the way that is better at present, and then so many in the other one, to see whether it still is. */
const CALLS = 400
const TRIAL_CALLS = 16

/** The other way must be better by this much, or it will be for nothing that the caller keeps a core busy. */
const WORTH_IT = 0.85

/** A longer call says nothing about how its thread was woken, in milliseconds. */
const LONGEST_MS = 0.5

/**
 * Whether a caller should spin for a moment before it waits. On a quiet machine that more than halves a call, because an
 * idle core takes long to wake; on a busy one it doubles it, because the spinning thread is in the way of the others
 * (`bench/micro/sync-bridge.mjs`). So both are tried, now and then.
 */
export class SpinChoice {
  readonly #header: Int32Array
  readonly #maySpin: boolean = availableParallelism() > 1
  #spins = false
  #isTrial = false
  #left = CALLS
  #sumMs = 0
  #count = 0
  #usualMs = 0

  constructor(header: Int32Array) {
    this.#header = header
  }

  /** Spins, if that is the way of this call, until the word is no longer `value`; not for long. */
  spin(word: number, value: number): void {
    if (!this.#maySpin || this.#spins === this.#isTrial) return
    const end = performance.now() + SPIN_MS
    while (Atomics.load(this.#header, word) === value && performance.now() < end);
  }

  /** Tells how long the call took. */
  note(tookMs: number): void {
    if (tookMs < LONGEST_MS) {
      this.#sumMs += tookMs
      this.#count++
    }
    if (--this.#left === 0) this.#turn()
  }

  #turn(): void {
    const meanMs = this.#count === 0 ? LONGEST_MS : this.#sumMs / this.#count
    this.#sumMs = 0
    this.#count = 0
    if (!this.#isTrial) {
      this.#usualMs = meanMs
      this.#left = TRIAL_CALLS
      this.#isTrial = true
      return
    }
    // Waiting costs nothing, so it need not be better, only as good.
    const limitMs = this.#spins ? this.#usualMs : this.#usualMs * WORTH_IT
    if (meanMs < limitMs) this.#spins = !this.#spins
    this.#isTrial = false
    this.#left = CALLS
  }
}
