import { OBSERVERS, type ObservedOptions } from '../../client/options.ts'
import type { Distribution } from '../../routing/distribution.ts'
import type { Observing } from '../../seam/observer.ts'
import { MAX_TIMER_MS } from '../../timer-limit.ts'
import type { MemcachedOptions } from './api.ts'
import { addressOf } from './servers.ts'
import { COMPAT_SERDE } from './stored-form.ts'

type Defaults = Required<Omit<MemcachedOptions, 'failOverServers'>> & {
  readonly activeQueries: number
  readonly timeout: number
}

/** The options of the package, and their defaults. */
export const DEFAULTS: Defaults = {
  maxKeySize: 250,
  maxExpiration: 2_592_000,
  maxValue: 1_048_576,
  activeQueries: 0,
  maxQueueSize: -1,
  algorithm: 'md5',
  compatibility: 'ketama',
  poolSize: 10,
  retries: 5,
  factor: 3,
  minTimeout: 1000,
  maxTimeout: 60_000,
  randomize: false,
  reconnect: 18_000_000,
  timeout: 5000,
  failures: 5,
  failuresTimeout: 300_000,
  retry: 30_000,
  idle: 5000,
  remove: false,
  redundancy: false,
  keyCompression: true,
  namespace: '',
  debug: false,
}

/** The package has no limit but `maxQueueSize`: so many commands and bytes that they never wait together. */
const NO_LIMIT = 2 ** 30

/** Longest pause between two probes of a dead server, whatever `reconnect` says, in milliseconds. */
const MAX_PROBE_MS = 60_000

/** Joins options; later ones win, and one that is undefined was not given. Inherited ones count, as in the package. */
export function joinOptions(...all: readonly (object | null | undefined)[]): MemcachedOptions {
  const joined: Record<string, unknown> = {}
  for (const options of all) {
    // A value that is no object has no options.
    if (typeof options !== 'object') continue
    for (const name in options) {
      const value: unknown = Reflect.get(options, name)
      if (value !== undefined) joined[name] = value
    }
  }
  return joined
}

/** Returns the options of the client for the options of the package. Says which of them have no counterpart. */
export function clientOptions(
  options: MemcachedOptions,
  distribution: Distribution,
  observing: Observing,
): ObservedOptions {
  warnOfRedundancy(options)
  const timeoutMs = milliseconds(options.timeout) ?? DEFAULTS.timeout
  return {
    serde: COMPAT_SERDE,
    timeoutMs,
    connectTimeoutMs: timeoutMs,
    idleTimeoutMs: milliseconds(options.idle) ?? 0,
    maxPending: NO_LIMIT,
    maxPendingBytes: NO_LIMIT,
    cluster: { distribution, ...failoverOf(options), ...healthOf(options) },
    ...(options.debug ? { logger: console } : {}),
    [OBSERVERS]: [observing],
  }
}

function failoverOf({ remove, failOverServers }: MemcachedOptions): NonNullable<ObservedOptions['cluster']> {
  const spare = spareServers(failOverServers)
  if (spare.length > 0) return { failover: 'gutter', gutter: spare.map((server) => addressOf(server)) }
  return { failover: remove ? 'next' : 'none' }
}

/** Returns the servers that stand in for those that are down. */
export function spareServers(servers: MemcachedOptions['failOverServers']): string[] {
  return [servers ?? []].flat().filter((server) => server !== '')
}

/** The defaults of the package would keep a server out for half a minute, or for hours: only what was asked for is taken. */
function healthOf({ failures, retry, reconnect }: MemcachedOptions): NonNullable<ObservedOptions['cluster']> {
  const asked = retry === DEFAULTS.retry ? undefined : milliseconds(retry)
  const retryTimeoutMs = asked === undefined ? undefined : Math.min(asked, MAX_PROBE_MS)
  const longest = reconnect === DEFAULTS.reconnect ? undefined : milliseconds(reconnect)
  return {
    ...(Number.isSafeInteger(failures) && Number(failures) >= 0 ? { retryAttempts: Number(failures) } : {}),
    ...(retryTimeoutMs === undefined ? {} : { retryTimeoutMs }),
    ...(longest === undefined
      ? {}
      : { deadTimeoutMs: Math.max(Math.min(longest, MAX_PROBE_MS), retryTimeoutMs ?? 1000) }),
  }
}

/** Returns a time that a timer can wait for; undefined where it is none. */
function milliseconds(value: number | undefined): number | undefined {
  const time = Math.ceil(Number(value))
  return time > 0 && time <= MAX_TIMER_MS ? time : undefined
}

function warnOfRedundancy({ redundancy }: MemcachedOptions): void {
  if (redundancy) process.emitWarning('memlane/compat/memcached: the option redundancy has no effect')
}
