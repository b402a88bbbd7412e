import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import type { RoutedServer } from './distribution.ts'

/** Returns the name by which a client hashes a server. */
export type NameForm = (server: RoutedServer) => string

/** Returns a client's name of each server. Two servers of one name would have the same places: an error. */
export function namesOf(servers: readonly RoutedServer[], form: NameForm): string[] {
  const first = new Map<string, RoutedServer>()
  return servers.map((server) => {
    const name = form(server)
    const twin = first.get(name)
    if (twin !== undefined) {
      throw new InvalidInputError(
        `servers ${showValue(twin.name)} and ${showValue(server.name)} are both ${showValue(name)} to this ` +
          'distribution: give one of them another name',
      )
    }
    first.set(name, server)
    return name
  })
}

const ADDRESS = /^(?:\[([^\]]+)\]|([^:/[\]]+)):(\d{1,5})$/
/** memcached's own port, which libmemcached and its relatives leave out. */
const DEFAULT_PORT = 11_211

interface Address {
  readonly host: string
  readonly port: number
}

/**
 * Parses a name as an address: names are `host:port` or `[v6]:port` unless the user chose another. A chosen name that
 * reads like an address counts as one, so that a server can take another's place on the ring.
 */
function addressOf({ name }: RoutedServer): Address | undefined {
  const [, bracketed, plain, port] = ADDRESS.exec(name) ?? []
  const host = bracketed ?? plain
  return host === undefined ? undefined : { host, port: Number(port) }
}

function isPath({ name, path }: RoutedServer): boolean {
  return name === path || name.startsWith('/')
}

/**
 * Returns libmemcached's name: `host` or, for ports other than 11211, `host:port`, IPv6 unbracketed; `path:0` of a
 * socket.
 */
export function libmemcachedName(server: RoutedServer): string {
  return isPath(server) ? `${server.name}:0` : nameWithoutDefaultPort(server)
}

/**
 * Returns php-memcached's name: as libmemcached's, but a socket is its path alone: `addServer(path, 0)` gives it
 * libmemcached's default port, which the name leaves out (seen of 3.2.0).
 */
export function phpMemcachedName(server: RoutedServer): string {
  return isPath(server) ? server.name : nameWithoutDefaultPort(server)
}

/** Returns twemproxy's name: as libmemcached's, but a socket is `path:` (seen of 0.5.0); an alias is taken whole. */
export function twemproxyName(server: RoutedServer): string {
  return isPath(server) ? `${server.name}:` : nameWithoutDefaultPort(server)
}

function nameWithoutDefaultPort(server: RoutedServer): string {
  const address = addressOf(server)
  if (address === undefined) return server.name
  return address.port === DEFAULT_PORT ? address.host : `${address.host}:${address.port}`
}

/** Returns the name in libmemcached's imitation of spymemcached: `/host:port`, with a slash that spymemcached lacks. */
export function libmemcachedSpyName(server: RoutedServer): string {
  if (isPath(server)) return `/${server.name}:0`
  const address = addressOf(server)
  return address === undefined ? server.name : `/${address.host}:${address.port}`
}

/** Returns pymemcache's and Dalli's name: `host:port`, IPv6 without brackets; the path of a socket. */
export function plainName(server: RoutedServer): string {
  const address = addressOf(server)
  return address === undefined ? server.name : `${address.host}:${address.port}`
}
