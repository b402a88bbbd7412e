import { onTestFailed } from 'vitest'
import { createRandom } from '../../src/testing/random.ts'

/** Every run of `npm test` takes this seed, so that it gives the same twice; `npm run fuzz` takes another one each time. */
const USUAL_SEED = 20_260_709

/** Seeds are unsigned 32-bit numbers. */
const SEEDS = 2 ** 32

const { MEMLANE_FUZZ_SEED = String(USUAL_SEED), MEMLANE_FUZZ_ROUNDS = '1' } = process.env

/** How many times as many rounds as in `npm test`; 0 is one round. */
const factor = readNumber('MEMLANE_FUZZ_ROUNDS', MEMLANE_FUZZ_ROUNDS, 1_000_000)

/** What chance starts from in this run. */
export const seed: number = readNumber('MEMLANE_FUZZ_SEED', MEMLANE_FUZZ_SEED, SEEDS - 1)

/** For tests whose rounds may be many: two minutes, as usual, for each time that they are made. */
export const timeout: number = 120_000 * Math.max(1, factor)

/** How many rounds a test makes that usually makes `usual`. */
export function roundsOf(usual: number): number {
  return Math.max(1, Math.ceil(usual * factor))
}

/**
 * What a property of fast-check is tried with. Its own message has the seed, and the path to the smallest example; the seed
 * alone brings the failure back.
 */
export function parametersOf(usual: number): { readonly numRuns: number; readonly seed: number } {
  sayHow(seed, MEMLANE_FUZZ_ROUNDS)
  // fast-check takes signed seeds.
  return { numRuns: roundsOf(usual), seed: seed | 0 }
}

/** A source of chance for a test that makes all its rounds from one. */
export function createFuzz(): () => number {
  sayHow(seed, MEMLANE_FUZZ_ROUNDS)
  return createRandom(seed)
}

/** One round, with a source of chance of its own. */
export interface Round {
  readonly at: number
  /** What its chance starts from: alone, as the seed of the run, it makes this the first round. */
  readonly seed: number
  readonly random: () => number
}

/** Makes the rounds, each from a seed of its own; a failure says how to make its round alone. */
export async function playRounds(usual: number, play: (round: Round) => Promise<void> | void): Promise<void> {
  let playing = seed
  sayHow(() => playing, '0')
  for (let at = 0; at < roundsOf(usual); at++) {
    playing = (seed + at) % SEEDS
    await play({ at, seed: playing, random: createRandom(playing) })
  }
}

function sayHow(from: number | (() => number), rounds: string): void {
  onTestFailed(({ task }) => {
    const failed = typeof from === 'number' ? from : from()
    const file = task.file.name
    console.error(`To see it again: MEMLANE_FUZZ_SEED=${failed} MEMLANE_FUZZ_ROUNDS=${rounds} npm run fuzz -- ${file}`)
  })
}

function readNumber(name: string, text: string, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= most) return value
  throw new Error(`${name} must be a number from 0 to ${most}, got ${JSON.stringify(text)}`)
}
