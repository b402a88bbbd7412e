import { InvalidInputError } from '../errors.ts'
import { count, duration, refused } from '../option-checks.ts'
import type { Distribution } from '../routing/distribution.ts'
import { weightedKetama } from '../routing/weighted-ketama.ts'
import { parseServerSpec, type Server, type ServerSpec } from '../server-address.ts'
import type { HealthOptions } from './health.ts'

/** Destination of a key's commands while its server is out. */
export type Failover = 'none' | 'next' | 'gutter'

/** Options of a client with several servers: the server of each key, and the handling of a server that is out. */
export interface ClusterOptions {
  /**
   * Function that chooses the server of each key: `ketama()`, `rendezvous()`, `jump()`, `modula()` or a preset of
   * another client from `memlane/routing`, or a function of your own.
   *
   * @defaultValue `ketama()`, the weighted ring of libmemcached with md5, which PHP, pylibmc and twemproxy share
   */
  readonly distribution?: Distribution
  /**
   * Handling of commands whose server is out.
   *
   * - `next`: they go to the next server in the distribution's order for the key. Keys that this client writes there are
   * remembered, and removed from both servers before the first one is used again (`rejoin`).
   * - `none`: they fail at once with `ServerDownError`.
   * - `gutter`: they go to the servers of `gutter`, where nothing lives longer than `gutterTtl`.
   *
   * @defaultValue `'next'`; with the option `zones` `'none'`, because another zone stands in
   */
  readonly failover?: Failover
  /** Spare servers, unused while all servers are up. Needs `failover: 'gutter'`. */
  readonly gutter?: readonly ServerSpec[]
  /** Longest life of an item in the gutter, in seconds. @defaultValue `60` */
  readonly gutterTtl?: number
  /**
   * Most servers that one call of `getMany` or `getsMany` has asked and that have not answered: a whole number from 1
   * on. The others are asked as answers come, within the time of the call; reads whose turn does not come fail with
   * `TimeoutError`, `delivery: 'not-sent'`. A server that is silent for a tenth of that time gives up its place.
   *
   * Answers that many servers give at once may overflow the buffers of a switch; what is lost there comes 200 ms late. 16
   * prevents that where a call reads more than about 150 kB from more than 32 servers. The option costs a round trip for each
   * window of servers. With the option `middleware`, reads are single commands and do not wait.
   *
   * @defaultValue all servers at once
   */
  readonly readWindow?: number
  /** Limit of the keys remembered for each server that is out. Exceeding it emits a `rejoinOverflow` event. */
  readonly rejoin?: RejoinOptions
  /**
   * Failures in a row until a server counts as down and a `serverDown` event is emitted; 0 and 1: the first. Commands
   * avoid the server from the first failure on.
   *
   * @defaultValue `2`
   */
  readonly retryAttempts?: number
  /** Delay of the first probe after a failure, in milliseconds; jittered, at least half of it. @defaultValue `1000` */
  readonly retryTimeoutMs?: number
  /** Longest delay between probes, which doubles from one to the next, in milliseconds. @defaultValue `60000` */
  readonly deadTimeoutMs?: number
}

/** Options for the keys remembered of servers that are out. */
export interface RejoinOptions {
  /** Keys for each server that is out; about 170 bytes of memory each. @defaultValue `100000` */
  readonly maxKeys?: number
}

/** Cluster options, checked and complete. */
export interface ResolvedClusterOptions {
  readonly distribution: Distribution
  readonly failover: Failover
  readonly gutter: readonly Server[]
  readonly gutterTtl: number
  readonly maxKeys: number
  /** Undefined: all servers at once. */
  readonly readWindow: number | undefined
  readonly health: HealthOptions
}

const OPTIONS: ReadonlySet<string> = new Set<keyof ClusterOptions>([
  'distribution',
  'failover',
  'gutter',
  'gutterTtl',
  'readWindow',
  'rejoin',
  'retryAttempts',
  'retryTimeoutMs',
  'deadTimeoutMs',
])

/** Default of the longest life in the gutter, in seconds, as mcrouter's `failover_exptime`. */
const DEFAULT_GUTTER_TTL = 60

/**
 * Checks the options and fills in the defaults; every error names the option and the value.
 *
 * @param usualFailover - The default of `failover`.
 */
export function resolveClusterOptions(
  options: ClusterOptions = {},
  usualFailover: 'next' | 'none' = 'next',
): ResolvedClusterOptions {
  if (typeof options !== 'object' || options === null) throw refused('cluster', 'an object', options)
  refuseUnknown(options, OPTIONS, 'cluster')
  const { distribution = weightedKetama(), failover = usualFailover, rejoin = {} } = options
  if (typeof distribution !== 'function')
    throw refused('cluster.distribution', 'a function, such as ketama() of memlane/routing', distribution)
  if (failover !== 'none' && failover !== 'next' && failover !== 'gutter') {
    throw refused('cluster.failover', "'none', 'next' or 'gutter'", failover)
  }
  if (typeof rejoin !== 'object' || rejoin === null) throw refused('cluster.rejoin', 'an object', rejoin)
  refuseUnknown(rejoin, new Set(['maxKeys']), 'cluster.rejoin')
  return Object.freeze({
    distribution,
    failover,
    gutter: resolveGutter(options, failover),
    gutterTtl: count('cluster.gutterTtl', options.gutterTtl) ?? DEFAULT_GUTTER_TTL,
    maxKeys: countOrNone('cluster.rejoin.maxKeys', rejoin.maxKeys) ?? 100_000,
    readWindow: count('cluster.readWindow', options.readWindow),
    health: resolveHealth(options),
  })
}

function resolveHealth(options: ClusterOptions): HealthOptions {
  const retryTimeoutMs = finite('cluster.retryTimeoutMs', options.retryTimeoutMs, 1000)
  const deadTimeoutMs = finite('cluster.deadTimeoutMs', options.deadTimeoutMs, Math.max(60_000, retryTimeoutMs))
  if (deadTimeoutMs < retryTimeoutMs) {
    throw refused('cluster.deadTimeoutMs', `at least retryTimeoutMs (${retryTimeoutMs})`, deadTimeoutMs)
  }
  return {
    retryAttempts: countOrNone('cluster.retryAttempts', options.retryAttempts) ?? 2,
    retryTimeoutMs,
    deadTimeoutMs,
  }
}

function resolveGutter({ gutter, gutterTtl }: ClusterOptions, failover: Failover): readonly Server[] {
  if (failover !== 'gutter') {
    if (gutter !== undefined) throw new InvalidInputError("option cluster.gutter needs failover: 'gutter'")
    if (gutterTtl !== undefined) throw new InvalidInputError("option cluster.gutterTtl needs failover: 'gutter'")
    return []
  }
  if (Array.isArray(gutter) && gutter.length > 0) return (gutter as readonly ServerSpec[]).map(parseServerSpec)
  throw refused('cluster.gutter', "a list of at least one server, with failover: 'gutter'", gutter)
}

/** Checks that a duration is finite: a server that is out for ever would be as good as removed. */
function finite(name: string, value: number | undefined, fallback: number): number {
  const milliseconds = duration(name, value, fallback)
  if (milliseconds !== Number.POSITIVE_INFINITY) return milliseconds
  throw refused(name, 'a finite number of milliseconds', value)
}

function countOrNone(name: string, value: number | undefined): number | undefined {
  return value === 0 ? 0 : count(name, value)
}

function refuseUnknown(options: object, known: ReadonlySet<string>, of: string): void {
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw new InvalidInputError(`option ${of} has no ${JSON.stringify(name)}`)
  }
}
