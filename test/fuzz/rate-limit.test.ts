import { afterEach, describe, expect, it, vi } from 'vitest'
import { rateLimit } from '../../src/recipes/rate-limit.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { createFuzz, roundsOf, timeout } from './seed.ts'

const LIMIT = 100
const WINDOW_SECONDS = 60
const WINDOW_MS = WINDOW_SECONDS * 1000

/** Calls of one pattern; 250 times as many are a million of all patterns. */
const CALLS = 1000

/** Makes the pauses between calls, in milliseconds. */
type Pauses = (random: () => number) => () => number

function poisson(random: () => number, meanMs: number): number {
  return -Math.log(1 - random()) * meanMs
}

const atRate =
  (share: number): Pauses =>
  (random) =>
  () =>
    poisson(random, WINDOW_MS / LIMIT / share)

const patterns: Readonly<Record<string, Pauses>> = {
  'calls at random, at the limit': atRate(1),
  'five times as many as the limit': atRate(5),
  'calls at a rate that changes': (random) => {
    let meanMs = 0
    let left = 0
    return () => {
      if (left-- <= 0) {
        meanMs = WINDOW_MS / LIMIT / Math.exp(random() * 4 - 2)
        left = Math.floor(random() * 300)
      }
      return poisson(random, meanMs)
    }
  },
  'bursts after pauses': (random) => {
    let left = 0
    return () => {
      if (left-- > 0) return random() * 20
      left = Math.floor(random() * 1.5 * LIMIT)
      return poisson(random, WINDOW_MS / 2)
    }
  },
}

/** Counts calls by time: most in any window. */
class WindowMaximum {
  most = 0
  total = 0
  readonly #times: number[] = []

  add(time: number): void {
    this.total++
    this.#times.push(time)
    while (this.#times[0]! <= time - WINDOW_MS) this.#times.shift()
    this.most = Math.max(this.most, this.#times.length)
  }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('rateLimit', () => {
  it.each(Object.entries(patterns))(
    'lets no more through than the limit in any window: %s',
    async (_name, pattern) => {
      const pause = pattern(createFuzz())
      const start = Date.UTC(2026, 0, 1)
      let now = start
      vi.useFakeTimers({ toFake: ['Date'], now })
      const cache = new MockMemcache()
      const passed = new WindowMaximum()
      for (let call = 0; call < roundsOf(CALLS); call++) {
        now += pause()
        vi.setSystemTime(now)
        const rule = { limit: LIMIT, windowSeconds: WINDOW_SECONDS, onFailure: 'deny' } as const
        const { allowed, used, degraded } = await rateLimit(cache, 'ada', rule)
        expect(degraded).toBe(false)
        expect(used).toBeLessThanOrEqual(LIMIT)
        // Windows are whole milliseconds of the clock.
        if (allowed) passed.add(Math.floor(now))
      }
      expect(passed.most).toBeGreaterThan(0.8 * LIMIT)
      expect(passed.most).toBeLessThanOrEqual(LIMIT)
      const mean = passed.total / ((now - start) / WINDOW_MS)
      if (pattern === patterns['five times as many as the limit']) expect(mean).toBeGreaterThan(0.85 * LIMIT)
    },
    timeout,
  )
})
