import type { Memcache } from '../../client/memcache.ts'
import type { Stats } from '../../client/stats.ts'
import { BatchError } from '../../errors.ts'
import { rounds } from '../rounds.ts'
import { numberIn, type ServerSample, StatsSampler } from '../stats/stats-sampler.ts'
import { ServerFacts } from './server-facts.ts'

/** Pings of each server while it is measured. */
const PINGS = 100

/** Servers that were examined. */
export interface Examined {
  readonly facts: readonly ServerFacts[]
  /** Answers of servers that failed. */
  readonly failed: readonly ServerSample[]
}

/** Asks all servers twice, and pings them in between. */
export class Examination {
  readonly #client: Memcache
  readonly #signal: AbortSignal
  readonly #pings: Map<string, number[]> = new Map()

  constructor(client: Memcache, signal: AbortSignal) {
    this.#client = client
    this.#signal = signal
  }

  /**
   * @param forMs - Time between the two answers.
   * @param onProgress - Called with the share of the time that is over.
   */
  async run(forMs: number, onProgress: (share: number) => void): Promise<Examined> {
    const stats = new StatsSampler(this.#client, { signal: this.#signal })
    const items = new StatsSampler(this.#client, { words: ['items'], signal: this.#signal })
    await Promise.all([stats.sample(), items.sample()])
    for await (const round of rounds({ count: PINGS + 1, everyMs: forMs / PINGS, signal: this.#signal })) {
      await this.#ping()
      onProgress(round / PINGS)
    }
    this.#signal.throwIfAborted()
    const [samples, itemSamples, settings, slabs, conns] = await Promise.all([
      stats.sample(),
      items.sample(),
      this.#ask('settings'),
      this.#ask('slabs'),
      this.#ask('conns'),
    ])
    const now = Date.now() / 1000
    const answered = samples.filter((sample) => sample.stats !== undefined)
    const facts = answered.map((sample) => {
      const { server } = sample
      return new ServerFacts({
        sample,
        items: itemSamples.find((one) => one.server === server)!,
        settings: settings.get(server) ?? {},
        slabs: slabs.get(server) ?? {},
        conns: conns.get(server) ?? {},
        pings: this.#pings.get(server) ?? [],
        clockAhead: aheadOf(numberIn(sample.stats, 'time'), now),
      })
    })
    return { facts, failed: samples.filter((sample) => sample.stats === undefined) }
  }

  /** A server may refuse it, as hosted services do. */
  async #ask(word: string): Promise<ReadonlyMap<string, Stats>> {
    return this.#found(this.#client.stats(word, { signal: this.#signal }))
  }

  async #ping(): Promise<void> {
    const times = await this.#found(this.#client.ping({ signal: this.#signal }))
    for (const [server, ms] of times) {
      const own = this.#pings.get(server)
      if (own === undefined) this.#pings.set(server, [ms])
      else own.push(ms)
    }
  }

  async #found<T>(answers: Promise<Map<string, T>>): Promise<ReadonlyMap<string, T>> {
    try {
      return await answers
    } catch (error) {
      this.#signal.throwIfAborted()
      if (error instanceof BatchError) return error.found as Map<string, T>
      throw error
    }
  }
}

/** memcached's clock has whole seconds and ticks once a second: up to 2 seconds are no difference. */
function aheadOf(time: number, now: number): number {
  return time > now ? time - now : Math.min(0, time + 1 - now)
}
