import { InvalidInputError } from '../../errors.ts'
import { isPlainObject } from '../../plain-object.ts'
import type { ServerAddress } from '../../server-address.ts'
import { showValue } from '../../show-value.ts'
import type { MemcachedLocation } from './api.ts'

const DEFAULT_SERVER = 'localhost:11211'
const DEFAULT_PORT = 11_211
const WITH_PORT = /^(.+):(\d+)$/

/** Returns the servers of a location, as they were given; an error where an object names none. */
export function serversOf(location: MemcachedLocation | undefined): string[] {
  const servers = listOf(location)
  if (servers.length === 0) throw new Error('No servers where supplied in the arguments')
  return servers
}

function listOf(location: MemcachedLocation | undefined): string[] {
  if (isPlainObject(location)) return Object.keys(location)
  if (Array.isArray(location)) return location.length === 0 ? [DEFAULT_SERVER] : location.map(String)
  return [typeof location === 'string' && location !== '' ? location : DEFAULT_SERVER]
}

/** Returns a server's name in events and answers: `host:port`, or the path of a unix socket. */
export function serverName(server: string): string {
  return isPath(server) || WITH_PORT.test(server) ? server : `${server}:${DEFAULT_PORT}`
}

/** Returns the servers of a location for a `Memcache`, each once: a server that is given twice has no other place on the ring. */
export function addressesOf(location: MemcachedLocation | undefined): ServerAddress[] {
  const weights: Readonly<Record<string, unknown>> = isPlainObject(location) ? location : {}
  const addresses = serversOf(location).map((server) => addressOf(server, weights[server]))
  return [...new Map(addresses.map((address) => [address.name, address])).values()]
}

/** Returns where a server listens, by its name. */
export function addressOf(server: string, weight?: unknown): ServerAddress {
  const name = serverName(server)
  const share = { name, weight: weightOf(server, weight) }
  if (isPath(server)) return { path: server, ...share }
  const [, host = server, port = DEFAULT_PORT] = WITH_PORT.exec(server) ?? []
  return { host, port: Number(port), ...share }
}

function isPath(server: string): boolean {
  return server.startsWith('/')
}

/** Returns a weight as the ring of the package reads it: a number, or an object that has one; what is none counts as 1. */
function weightOf(server: string, value: unknown): number {
  if (!isPlainObject(value)) return Number(value) || 1
  const { vnodes, weight } = value
  if (vnodes === undefined) return Number(weight) || 1
  throw new InvalidInputError(`server ${showValue(server)}: vnodes is not supported, give a weight instead`)
}
