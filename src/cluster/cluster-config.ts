import { Buffer } from 'node:buffer'
import {
  type ConnectionOptions,
  type ResolvedConnectionOptions,
  resolveConnectionOptions,
} from '../connection/options.ts'
import { UnknownCommandError } from '../errors.ts'
import { refuseUnknown } from '../known-options.ts'
import { count, duration, refused } from '../option-checks.ts'
import { ServerPool } from '../pool/server-pool.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { ServerSource } from '../seam/server-source.ts'
import { parseServerSpec, type Server, type ServerAddress, type ServerSpec } from '../server-address.ts'
import { type ClusterConfig, parseClusterConfig } from './cluster-config-reply.ts'
import { type Poll, PolledServers } from './polling.ts'

/** Options of {@link clusterConfig}. */
export interface ClusterConfigOptions extends Pick<ConnectionOptions, 'tls' | 'auth' | 'connect' | 'connectTimeoutMs'> {
  /** How often the endpoint is asked, in milliseconds. @defaultValue `60000` */
  readonly intervalMs?: number
  /** Time for one question, connecting included, in milliseconds. @defaultValue `2000` */
  readonly timeoutMs?: number
}

const OPTIONS: readonly string[] = ['intervalMs', 'timeoutMs', 'tls', 'auth', 'connect', 'connectTimeoutMs']

/** As AWS' own client: three tries, half a second apart, in milliseconds; each looks the name up anew. */
const QUICK_TRIES = 3
const QUICK_RETRY_MS = 500

/** After more failures, in milliseconds. */
const RETRY_MS = 5000

/** So often in a row an older configuration must be told to be believed. */
const OLDER_TOLD = 10

const CONFIG: Pick<Exchange, 'line' | 'ending'> = {
  line: 'config get cluster',
  ending: { kind: 'token', token: Buffer.from('END\r\n') },
}

/** What memcached before 1.4.14 keeps the same text under. */
const OLD_CONFIG: Pick<Exchange, 'line' | 'ending'> = { ...CONFIG, line: 'get AmazonElastiCache:cluster' }

/**
 * The servers of a cluster with a configuration endpoint: Amazon ElastiCache, Google Cloud Memorystore. It is asked again
 * and again, and when it does not answer, the servers that it told of are. A configuration older than the last one is
 * ignored, unless the endpoint tells it ten times in a row, or neither the endpoint nor any of the servers answered
 * before: then the cluster was set up anew. A list holds 1,000 servers at most; one that is listed twice counts once.
 * Whatever fails, the last list stays in force.
 *
 * @param endpoint - With `memcacheds://` or the option `tls` for a cluster with TLS; its servers are then spoken to in TLS
 * as the client's own option `tls` says.
 *
 * @example
 * ```ts
 * const cache = new Memcache(clusterConfig('my.cfg.use1.cache.amazonaws.com:11211'))
 * ```
 */
export function clusterConfig(endpoint: ServerSpec, options: ClusterConfigOptions = {}): ServerSource {
  if (typeof options !== 'object' || options === null) throw refused('clusterConfig', 'an object', options)
  refuseUnknown(options, OPTIONS, 'clusterConfig')
  const server = parseServerSpec(endpoint)
  const { intervalMs, timeoutMs, ...connection } = options
  const resolved = resolveConnectionOptions(connection)
  const exchangeMs = duration('timeoutMs', timeoutMs, 2000)
  return new PolledServers({
    intervalMs: count('intervalMs', intervalMs) ?? 60_000,
    retryMs: (failures) => (failures < QUICK_TRIES ? QUICK_RETRY_MS : RETRY_MS),
    start: () => new ConfigPoll(server, resolved, exchangeMs).poll,
  })
}

/** One reader's conversation with a configuration endpoint. */
class ConfigPoll {
  readonly #endpoint: Server
  readonly #options: ResolvedConnectionOptions
  readonly #timeoutMs: number
  #version = -1
  /** The last version that was older than the present one, and how often in a row the endpoint has told it. */
  #older = -1
  #olderTold = 0
  /** Questions in a row that were not answered. */
  #failures = 0
  #known: readonly Server[] = []

  constructor(endpoint: Server, options: ResolvedConnectionOptions, timeoutMs: number) {
    this.#endpoint = endpoint
    this.#options = options
    this.#timeoutMs = timeoutMs
  }

  readonly poll: Poll = async (signal) => {
    const { version, servers } = await this.#ask(this.#nextCandidate(), signal)
    // The question that was answered counts among them.
    const unanswered = this.#failures - 1
    this.#failures = 0
    if (!this.#isNews(version, unanswered)) return undefined
    const addresses = servers.map((server) => this.#withTls(server))
    this.#known = addresses.map(parseServerSpec)
    this.#version = version
    this.#olderTold = 0
    return addresses
  }

  /** Whether a version takes the place of the last one; see {@link clusterConfig} for older ones. */
  #isNews(version: number, unanswered: number): boolean {
    if (version >= this.#version) {
      this.#olderTold = 0
      return version > this.#version
    }
    // Every candidate was asked in vain.
    if (unanswered > this.#known.length) return true
    // A server may be behind for a while: its word does not count.
    if (unanswered > 0) return false
    this.#olderTold = version === this.#older ? this.#olderTold + 1 : 1
    this.#older = version
    return this.#olderTold >= OLDER_TOLD
  }

  /** Returns the endpoint; where that did not answer, each server that it named; then the endpoint again. */
  #nextCandidate(): Server {
    const candidates = [this.#endpoint, ...this.#known]
    // One more for each question that is not answered.
    return candidates[this.#failures++ % candidates.length]!
  }

  async #ask(server: Server, signal: AbortSignal): Promise<ClusterConfig> {
    try {
      return parseClusterConfig(await this.#exchange(server, CONFIG, signal))
    } catch (error) {
      if (!(error instanceof UnknownCommandError)) throw error
      return parseClusterConfig(await this.#exchange(server, OLD_CONFIG, signal))
    }
  }

  #exchange(server: Server, question: Pick<Exchange, 'line' | 'ending'>, signal: AbortSignal): Promise<Buffer> {
    const exchange = { ...question, timeoutMs: this.#timeoutMs, signal }
    // Every exchange has a connection of its own, and with it a new look-up of the name.
    return new ServerPool({ server, options: this.#options }).exchange(exchange)
  }

  /** Where the endpoint itself speaks TLS, so do its servers; with whose certificates is the client's option to say. */
  #withTls(server: ServerAddress): ServerAddress {
    const tls = this.#endpoint.tls === undefined ? this.#options.tls : this.#endpoint.tls
    return tls === undefined || tls === false ? server : { ...server, tls }
  }
}
