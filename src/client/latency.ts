/** Times beyond this count as this, in microseconds: about a minute. */
const MAX_MICROSECONDS = 2 ** 26 - 1

/** Number of buckets up to that time. */
const BUCKETS = 1344

/**
 * Numbers of times by their length, in microseconds: 64 buckets of equal width for each power of two, so that a time is known
 * to 1.6 %.
 */
export class Histogram {
  readonly #buckets: Float64Array = new Float64Array(BUCKETS)
  #count = 0
  #max = 0

  /** Number of times. */
  get count(): number {
    return this.#count
  }

  /** Longest time, in milliseconds. */
  get maxMs(): number {
    return this.#max / 1000
  }

  /** Adds a time that several commands took. */
  record(milliseconds: number, commands: number): void {
    const time = Math.min(Math.max(0, Math.round(milliseconds * 1000)), MAX_MICROSECONDS)
    const scale = time < 128 ? 0 : 25 - Math.clz32(time)
    this.#buckets[(scale << 6) + (time >>> scale)]! += commands
    this.#count += commands
    if (time > this.#max) this.#max = time
  }

  /** Adds the times of another one. */
  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#buckets[bucket]! += other.#buckets[bucket]!
    this.#count += other.#count
    if (other.#max > this.#max) this.#max = other.#max
  }

  /** Returns a time that a part of the commands did not exceed, in milliseconds; 0 where there are none. */
  quantileMs(part: number): number {
    let left = part * this.#count
    if (left === 0) return 0
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#buckets[bucket]!
      if (left <= 0) return Math.min(endOf(bucket), this.#max) / 1000
    }
    return this.maxMs
  }
}

/** The longest time in a bucket. */
function endOf(bucket: number): number {
  const scale = Math.max(0, (bucket >> 6) - 1)
  return ((bucket - (scale << 6) + 1) << scale) - 1
}
