import type { Memcache } from '../../client/memcache.ts'
import type { Stats } from '../../client/stats.ts'
import { BatchError } from '../../errors.ts'

/** Answer of a server, and how it differs from the one before. */
export interface ServerSample {
  readonly server: string
  /** Its answer to `stats`; undefined where it failed. */
  readonly stats: Stats | undefined
  /** Why it failed. */
  readonly error: unknown
  /** Seconds since the sample before; undefined for the first one, and after the server has started anew. */
  readonly seconds: number | undefined
  /** Growth of a number since the sample before; NaN where there is none, or where the counters were reset. */
  readonly delta: (name: string) => number
  /** Growth of a number a second; NaN as for `delta`. */
  readonly rate: (name: string) => number
}

/** An answer and when it came. */
interface Answer {
  readonly stats: Stats
  /** Milliseconds of the clock. */
  readonly at: number
}

/** Options of a sampler. */
export interface SamplerOptions {
  /** Words after `stats`, as `items`. */
  readonly words?: readonly string[]
  readonly signal?: AbortSignal
  /** Milliseconds of a clock. */
  readonly now?: () => number
}

/** Asks the servers of a client for their `stats` again and again, and counts what has changed in between. */
export class StatsSampler {
  readonly #client: Pick<Memcache, 'stats' | 'servers'>
  readonly #words: readonly string[]
  readonly #call: { readonly signal?: AbortSignal }
  readonly #now: () => number
  #last: ReadonlyMap<string, Answer> = new Map()

  constructor(
    client: Pick<Memcache, 'stats' | 'servers'>,
    { words = [], signal, now = () => performance.now() }: SamplerOptions = {},
  ) {
    this.#client = client
    this.#words = words
    this.#call = signal === undefined ? {} : { signal }
    this.#now = now
  }

  /**
   * Asks all servers at once; a server that fails has its error in its sample.
   *
   * @returns a sample for each server, in the order of the command line.
   */
  async sample(): Promise<ServerSample[]> {
    const { found, failed } = await this.#ask()
    const at = this.#now()
    const samples = this.#client.servers.map(({ name }) =>
      makeSample(name, found.get(name), failed.get(name), at, this.#last.get(name)),
    )
    // A server that failed keeps its last answer: the next delta spans the outage.
    const answers = [...found].map(([server, stats]) => [server, { stats, at }] as const)
    this.#last = new Map([...this.#last, ...answers])
    return samples
  }

  async #ask(): Promise<{ readonly found: ReadonlyMap<string, Stats>; readonly failed: ReadonlyMap<string, unknown> }> {
    try {
      return { found: await this.#client.stats(...this.#words, this.#call), failed: new Map() }
    } catch (error) {
      if (!(error instanceof BatchError)) throw error
      return { found: error.found as Map<string, Stats>, failed: error.failed as Map<string, unknown> }
    }
  }
}

function makeSample(
  server: string,
  stats: Stats | undefined,
  error: unknown,
  at: number,
  last: Answer | undefined,
): ServerSample {
  const before = stats === undefined || last === undefined || hasRestarted(last.stats, stats) ? undefined : last
  const seconds = before === undefined ? undefined : (at - before.at) / 1000
  const delta = (name: string): number => {
    const growth = before === undefined ? Number.NaN : numberIn(stats, name) - numberIn(before.stats, name)
    return growth < 0 ? Number.NaN : growth
  }
  return { server, stats, error, seconds, delta, rate: (name) => delta(name) / (seconds ?? Number.NaN) }
}

function hasRestarted(before: Stats, now: Stats): boolean {
  return before['pid'] !== now['pid'] || numberIn(now, 'uptime') < numberIn(before, 'uptime')
}

/** Number in an answer; NaN where it is missing or none. */
export function numberIn(stats: Stats | undefined, name: string): number {
  const value = stats?.[name]
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : Number.NaN
}
