import type { Clock } from '../../../src/cluster/clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** A clock that the test moves. */
export class FakeClock implements Clock {
  readonly #timers: Set<Timer> = new Set()
  #now = 1000
  /** What `random` gives: 1 makes every jittered delay its longest. */
  chance = 1

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Delays until the timers that are set, shortest first. */
  get delays(): readonly number[] {
    return [...this.#timers].map((timer) => timer.at - this.#now).toSorted((a, b) => a - b)
  }

  /** Moves on; calls what becomes due, in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.at <= end).toSorted((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = next.at
      next.callback()
    }
    this.#now = end
  }
}
