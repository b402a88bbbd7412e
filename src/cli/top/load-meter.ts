import type { Memcache } from '../../client/memcache.ts'
import { BatchError } from '../../errors.ts'
import { explainError } from '../exit-code.ts'
import { type ServerSample, StatsSampler } from '../stats/stats-sampler.ts'
import { loadOf, type PingTimes, type ServerLoad } from './server-load.ts'

/** Rounds of which the median and the longest ping are taken. */
const PING_ROUNDS = 60

/** Measures the load of all servers, again and again. */
export class LoadMeter {
  readonly #client: Memcache
  readonly #sampler: StatsSampler
  readonly #pings: Map<string, number[]> = new Map()

  constructor(client: Memcache) {
    this.#client = client
    this.#sampler = new StatsSampler(client)
  }

  /** Asks all servers at once. Gives a load for each, in the order of the client. */
  async measure(): Promise<ServerLoad[]> {
    const [samples] = await Promise.all([this.#sampler.sample(), this.#ping()])
    return samples.map((sample) => this.#read(sample))
  }

  #read(sample: ServerSample): ServerLoad {
    const { server, stats, error } = sample
    const version = stats?.['version'] === undefined ? '' : String(stats['version'])
    const load = loadOf(sample, pingTimes(this.#pings.get(server) ?? []))
    return { server, version, load, error: load === undefined ? reasonOf(server, error) : undefined }
  }

  async #ping(): Promise<void> {
    const times = await this.#client.ping().catch((error: unknown) => {
      if (!(error instanceof BatchError)) throw error
      return error.found as Map<string, number>
    })
    for (const [server, ms] of times) {
      this.#pings.set(server, [...(this.#pings.get(server) ?? []), ms].slice(-PING_ROUNDS))
    }
  }
}

/** Returns the median and the longest of some times; NaN for none. */
export function pingTimes(times: readonly number[]): PingTimes {
  const sorted = times.toSorted((a, b) => a - b)
  return { median: sorted[(sorted.length - 1) >> 1] ?? Number.NaN, longest: sorted.at(-1) ?? Number.NaN }
}

/** Why a server has not answered; its name stands beside it anyway. */
function reasonOf(server: string, error: unknown): string {
  const reason = explainError(error)?.lines[0] ?? String(error)
  return reason.replace(`cannot connect to ${server}: `, '')
}
