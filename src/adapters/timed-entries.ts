import type { KeyOptions } from '../client/call-options.ts'
import type { Namespace } from '../client/namespace/namespace.ts'

/** An entry of a batch in which each has its own time to live. */
export interface TimedEntry {
  readonly key: string
  readonly value: unknown
  /** Seconds, 0 for ever; {@link OVER}: the entry is removed instead; undefined: as the client says. */
  readonly ttl: number | undefined
}

/** Time to live of an entry whose time has passed. */
export const OVER: number = -1

/** Stores entries, neighbours with one ttl as one batch, all at a time; returns for each whether it was stored. */
export async function storeTimed(
  items: Namespace,
  entries: readonly TimedEntry[],
  options: KeyOptions,
): Promise<boolean[]> {
  const stored = await Promise.all(runsOf(entries).map((run) => storeRun(items, run, options)))
  return stored.flat()
}

/** Runs of entries with one ttl: the order of the entries stays, because one key may have several. */
function runsOf(entries: readonly TimedEntry[]): TimedEntry[][] {
  const runs: TimedEntry[][] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run !== undefined && run[0]!.ttl === entry.ttl) run.push(entry)
    else runs.push([entry])
  }
  return runs
}

async function storeRun(items: Namespace, run: readonly TimedEntry[], options: KeyOptions): Promise<boolean[]> {
  const { ttl } = run[0]!
  if (ttl !== OVER) {
    const pairs = run.map(({ key, value }) => [key, value] as const)
    return items.setMany(pairs, { ...options, ...(ttl !== undefined && { ttl }), returnEach: true })
  }
  await items.deleteMany(
    run.map(({ key }) => key),
    options,
  )
  return run.map(() => true)
}
