import type { Memcache } from '../../client/memcache.ts'
import type { Stats } from '../../client/stats.ts'
import { BatchError } from '../../errors.ts'
import type { ExpositionSample } from './exposition.ts'
import { serverMetrics } from './server-metrics.ts'

/** Options of a {@link ScrapeTarget}. */
export interface TargetOptions {
  /** Whether slab classes are in the metrics. */
  readonly slabs: boolean
  /** Called when the server fails, or refuses a part, and was well before. */
  readonly onFailure: (server: string, error: unknown) => void
}

/** A server whose numbers are read when it is scraped. */
export class ScrapeTarget {
  /** Name of the server: `host:port`. */
  readonly name: string
  scrapes = 0
  failures = 0
  readonly #client: Memcache
  readonly #options: TargetOptions
  #underWay: Promise<ExpositionSample[]> | undefined
  /** Parts that failed at the last scrape. */
  #failing: ReadonlySet<string> = new Set()

  /** @param client - Client of this server alone. */
  constructor(client: Memcache, options: TargetOptions) {
    this.name = client.servers[0]!.name
    this.#client = client
    this.#options = options
  }

  /** Reads the metrics; calls at a time share one reading. Never rejects: a server that fails has `memcached_up` 0. */
  scrape(): Promise<ExpositionSample[]> {
    this.#underWay ??= this.#scrape().finally(() => {
      this.#underWay = undefined
    })
    return this.#underWay
  }

  async #scrape(): Promise<ExpositionSample[]> {
    this.scrapes++
    const failing = new Map<string, unknown>()
    const ask = (...words: string[]): Promise<Stats | undefined> => this.#ask(failing, words)
    const withSlabs = this.#options.slabs
    const [stats, settings, items, slabs] = await Promise.all([
      ask(),
      ask('settings'),
      withSlabs ? ask('items') : undefined,
      ask('slabs'),
    ])
    this.#report(failing)
    const up = { name: 'memcached_up', type: 'gauge', help: 'Whether the server answers.', labels: {} } as const
    if (stats === undefined) return [{ ...up, value: 0 }]
    return [{ ...up, value: 1 }, ...serverMetrics({ stats, settings, items, slabs }, withSlabs)]
  }

  /** A server may refuse a part, as hosted services do: it is left out. */
  async #ask(failing: Map<string, unknown>, words: string[]): Promise<Stats | undefined> {
    try {
      const answers = await this.#client.stats(...words)
      return answers.get(this.name)
    } catch (error) {
      failing.set(words.join(' '), error instanceof BatchError ? ([...error.failed.values()][0] ?? error) : error)
      return undefined
    }
  }

  /** Reports what did not fail at the scrape before; of a server that is down, one part. */
  #report(failing: ReadonlyMap<string, unknown>): void {
    const isDown = failing.has('')
    if (isDown) this.failures++
    for (const [part, error] of failing) {
      const isNew = !this.#failing.has(part) && !this.#failing.has('')
      if (isNew && (part === '' || !isDown)) this.#options.onFailure(this.name, error)
    }
    this.#failing = new Set(failing.keys())
  }
}

/** Servers that may be scraped, by name. */
export class ScrapeTargets {
  readonly #byName: ReadonlyMap<string, ScrapeTarget>

  constructor(targets: readonly ScrapeTarget[]) {
    this.#byName = new Map(targets.map((target) => [target.name, target]))
  }

  get all(): ScrapeTarget[] {
    return [...this.#byName.values()]
  }

  /** Returns the server of `host:port`, or of a host with the port of memcached; undefined: it was not named. */
  find(text: string): ScrapeTarget | undefined {
    return this.#byName.get(text) ?? this.#byName.get(`${text}:11211`)
  }
}
