import { Buffer } from 'node:buffer'

/** A source of random numbers that gives the same ones for the same seed (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number

  constructor(seed: number) {
    // Of 0 comes nothing but 0.
    this.#state = seed >>> 0 || 1
  }

  /** From 0 to `below` - 1. */
  below(below: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x >>> 0) % below
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let at = 0; at < length; at++) bytes[at] = this.below(256)
    return bytes
  }

  /** A copy with a few bytes changed, cut off in one case of four. */
  damage(original: Uint8Array): Buffer {
    const bytes = Buffer.from(original)
    if (bytes.length === 0) return bytes
    for (let left = 1 + this.below(4); left > 0; left--) bytes[this.below(bytes.length)] = this.below(256)
    return this.below(4) === 0 ? bytes.subarray(0, this.below(bytes.length)) : bytes
  }
}
