import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../../src/pool/backoff.ts'

describe('backoffMs', () => {
  it.each([
    [0, false, 0, 20],
    [1, false, 25, 50],
    [2, false, 50, 100],
    [10, false, 1000, 2000],
    [1000, false, 1000, 2000],
    [1, true, 500, 1000],
    [1000, true, 15_000, 30_000],
  ])('after %i failures (login refused: %s) is between %i and %i ms, jittered', (failures, login, least, most) => {
    const delays = Array.from({ length: 200 }, () => backoffMs(failures, login))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(least)
    expect(Math.max(...delays)).toBeLessThanOrEqual(most)
    expect(new Set(delays).size).toBeGreaterThan(100)
  })
})
