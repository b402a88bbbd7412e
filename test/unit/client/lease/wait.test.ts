import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LeaseWait, pause } from '../../../../src/client/lease/wait.ts'

describe('the wait for somebody else’s lease', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('asks after 10 ms at most, then ever more rarely, every 250 ms at last', () => {
    const all = pauses(new LeaseWait({ cas: 1n, ttl: 10 }, 10, undefined))
    for (const [at, most] of [10, 20, 40, 80, 160, 250, 250].entries()) {
      expect(all[at]).toBeLessThanOrEqual(most)
      expect(all[at]).toBeGreaterThanOrEqual(most / 2)
    }
  })

  it('lasts as long as the lease, and a pause more', () => {
    expect(sum(pauses(new LeaseWait({ cas: 1n, ttl: 10 }, 10, undefined)))).toBeCloseTo(10_250, -2)
  })

  it('begins again with the lease of another', () => {
    const wait = new LeaseWait({ cas: 1n, ttl: 2 }, 2, undefined)
    vi.advanceTimersByTime(2000)
    wait.see({ cas: 1n, ttl: 1 })
    expect(wait.next()).toBeLessThanOrEqual(250)
    wait.see({ cas: 2n, ttl: 2 })
    expect(sum(pauses(wait))).toBeCloseTo(2250, -2)
  })

  it('knows another lease by its time where there are no cas numbers', () => {
    const wait = new LeaseWait({ cas: 0n, ttl: 2 }, 2, undefined)
    vi.advanceTimersByTime(2000)
    wait.see({ cas: 0n, ttl: 2 })
    expect(sum(pauses(wait))).toBeCloseTo(250, -1)
    wait.see({ cas: 0n, ttl: 1 })
    wait.see({ cas: 0n, ttl: 2 })
    expect(sum(pauses(wait))).toBeCloseTo(2250, -2)
  })

  it('is the caller’s waitMs in all, whoever is loading', () => {
    const wait = new LeaseWait({ cas: 1n, ttl: 10 }, 10, 100)
    vi.advanceTimersByTime(60)
    wait.see({ cas: 2n, ttl: 10 })
    expect(sum(pauses(wait))).toBeCloseTo(40, -1)
    expect(new LeaseWait({ cas: 1n, ttl: 10 }, 10, 0).next()).toBeUndefined()
  })

  it('ends a pause with the reason of the signal, and leaves no timer', async () => {
    const controller = new AbortController()
    const paused = pause(1000, controller.signal)
    controller.abort(new Error('gone'))
    await expect(paused).rejects.toThrow('gone')
    expect(vi.getTimerCount()).toBe(0)
    await expect(pause(1000, controller.signal)).rejects.toThrow('gone')
  })
})

/** The pauses until the waiting is over, as they pass. */
function pauses(wait: LeaseWait): number[] {
  const all: number[] = []
  for (let next = wait.next(); next !== undefined; next = wait.next()) {
    all.push(next)
    // The clock of the tests has no fractions.
    vi.advanceTimersByTime(Math.ceil(next))
  }
  return all
}

function sum(all: readonly number[]): number {
  return all.reduce((total, one) => total + one, 0)
}
