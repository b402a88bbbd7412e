import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DeadlineSweep } from '../../../src/connection/deadline-sweep.ts'

function sweeping(receivedAt = (): number => 0): { sweep: DeadlineSweep; times: number[] } {
  const times: number[] = []
  return { sweep: new DeadlineSweep((now) => times.push(now), receivedAt), times }
}

describe('DeadlineSweep', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('comes ten times in the shortest timeout, every 5 to 50 ms', () => {
    for (const [timeoutMs, periodMs] of [
      [1000, 50],
      [200, 20],
      [10, 5],
      [Number.POSITIVE_INFINITY, 50],
    ] as const) {
      const { sweep, times } = sweeping()
      sweep.watch(timeoutMs)
      vi.advanceTimersByTime(200)
      // The sweep itself comes one phase of the event loop behind its timer.
      vi.advanceTimersByTime(1)
      expect(times.length, `for ${timeoutMs} ms`).toBeGreaterThanOrEqual(Math.floor(200 / (periodMs + 1)))
      expect(times.length, `for ${timeoutMs} ms`).toBeLessThanOrEqual(200 / periodMs)
      sweep.stop()
    }
  })

  it('comes sooner when a shorter timeout is watched', () => {
    const { sweep, times } = sweeping()
    sweep.watch(1000)
    sweep.watch(50)
    vi.advanceTimersByTime(6)
    expect(times).toHaveLength(1)
    sweep.stop()
  })

  it('is silent when stopped', () => {
    const { sweep, times } = sweeping()
    sweep.watch(100)
    sweep.stop()
    vi.advanceTimersByTime(1000)
    expect(times).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })
})
