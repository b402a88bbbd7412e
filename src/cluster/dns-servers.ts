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
   * What the name has: addresses, or `SRV` records with host names and ports. Of SRV records those with the lowest
   * priority are taken, and their weights ignored: they change with the number of servers. Records without a usable
   * target or with port 0 are passed over.
   *
   * @defaultValue `'A'`
   */
  readonly type?: 'A' | 'AAAA' | 'SRV'
  /** Port of every server; SRV records tell their own. @defaultValue `11211` */
  readonly port?: number
  /** How often the name is looked up, in milliseconds. @defaultValue `30000` */
  readonly intervalMs?: number
  /** Addresses of the name servers to ask, `address` or `address:port`. @defaultValue those of the system */
  readonly resolvers?: readonly string[]
}

const OPTIONS: readonly string[] = ['type', 'port', 'intervalMs', 'resolvers']

/** After a failed look-up, in milliseconds. */
const RETRY_MS = 1000

/** One look-up, in milliseconds; and how often it is tried. */
const LOOKUP_MS = 2000
const LOOKUP_TRIES = 2

const DEFAULT_PORT = 11_211
const MAX_PORT = 65_535

/**
 * The servers behind a name, looked up again and again: a headless service of Kubernetes, a name of Consul. A look-up
 * that fails, finds nothing, or finds more than 1,000 servers leaves the last list in force.
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
  const { type = 'A', port = DEFAULT_PORT } = options
  if (type !== 'A' && type !== 'AAAA' && type !== 'SRV') throw refused('type', "'A', 'AAAA' or 'SRV'", type)
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) {
    throw refused('port', `a whole number from 1 to ${MAX_PORT}`, port)
  }
  if (type === 'SRV' && options.port !== undefined) throw new InvalidInputError('SRV records tell their own ports')
  const intervalMs = count('intervalMs', options.intervalMs) ?? 30_000
  // Checked now, not at the first command.
  createResolver(options.resolvers)
  const start = (): Poll => {
    // One for each reader, whose look-up ends with it.
    const resolver = createResolver(options.resolvers)
    const lookUp = (): Promise<readonly ServerAddress[]> =>
      type === 'SRV' ? lookUpServices(resolver, name) : lookUpHosts(resolver, name, type, port)
    return async (signal) => {
      const servers = await cancelling(resolver, signal, lookUp)
      if (servers.length === 0) throw new InvalidInputError(`${name} has no ${type} record`)
      return servers
    }
  }
  return new PolledServers({ intervalMs, retryMs: () => RETRY_MS, start })
}

/** An unanswered question keeps the process alive for seconds. */
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
): Promise<readonly ServerAddress[]> {
  const hosts = type === 'A' ? await resolver.resolve4(name) : await resolver.resolve6(name)
  // Name servers turn the list round with every answer; for some distributions the order matters.
  return listServers(
    [...new Set(hosts)].toSorted().map((host) => ({ host, port })),
    name,
  )
}

async function lookUpServices(resolver: Resolver, name: string): Promise<readonly ServerAddress[]> {
  const services = (await resolver.resolveSrv(name)).map(toService).filter((service) => service !== undefined)
  const priority = Math.min(...services.map((service) => service.priority))
  const servers = services.filter((service) => service.priority === priority).map((service) => service.server)
  return listServers(servers, name).toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

interface Service {
  readonly priority: number
  readonly server: ServerAddress
}

/**
 * A record's server; undefined where there is none: the target `.` (RFC 2782: the service is not to be had here), port 0,
 * or a name that no host has. The other records count.
 */
function toService({ name, port, priority }: SrvRecord): Service | undefined {
  const server = { host: name.replace(/\.$/, ''), port }
  try {
    parseServerSpec(server)
    return { priority, server }
  } catch {
    return undefined
  }
}

function sortKey({ host, port }: ServerAddress): string {
  return `${host}:${port}`
}
