import { availableParallelism } from 'node:os'

/** Time for which a caller spins before it gives its core up, in milliseconds: a round trip on one machine. */
const SPIN_MS = 0.06

/** Number of calls in the way that is better at present, and then of trial calls in the other way. */
const CALLS = 400
const TRIAL_CALLS = 16

/** Factor by which spinning must be faster: otherwise the caller keeps a core busy for nothing. */
const WORTH_IT = 0.85

/** Longest call that shows how its thread was woken, in milliseconds. */
const LONGEST_MS = 0.5

/**
 * Choice whether a caller spins for a moment before it waits. On a quiet machine spinning more than halves a call,
 * because an idle core takes long to wake; on a busy one it doubles a call, because the spinning thread blocks the
 * others (`bench/micro/sync-bridge.mjs`). So both ways are tried, now and then.
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

  /** Spins, if this call is to spin, until the word is no longer `value`; not for long. */
  spin(word: number, value: number): void {
    if (!this.#maySpin || this.#spins === this.#isTrial) return
    const end = performance.now() + SPIN_MS
    while (Atomics.load(this.#header, word) === value && performance.now() < end);
  }

  /** Records how long the call took. */
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
    // Waiting costs nothing: it need not be faster, only as fast.
    const limitMs = this.#spins ? this.#usualMs : this.#usualMs * WORTH_IT
    if (meanMs < limitMs) this.#spins = !this.#spins
    this.#isTrial = false
    this.#left = CALLS
  }
}
