import { onTestFinished, vi } from 'vitest'

const realNow = performance.now.bind(performance)
let skippedMs = 0

/**
 * Moves the monotonic clock of this thread forward, until the test has ended. Timers do not fire sooner: this is for code
 * that compares two readings of the clock, and the test does not wait for the time in between.
 */
export function skipTime(milliseconds: number): void {
  if (skippedMs === 0) {
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => realNow() + skippedMs)
    onTestFinished(() => {
      spy.mockRestore()
      skippedMs = 0
    })
  }
  skippedMs += milliseconds
}
