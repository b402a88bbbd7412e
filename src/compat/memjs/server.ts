import { env } from 'node:process'
import type { ServerAddress } from '../../server-address.ts'
import type { ServerOptions } from './api.ts'
import { withDefaults } from './with-defaults.ts'

const DEFAULT_PORT = 11_211

/** Its servers take a login of their own form, and no other. */
const MEMCACHIER = '.memcachier.com'

/** A server of a client: where it listens, and the login. Connections are those of the client's `memlane`. */
export class Server {
  /** Name or address of the host. */
  readonly host: string
  /** Port. */
  readonly port: number
  /** Options of the server. */
  readonly options: ServerOptions
  /** User of the login; undefined: there is no login. */
  readonly username: string | undefined
  /** Password of the login. */
  readonly password: string | undefined

  /** @param username - Without it, that of the options or of `MEMCACHIER_USERNAME`, `MEMCACHE_USERNAME`; so for the password. */
  constructor(host: string, port: number, username?: string, password?: string, options: ServerOptions = {}) {
    this.host = host
    this.port = port
    this.options = withDefaults(options, { timeout: 0.5, keepAlive: false, keepAliveDelay: 30 })
    this.options.conntimeout ??= 2 * Number(this.options.timeout)
    this.username = username || options.username || env['MEMCACHIER_USERNAME'] || env['MEMCACHE_USERNAME']
    this.password = password || options.password || env['MEMCACHIER_PASSWORD'] || env['MEMCACHE_PASSWORD']
  }

  /** Returns `<Server host:port>`. */
  toString(): string {
    return `<Server ${nameOf(this)}>`
  }
}

/** Returns a server's name in answers and messages. */
export function nameOf({ host, port }: Server): string {
  return `${host}:${port}`
}

/** Returns the servers of a list such as `user:password@host:port,host`. */
export function parseServers(list: string, options: ServerOptions | undefined): Server[] {
  return list.split(',').map((text) => {
    const at = text.lastIndexOf('@')
    const [username, password] = text.slice(0, Math.max(at, 0)).split(':')
    const [, ipv6, name = '', port = DEFAULT_PORT] = ADDRESS.exec(text.slice(at + 1).trim()) ?? []
    return new Server(ipv6 ?? name, Number.parseInt(String(port), 10), username, password, options)
  })
}

const ADDRESS = /^(?:\[(.+)\]|([^:]*))(?::(.*))?$/

/** Where a server listens, with a name of its own. */
type NamedAddress = ServerAddress & { readonly name: string }

/** Returns where the servers of a client listen. A server that the list has twice has twice the keys, as in the package. */
export function addressesOf(servers: readonly Server[]): NamedAddress[] {
  const seen = new Map<string, number>()
  return servers.map((server) => {
    const name = nameOf(server)
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    const { host, port } = server
    return { host, port, name: count === 1 ? name : `${name}#${count}`, ...loginOf(server) }
  })
}

function loginOf({ host, username, password }: Server): Pick<ServerAddress, 'auth'> {
  if (!username || !password) return {}
  return { auth: { username, password, form: host.endsWith(MEMCACHIER) ? 'memcachier' : 'memcached' } }
}
