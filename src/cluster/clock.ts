/** Time and randomness for a cluster; a test supplies its own. */
export interface Clock {
  /** Milliseconds on a monotonic clock. */
  now(): number
  /** Calls back later, unless the returned function is called first. The timer keeps no process alive. */
  after(delayMs: number, callback: () => void): () => void
  /** Returns a random number from 0 up to 1. */
  random(): number
}

/** Longest delay of a timer, in milliseconds: Node counts it in 31 bits and fires at once beyond. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The clock of the machine. */
export const systemClock: Clock = Object.freeze({
  now: () => performance.now(),
  after: (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, Math.min(delayMs, MAX_TIMER_MS)).unref()
    return () => clearTimeout(timer)
  },
  random: () => Math.random(),
})
