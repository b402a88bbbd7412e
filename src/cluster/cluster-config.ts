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
  /** Interval of the polls, in milliseconds. @defaultValue `60000` */
  readonly intervalMs?: number
  /** Time for one question, connecting included, in milliseconds. @defaultValue `2000` */
  readonly timeoutMs?: number
}

const OPTIONS: readonly string[] = ['intervalMs', 'timeoutMs', 'tls', 'auth', 'connect', 'connectTimeoutMs']

/**
 * Tries and pause of AWS' own client: three tries, half a second apart, in milliseconds; each looks the name up anew.
 */
const QUICK_TRIES = 3
const QUICK_RETRY_MS = 500

/** Pause after more failures, in milliseconds. */
const RETRY_MS = 5000

/** Number of times in a row that the endpoint must report an older configuration before it is accepted. */
const OLDER_TOLD = 10

const CONFIG: Pick<Exchange, 'line' | 'ending'> = {
  line: 'config get cluster',
  ending: { kind: 'token', token: Buffer.from('END\r\n') },
}

/** Command for the same text on memcached before 1.4.14. */
const OLD_CONFIG: Pick<Exchange, 'line' | 'ending'> = { ...CONFIG, line: 'get AmazonElastiCache:cluster' }

/**
 * Returns the servers of a cluster with a configuration endpoint: Amazon ElastiCache, Google Cloud Memorystore. The
 * endpoint is polled; when the endpoint does not answer, the servers that it named are asked. A configuration older
 * than the last one is ignored, with two exceptions: the endpoint reports it ten times in a row, or before it neither
 * the endpoint nor any server answered: the cluster was set up anew. A list holds 1,000 servers at most; a server
 * listed twice counts once. After any failure, the last list stays in force.
 *
 * @param endpoint - With `memcacheds://` or the option `tls` for a cluster with TLS; connections to its servers then
 * use TLS as the client's own option `tls` says.
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

/** State of one reader's polling of a configuration endpoint. */
class ConfigPoll {
  readonly #endpoint: Server
  readonly #options: ResolvedConnectionOptions
  readonly #timeoutMs: number
  #version = -1
  /** Last version older than the present one, and the number of times in a row that the endpoint reported it. */
  #older = -1
  #olderTold = 0
  /** Number of questions in a row without an answer. */
  #failures = 0
  #known: readonly Server[] = []

  constructor(endpoint: Server, options: ResolvedConnectionOptions, timeoutMs: number) {
    this.#endpoint = endpoint
    this.#options = options
    this.#timeoutMs = timeoutMs
  }

  readonly poll: Poll = async (signal) => {
    const { version, servers } = await this.#ask(this.#nextCandidate(), signal)
    // `#failures` includes the question that was just answered.
    const unanswered = this.#failures - 1
    this.#failures = 0
    if (!this.#isNews(version, unanswered)) return undefined
    const addresses = servers.map((server) => this.#withTls(server))
    this.#known = addresses.map(parseServerSpec)
    this.#version = version
    this.#olderTold = 0
    return addresses
  }

  /** Checks whether a version replaces the last one; see {@link clusterConfig} for older ones. */
  #isNews(version: number, unanswered: number): boolean {
    if (version >= this.#version) {
      this.#olderTold = 0
      return version > this.#version
    }
    // No candidate answered before this one.
    if (unanswered > this.#known.length) return true
    // A server may lag for a while: only the endpoint's own report counts.
    if (unanswered > 0) return false
    this.#olderTold = version === this.#older ? this.#olderTold + 1 : 1
    this.#older = version
    return this.#olderTold >= OLDER_TOLD
  }

  /** Returns the endpoint; where that did not answer, each server that it named; then the endpoint again. */
  #nextCandidate(): Server {
    const candidates = [this.#endpoint, ...this.#known]
    // Move on one candidate for each unanswered question.
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
    // Each exchange has its own connection, and so looks the name up again.
    return new ServerPool({ server, options: this.#options }).exchange(exchange)
  }

  /** Marks a server as TLS if the endpoint uses TLS; the client's option decides which certificates. */
  #withTls(server: ServerAddress): ServerAddress {
    const tls = this.#endpoint.tls === undefined ? this.#options.tls : this.#endpoint.tls
    return tls === undefined || tls === false ? server : { ...server, tls }
  }
}
