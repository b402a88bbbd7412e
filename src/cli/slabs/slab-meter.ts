import type { Memcache } from '../../client/memcache.ts'
import { explainError } from '../exit-code.ts'
import { slabClasses } from '../stats/slab-classes.ts'
import { StatsSampler } from '../stats/stats-sampler.ts'
import type { ServerSlabs } from './slab-lines.ts'

const MINUTE = 60

/** Asks the servers for their slab classes, again and again. */
export class SlabMeter {
  readonly #slabs: StatsSampler
  readonly #items: StatsSampler

  constructor(client: Memcache, signal: AbortSignal) {
    this.#slabs = new StatsSampler(client, { words: ['slabs'], signal })
    this.#items = new StatsSampler(client, { words: ['items'], signal })
  }

  /** Gives the classes of each server, in the order of the client. */
  async measure(): Promise<ServerSlabs[]> {
    const [slabs, items] = await Promise.all([this.#slabs.sample(), this.#items.sample()])
    return slabs.map(({ server, stats, error }, at) => {
      const { stats: itemStats, error: itemError, rate } = items[at]!
      const hasBoth = stats !== undefined && itemStats !== undefined
      const reason = hasBoth ? undefined : (explainError(error ?? itemError)?.lines[0] ?? String(error ?? itemError))
      return {
        server,
        classes: hasBoth ? slabClasses(stats, itemStats) : undefined,
        error: reason,
        evictedAMinute: (id: number) => rate(`items:${id}:evicted`) * MINUTE,
      }
    })
  }
}
