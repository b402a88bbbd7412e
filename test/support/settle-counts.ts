import { expect } from 'vitest'
import { turns } from './crashes.ts'
import { until } from './eventually.ts'

/** Counts how often each of many calls settles. */
export class SettleCounts {
  readonly counts: number[] = []

  /** Begins to count for a call; returns the function that counts. */
  add(): () => void {
    const at = this.counts.push(0) - 1
    return () => {
      this.counts[at]!++
    }
  }

  /** Waits until every call has settled, and somewhat longer. */
  async settled(): Promise<void> {
    await until(() => this.counts.every((count) => count > 0), 'every call settles')
    await turns(20)
  }

  expectOnceEach(): void {
    expect(this.counts.filter((count) => count !== 1)).toEqual([])
  }
}
