/** Buckets for each power of two: values are known to 5 %. */
const STEPS = 8
/** Greatest value that has a bucket of its own: 2^40. */
const BUCKETS = 40 * STEPS + 1

/** Counts of numbers from 0 on in logarithmic buckets, for medians of millions of numbers in 1.3 kB. */
export class LogHistogram {
  readonly #counts: Uint32Array = new Uint32Array(BUCKETS)
  #total = 0
  #least = Number.POSITIVE_INFINITY
  #greatest = 0

  /** Takes a number, 0 or more. */
  add(value: number): void {
    this.#least = Math.min(this.#least, value)
    this.#greatest = Math.max(this.#greatest, value)
    this.#counts[Math.min(BUCKETS - 1, Math.round(Math.log2(value + 1) * STEPS))]!++
    this.#total++
  }

  /** Takes all numbers of another one. */
  addAll(other: LogHistogram): void {
    for (const [at, count] of other.#counts.entries()) this.#counts[at]! += count
    this.#total += other.#total
    this.#least = Math.min(this.#least, other.#least)
    this.#greatest = Math.max(this.#greatest, other.#greatest)
  }

  /** Number of which half of the numbers are less; NaN for none. */
  get median(): number {
    let left = this.#total / 2
    for (const [at, count] of this.#counts.entries()) {
      left -= count
      if (count > 0 && left <= 0) return Math.min(this.#greatest, Math.max(this.#least, 2 ** (at / STEPS) - 1))
    }
    return Number.NaN
  }
}
