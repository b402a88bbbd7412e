import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { backoffMs, idleLossMs } from '../../../src/pool/backoff.ts'

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

  it.each([
    [1, 20],
    [10, 20],
    [11, 22],
    [50, 100],
    [100, 200],
    [1000, 200],
  ])('after the loss of a working connection to one of %i servers is up to %i ms', (servers, most) => {
    const random = vi.spyOn(Math, 'random')
    onTestFinished(() => random.mockRestore())
    for (const share of [0, 0.25, 0.75]) {
      random.mockReturnValue(share)
      expect(backoffMs(0, false, servers)).toBe(share * most)
    }
    // What has failed before waits as long as ever.
    expect(backoffMs(1, false, servers)).toBe(25 + 0.75 * 25)
  })

  it.each([
    [1, 0],
    [10, 0],
    [11, 22],
    [1000, 200],
  ])('after the loss of an idle connection to one of %i servers is up to %i ms', (servers, most) => {
    const random = vi.spyOn(Math, 'random').mockReturnValue(0.5)
    onTestFinished(() => random.mockRestore())
    expect(idleLossMs(servers)).toBe(most / 2)
  })
})
