import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DeadlineSweep } from '../../../src/seam/deadline-sweep.ts'

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

/** An event loop whose turns take as long as the test says: timers, then what can be read, then immediates. */
class SlowLoop {
  now = 1000
  readonly #timers: Map<object, { at: number; run: () => void }> = new Map()
  #immediates: Map<object, () => void> = new Map()

  /** Puts it in the place of the real one. */
  install(): void {
    vi.spyOn(performance, 'now').mockImplementation(() => this.now)
    vi.stubGlobal('setTimeout', (run: () => void, milliseconds: number) => {
      const handle = {}
      this.#timers.set(handle, { at: this.now + milliseconds, run })
      return handle
    })
    vi.stubGlobal('clearTimeout', (handle: object) => this.#timers.delete(handle))
    vi.stubGlobal('setImmediate', (run: () => void) => {
      const handle = {}
      this.#immediates.set(handle, run)
      return handle
    })
    vi.stubGlobal('clearImmediate', (handle: object) => this.#immediates.delete(handle))
  }

  /** One turn; `work` is what it spends before the immediates of this turn, `read` what the sockets bring. */
  turn(read: () => void, work: () => void): void {
    for (const [handle, { at, run }] of this.#timers) {
      if (at > this.now) continue
      this.#timers.delete(handle)
      run()
    }
    read()
    const immediates = this.#immediates
    this.#immediates = new Map()
    work()
    for (const run of immediates.values()) run()
  }
}

describe('DeadlineSweep in an event loop that is always busy', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
  })

  it.each([
    ['nothing comes', false],
    ['bytes come in every turn', true],
  ])('expires what is due a turn or two late at most, though every turn takes 60 ms and %s', (_name, comes) => {
    const loop = new SlowLoop()
    loop.install()
    let receivedAt = 0
    const { sweep, times } = sweeping(() => receivedAt)
    const dueAt = loop.now + 200
    sweep.watch(200)
    for (let turns = 0; turns < 20; turns++) {
      loop.turn(
        () => {
          if (comes) receivedAt = loop.now
        },
        () => {
          loop.now += 60
        },
      )
    }
    sweep.stop()
    const first = times.findIndex((now) => now >= dueAt)
    expect(first).toBeGreaterThanOrEqual(0)
    // The sweep's own period, and two turns.
    expect(times[first]).toBeLessThanOrEqual(dueAt + 20 + 2 * 60)
  })

  it('expires nothing before what had arrived during a long block was read', () => {
    const loop = new SlowLoop()
    loop.install()
    const order: string[] = []
    let receivedAt = 0
    const sweep = new DeadlineSweep(
      (now) => order.push(now >= 1200 ? 'expired' : 'looked'),
      () => receivedAt,
    )
    sweep.watch(200)
    // The caller computes for 2 s; the reply has long been in the socket.
    loop.now += 2000
    loop.turn(
      () => {
        receivedAt = loop.now
        order.push('read')
      },
      () => undefined,
    )
    for (let turns = 0; turns < 40; turns++)
      loop.turn(
        () => undefined,
        () => {
          loop.now += 1
        },
      )
    sweep.stop()
    expect(order.indexOf('read')).toBe(0)
    expect(order).toContain('expired')
  })

  it('expires nothing that came due during a block until a turn has read what arrived in it', () => {
    const loop = new SlowLoop()
    loop.install()
    const times: number[] = []
    let readAt = 0
    const sweep = new DeadlineSweep(
      // Whatever is due at `now` expires: only what was due before the last read may.
      (now) => times.push(now - readAt),
      () => 0,
    )
    sweep.watch(200)
    for (let turns = 0; turns < 30; turns++) {
      loop.turn(
        () => {
          readAt = loop.now
        },
        () => {
          loop.now += turns % 3 === 0 ? 90 : 2
        },
      )
    }
    sweep.stop()
    expect(times.length).toBeGreaterThan(0)
    // 20 ms are no block: a turn of ordinary length.
    for (const ahead of times) expect(ahead).toBeLessThanOrEqual(20)
  })
})
