import type { Memcache } from '../../client/memcache.ts'
import { type FollowOptions, followServers } from '../keys/follow-servers.ts'
import { HotKeys } from '../keys/hot-keys.ts'
import { StatsSampler } from '../stats/stats-sampler.ts'
import type { SeenReads } from './hot-report.ts'

/** Settings of a watch. */
export interface HotWatchOptions extends Omit<FollowOptions, 'topics'> {
  /** Ends the prefix of a key. */
  readonly delimiter: string
  /** Called when a server fails, or refuses to be watched. */
  readonly onFailure: (server: string, error: unknown) => void
  /** Milliseconds of a clock. */
  readonly now?: () => number
}

/** One server that is watched. */
interface Watched {
  readonly hot: HotKeys
  /** When it was begun, in milliseconds of the clock. */
  readonly since: number
  /** Entries of its log for watchers since then: those that it wrote, and those for which it had no room. */
  written: number
  dropped: number
}

/** Watches the reads of all servers, and how much of its log each of them leaves out. */
export class HotWatch {
  readonly #client: Memcache
  readonly #options: HotWatchOptions
  readonly #sampler: StatsSampler
  readonly #watched: Map<string, Watched> = new Map()
  readonly #now: () => number

  constructor(client: Memcache, options: HotWatchOptions) {
    this.#client = client
    this.#options = options
    this.#sampler = new StatsSampler(client)
    this.#now = options.now ?? (() => performance.now())
  }

  /** Watches until the signal aborts. */
  async run(): Promise<void> {
    await this.measure()
    const { onFailure } = this.#options
    await followServers(
      this.#client,
      { ...this.#options, topics: ['fetchers', 'mutations'] },
      {
        onFailure,
        onEvents: (server, events) => {
          this.#watchedOf(server).hot.add(events)
          return undefined
        },
      },
    )
  }

  /** Asks the servers how much of their log they have left out since the last time. Call it now and then, and at the end. */
  async measure(): Promise<void> {
    for (const { server, delta } of await this.#sampler.sample()) {
      const watched = this.#watched.get(server)
      if (watched === undefined) continue
      watched.written += delta('log_worker_written') || 0
      watched.dropped += delta('log_worker_dropped') || 0
    }
  }

  /** Reads that were seen so far. */
  get seen(): SeenReads[] {
    return Array.from(this.#watched, ([server, { hot, since, written, dropped }]) => ({
      server,
      hot,
      ms: this.#now() - since,
      factor: factorOf(written, dropped) * factorOf(hot.reads, hot.skipped),
    }))
  }

  #watchedOf(server: string): Watched {
    const known = this.#watched.get(server)
    if (known !== undefined) return known
    const watched = { hot: new HotKeys(this.#options.delimiter), since: this.#now(), written: 0, dropped: 0 }
    this.#watched.set(server, watched)
    return watched
  }
}

function factorOf(kept: number, lost: number): number {
  return kept > 0 ? (kept + lost) / kept : 1
}
