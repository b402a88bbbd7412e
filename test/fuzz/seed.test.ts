import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { playRounds, roundsOf, seed } from './seed.ts'

/** What a run says of the sample, and which rounds it played. */
function runSample(environment: Readonly<Record<string, string>>): { rounds: string[]; hint: string | undefined } {
  const root = join(import.meta.dirname, '../..')
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', 'test/fuzz/sample.config.ts']
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, VITEST: '', ...environment },
  })
  const output = stdout + stderr
  const rounds = [...output.matchAll(/^played (\d+)/gm)].map(([, round]) => round!)
  return { rounds: [...new Set(rounds)], hint: /MEMLANE_FUZZ_SEED=.*/.exec(output)?.[0] }
}

describe('the rounds of a fuzz test', () => {
  it('start from the seeds that follow each other', async () => {
    const seeds: number[] = []
    await playRounds(5, (round) => void seeds.push(round.seed))
    expect(seeds).toHaveLength(roundsOf(5))
    expect(seeds.slice(0, 5)).toEqual(seeds.slice(0, 5).map((_, at) => seed + at))
  })

  it('give the same chances for the same seed, and others for another', async () => {
    const chances: number[][] = []
    for (let time = 0; time < 2; time++) await playRounds(2, ({ random }) => void chances.push([random(), random()]))
    const [first, second] = chances
    expect(chances.slice(chances.length / 2)).toEqual(chances.slice(0, chances.length / 2))
    expect(first).not.toEqual(second)
  })
})

describe('a fuzz test that fails', () => {
  it('says how to see it again, and that plays its round and no other', () => {
    const first = runSample({ MEMLANE_FUZZ_SEED: '5', MEMLANE_FUZZ_ROUNDS: '1' })
    expect(first.rounds).toEqual(['5', '6', '7', '8'])
    expect(first.hint).toBe('MEMLANE_FUZZ_SEED=8 MEMLANE_FUZZ_ROUNDS=0 npm run fuzz -- test/fuzz/sample.ts')
    const again = runSample({ MEMLANE_FUZZ_SEED: '8', MEMLANE_FUZZ_ROUNDS: '0' })
    expect(again).toEqual({ rounds: ['8'], hint: first.hint })
  })
})
