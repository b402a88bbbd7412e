import { describe, expect, it, vi } from 'vitest'
import { SpinChoice } from '../../../../src/sync/bridge/spin-choice.ts'

vi.mock('node:os', () => ({ availableParallelism: () => 2 }))

/** Makes calls, whose time depends on whether they spin; says which of them did. */
function run(choice: SpinChoice, header: Int32Array, calls: number, msOf: (spins: boolean) => number): boolean[] {
  return Array.from({ length: calls }, () => {
    const load = vi.spyOn(Atomics, 'load')
    choice.spin(0, header[0]! + 1)
    const spins = load.mock.calls.length > 0
    load.mockRestore()
    choice.note(msOf(spins))
    return spins
  })
}

function share(spins: readonly boolean[]): number {
  return spins.filter(Boolean).length / spins.length
}

describe('the choice to spin', () => {
  it('is made where spinning is clearly faster, and taken back where it no longer is', () => {
    const header = new Int32Array(new SharedArrayBuffer(4))
    const choice = new SpinChoice(header)
    expect(share(run(choice, header, 400, () => 0.07))).toBe(0)
    run(choice, header, 16, (spins) => (spins ? 0.03 : 0.07))
    expect(share(run(choice, header, 3000, (spins) => (spins ? 0.03 : 0.07)))).toBeGreaterThan(0.9)
    expect(share(run(choice, header, 6000, (spins) => (spins ? 0.09 : 0.03)).slice(1000))).toBeLessThan(0.1)
  })

  it('is not made for a small gain, nor for calls that take long either way', () => {
    const header = new Int32Array(new SharedArrayBuffer(4))
    expect(share(run(new SpinChoice(header), header, 3000, (spins) => (spins ? 0.029 : 0.03)))).toBeLessThan(0.1)
    expect(share(run(new SpinChoice(header), header, 3000, () => 5))).toBeLessThan(0.1)
  })
})
