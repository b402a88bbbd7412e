import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** A fresh copy of the module, on a machine with so many cores. */
async function createWait(cores: number): Promise<import('../../../../src/sync/direct/reply-wait.ts').ReplyWait> {
  vi.resetModules()
  vi.doMock('node:os', () => ({ availableParallelism: () => cores }))
  const { ReplyWait } = await import('../../../../src/sync/direct/reply-wait.ts')
  return new ReplyWait()
}

beforeEach(() => vi.resetModules())
afterEach(() => vi.doUnmock('node:os'))

/** A look in vain, in milliseconds. */
const LOOK_MS = 0.006

/** Calls whose replies come after these times; gives the time of the first look behind them. */
function run(wait: { readonly dueMs: number; note(looks: number): void }, timesMs: readonly number[]): number {
  for (const timeMs of timesMs) wait.note(Math.max(0, Math.ceil((timeMs - wait.dueMs) / LOOK_MS)))
  return wait.dueMs
}

const repeat = (count: number, ...timesMs: number[]): number[] =>
  Array.from({ length: count }, (_, at) => timesMs[at % timesMs.length]!)

describe('the wait for a reply', () => {
  it('looks first when the reply has probably come', async () => {
    const wait = await createWait(2)
    expect(wait.dueMs).toBe(0)
    const dueMs = run(wait, repeat(500, 0.0065))
    expect(dueMs).toBeGreaterThan(0.006)
    expect(dueMs).toBeLessThan(0.0075)
  })

  it('follows replies to a server that has gone far away, and back', async () => {
    const wait = await createWait(2)
    const farMs = run(wait, repeat(1000, 0.5))
    expect(farMs).toBeGreaterThan(0.45)
    expect(farMs).toBeLessThan(0.55)
    expect(run(wait, repeat(1000, 0.006))).toBeLessThan(0.009)
  })

  it('makes the many fast replies wait little for the few slow ones', async () => {
    const wait = await createWait(2)
    expect(run(wait, repeat(5000, 0.006, 0.006, 5))).toBeLessThan(0.008)
  })

  it('sleeps before the first look only where that leaves time to wake', async () => {
    const wait = await createWait(2)
    expect(wait.sleepBeforeDue(0.1)).toBe(0)
    expect(wait.sleepBeforeDue(0.5)).toBeCloseTo(0.4)
  })

  it('looks without a pause for a moment, then ever more rarely, but never much too late', async () => {
    const wait = await createWait(2)
    expect(wait.sleepAfterLook(0.14, false)).toBe(0)
    expect(wait.sleepAfterLook(0.16, false)).toBe(0.02)
    expect(wait.sleepAfterLook(8, false)).toBe(1)
    expect(wait.sleepAfterLook(900, false)).toBe(5)
  })

  it('spins for the rest of a reply no longer than for one that is due, however far the server is', async () => {
    const wait = await createWait(2)
    run(wait, repeat(1000, 50))
    expect(wait.sleepAfterLook(40, false)).toBe(0)
    expect(wait.sleepAfterLook(0.14, true)).toBe(0)
    expect(wait.sleepAfterLook(0.2, true)).toBeCloseTo(0.025)
  })

  it('never keeps the only core busy', async () => {
    const wait = await createWait(1)
    expect(wait.sleepBeforeDue(0.01)).toBe(0.01)
    expect(wait.sleepAfterLook(0.001, false)).toBeGreaterThan(0)
  })
})
