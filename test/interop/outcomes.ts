import { Memcache } from '../../src/client/memcache.ts'
import { SerdeError } from '../../src/errors.ts'
import { type JobResult, runJob } from './foreign-client.ts'
import type { Pair } from './pairs.ts'
import { describeOutcome, type Portable, toPortable } from './portable.ts'

/** What became of one sample in both directions. */
export interface Outcome {
  readonly sample: string
  /** memlane wrote it: what the other client read. */
  readonly theyRead: string
  /** The other client wrote it: what memlane read. */
  readonly weRead: string
}

export interface PairOutcomes {
  readonly version: string
  readonly outcomes: readonly Outcome[]
}

/** Sends every sample both ways through a server. */
export async function exchange(
  pair: Pair,
  port: number,
  protocol: 'meta' | 'text',
  samples: Readonly<Record<string, unknown>>,
): Promise<PairOutcomes> {
  await using cache = new Memcache(`127.0.0.1:${port}`, { serde: pair.serde, protocol })
  const entries = Object.entries(samples).map(([sample, value], at) => ({ sample, value, at }))
  const refused = new Set<string>()
  for (const { value, at } of entries) {
    if (!(await stores(cache, `ours-${at}`, value))) refused.add(`ours-${at}`)
  }
  const result = await runJob(pair.client, {
    port,
    options: pair.options,
    set: entries.map(({ value, at }) => [`theirs-${at}`, toPortable(value)]),
    get: entries.map(({ at }) => `ours-${at}`),
  })
  const outcomes: Outcome[] = []
  for (const { sample, value, at } of entries) {
    const theyRead = refused.has(`ours-${at}`) ? 'refused' : describeOutcome(toPortable(value), result.found[at]!)
    outcomes.push({ sample, theyRead, weRead: await whatWeRead(cache, result, at, value) })
  }
  return { version: result.version, outcomes }
}

async function stores(cache: Memcache, key: string, value: unknown): Promise<boolean> {
  try {
    return await cache.set(key, value)
  } catch (error) {
    if (error instanceof SerdeError) return false
    throw error
  }
}

async function whatWeRead(cache: Memcache, result: JobResult, at: number, value: unknown): Promise<string> {
  const stored = result.stored[at]
  if (stored !== true) return typeof stored === 'object' ? `not written (${String(stored.value)})` : 'not written'
  const got: Portable = await cache.get(`theirs-${at}`).then(toPortable, refusal)
  return got.type === 'refused' ? 'refused' : describeOutcome(toPortable(value), got)
}

function refusal(error: unknown): Portable {
  if (error instanceof SerdeError) return { type: 'refused' }
  throw error
}
