import { isPlainObject } from '../../plain-object.ts'
import type { ServerAddress } from '../../server-address.ts'
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

/** Returns the servers of a location for a `Memcache`, each once. */
export function addressesOf(location: MemcachedLocation | undefined): ServerAddress[] {
  return [...new Set(serversOf(location).map(serverName))].map(addressOf)
}

/** Returns where a server listens. */
export function addressOf(server: string): ServerAddress {
  const name = serverName(server)
  if (isPath(server)) return { path: server, name }
  const [, host = server, port = DEFAULT_PORT] = WITH_PORT.exec(name) ?? []
  return { host, port: Number(port), name }
}

function isPath(server: string): boolean {
  return server.startsWith('/')
}
