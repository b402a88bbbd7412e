import type { SrvRecord } from 'node:dns'
import type { Resolver } from 'node:dns/promises'
import { InvalidInputError } from '../errors.ts'
import { refuseUnknown } from '../known-options.ts'
import { findNodeModule } from '../node-modules.ts'
import { count, refused } from '../option-checks.ts'
import type { ServerSource } from '../seam/server-source.ts'
import { parseServerSpec, type ServerAddress } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import { listServers } from './listed-servers.ts'
import { type Poll, PolledServers } from './polling.ts'

/** Options of {@link dnsServers}. */
export interface DnsServersOptions {
  /**
   * Records of the name: addresses, or `SRV` records with host names and ports. Of SRV records those with the lowest
   * priority are taken, and their weights ignored: weights change with the number of servers. Records without a usable
   * target are skipped, and so are those with port 0 unless `port` is given.
   *
   * @defaultValue `'A'`
   */
  readonly type?: 'A' | 'AAAA' | 'SRV'
  /** Port of every server; of `SRV` records, port of those that have port 0. @defaultValue `11211` */
  readonly port?: number
  /**
   * Called with the host and the port of every record; only those for which it returns `true` are servers. Of `SRV`
   * records, the lowest priority among these is used. An error that it throws fails the look-up: the last list stays in
   * force.
   */
  readonly filter?: (server: { readonly host: string; readonly port: number }) => boolean
  /** Interval of the look-ups, in milliseconds. @defaultValue `30000` */
  readonly intervalMs?: number
  /** Addresses of the name servers to ask, `address` or `address:port`. @defaultValue those of the system */
  readonly resolvers?: readonly string[]
}

const OPTIONS: readonly string[] = ['type', 'port', 'filter', 'intervalMs', 'resolvers']

/** Delay after a failed look-up, in milliseconds. */
const RETRY_MS = 1000

/** Time for one look-up, in milliseconds, and the number of tries. */
const LOOKUP_MS = 2000
const LOOKUP_TRIES = 2

const DEFAULT_PORT = 11_211
const MAX_PORT = 65_535

/**
 * Returns the servers of a DNS name, looked up at intervals: a headless service of Kubernetes, a name of Consul. A
 * look-up that fails, finds nothing, or finds more than 1,000 servers leaves the last list in force.
 *
 * @example
 * ```ts
 * const cache = new Memcache(dnsServers('memcached.default.svc.cluster.local', { intervalMs: 10_000 }))
 * ```
 */
export function dnsServers(name: string, options: DnsServersOptions = {}): ServerSource {
  if (typeof name !== 'string' || name === '') {
    throw new InvalidInputError(`dnsServers needs a name, got ${showValue(name)}`)
  }
  refuseUnknown(options, OPTIONS, 'dnsServers')
  const { type = 'A', port = DEFAULT_PORT, filter } = options
  if (type !== 'A' && type !== 'AAAA' && type !== 'SRV') throw refused('type', "'A', 'AAAA' or 'SRV'", type)
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    throw refused('port', `a whole number from 1 to ${MAX_PORT}`, port)
  }
  if (filter !== undefined && typeof filter !== 'function') throw refused('filter', 'a function', filter)
  const intervalMs = count('intervalMs', options.intervalMs) ?? 30_000
  // Checked here, not at the first command.
  createResolver(options.resolvers)
  const start = (): Poll => {
    // One resolver for each reader: its look-up ends with the reader.
    const resolver = createResolver(options.resolvers)
    const lookUp = (): Promise<readonly Service[]> =>
      type === 'SRV' ? lookUpServices(resolver, name, options.port) : lookUpHosts(resolver, name, type, port)
    return async (signal) => {
      const services = await cancelling(resolver, signal, lookUp)
      const wanted = filter === undefined ? services : services.filter(({ server }) => filter(server))
      if (wanted.length > 0) return listServers(firstOf(wanted), name)
      const which = services.length === 0 ? '' : ' that the option filter takes'
      throw new InvalidInputError(`${name} has no ${type} record${which}`)
    }
  }
  return new PolledServers({ intervalMs, retryMs: () => RETRY_MS, start })
}

/** Cancels the look-up on abort: an unanswered question keeps the process alive for seconds. */
async function cancelling<T>(resolver: Resolver, signal: AbortSignal, lookUp: () => Promise<T>): Promise<T> {
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel)
  try {
    return await lookUp()
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function createResolver(servers: readonly string[] | undefined): Resolver {
  const dns = findNodeModule('node:dns/promises')
  if (dns === undefined) throw new InvalidInputError('dnsServers needs node:dns, which this runtime does not have')
  const resolver = new dns.Resolver({ timeout: LOOKUP_MS, tries: LOOKUP_TRIES })
  if (servers === undefined) return resolver
  try {
    resolver.setServers(servers)
  } catch (error) {
    throw new InvalidInputError(`resolvers must be a list of addresses, got ${showValue(servers)}`, { cause: error })
  }
  return resolver
}

async function lookUpHosts(
  resolver: Resolver,
  name: string,
  type: 'A' | 'AAAA',
  port: number,
): Promise<readonly Service[]> {
  const hosts = type === 'A' ? await resolver.resolve4(name) : await resolver.resolve6(name)
  return [...new Set(hosts)].map((host) => ({ priority: 0, server: { host, port }, sortKey: host }))
}

/** @param port - Of records that have none. */
async function lookUpServices(resolver: Resolver, name: string, port: number | undefined): Promise<readonly Service[]> {
  const records = await resolver.resolveSrv(name)
  return records.map((record) => toService(record, port)).filter((service) => service !== undefined)
}

interface Service {
  readonly priority: number
  readonly server: { readonly host: string; readonly port: number }
  readonly sortKey: string
}

/**
 * Returns the server of a record. Undefined, while other records still count, for the target `.` (RFC 2782: the service
 * is not available here), for port 0 without a `port` option, and for a name that no host can have.
 */
function toService(record: SrvRecord, port: number | undefined): Service | undefined {
  const server = {
    host: record.name.replace(/\.$/, ''),
    port: record.port === 0 && port !== undefined ? port : record.port,
  }
  try {
    parseServerSpec(server)
    return { priority: record.priority, server, sortKey: `${server.host}:${server.port}` }
  } catch {
    return undefined
  }
}

/**
 * Returns the servers of the lowest priority, in order. Name servers rotate the list with every answer, and for some
 * distributions the order matters.
 */
function firstOf(services: readonly Service[]): ServerAddress[] {
  const priority = Math.min(...services.map((service) => service.priority))
  return services
    .filter((service) => service.priority === priority)
    .toSorted((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
    .map(({ server }) => server)
}
