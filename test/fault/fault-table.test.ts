import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const RUNNER = join(import.meta.dirname, '../../bench/faults/run.mjs')

/** A dozen of the scenarios of `npm run faults`, of each kind one that others do not stand. */
const SCENARIOS = [
  'key-too-many-bytes',
  'number-with-command',
  'killed-in-flight',
  'ended-in-flight',
  'late-replies',
  'reset-in-value',
  'garbage-bytes',
  'size-huge',
  'wrong-key',
  'silence-in-batch',
  'two-of-three-half-alive',
  'exit-after-close',
]

describe('npm run faults', () => {
  it('finds that memlane holds a dozen scenarios', { timeout: 400_000 }, async () => {
    const args = [RUNNER, '--client', 'memlane', '--scenario', SCENARIOS.join(','), '--jobs', '3']
    // Ends with an error where memlane does not hold one.
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toContain(`memlane ${SCENARIOS.length} of ${SCENARIOS.length}`)
  })
})
