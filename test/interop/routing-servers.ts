import type { ServerAddress } from '../../src/server-address.ts'
import { freePort } from '../support/free-port.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import type { ForeignServer } from './routing-client.ts'

/**
 * Where a server of a test listens: a free port of 127.0.0.1 or of ::1, memcached's own port at a loopback address of
 * its own (some clients leave that port out of a server's name), or a unix socket.
 */
export type PlaceKind = 'port' | 'ipv6' | 'default port' | 'socket'

export interface Place {
  readonly kind: PlaceKind
  readonly weight?: number
  /** What the server is called where the other side can name its servers. */
  readonly name?: string
}

/** A memcached process, as both sides are told of it. */
export interface RoutingServer {
  readonly process: RealMemcached
  readonly address: ServerAddress
  readonly foreign: ForeignServer
}

const DEFAULT_PORT = 11_211

/** Starts a memcached for every place. */
export async function startServers(places: readonly Place[]): Promise<RoutingServer[]> {
  const servers: RoutingServer[] = []
  for (const place of places) servers.push(await startServer(place))
  return servers
}

/** Every server listens at a free port of 127.0.0.1 as well, or at its socket: the way past the clients. */
async function startServer({ kind, weight = 1, name }: Place): Promise<RoutingServer> {
  const port = await freePort()
  if (kind === 'socket') {
    const process = await startMemcached({ transport: 'unix' })
    return { process, address: { path: process.address, weight, name }, foreign: { path: process.address, weight } }
  }
  const at = { port: { host: '127.0.0.1', port }, ipv6: { host: '::1', port }, 'default port': ownLoopback() }[kind]
  const listen = at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`
  const process = await startMemcached({ port, args: kind === 'port' ? [] : ['-l', listen] })
  return { process, address: { ...at, weight, name }, foreign: { ...at, weight } }
}

let sequence = 1

/** All of 127.0.0.0/8 is this machine's. */
function ownLoopback(): { readonly host: string; readonly port: number } {
  return { host: `127.${1 + (process.pid % 250)}.${(process.pid >> 8) % 250}.${sequence++}`, port: DEFAULT_PORT }
}

/** Ends the servers' processes. */
export async function stopServers(servers: readonly RoutingServer[]): Promise<void> {
  for (const server of servers) await server.process.stop()
}

/** The indexes of the servers that have each key, asked of every server past the clients. */
export async function holdersOf(servers: readonly RoutingServer[], keys: readonly string[]): Promise<number[][]> {
  const holders: number[][] = keys.map(() => [])
  for (const [index, server] of servers.entries()) {
    const connection = await RawConnection.open(server.process.endpoint)
    const reply = await connection.ask(`${keys.map((key) => `mg ${key}\r\n`).join('')}mn\r\n`, 'MN\r\n')
    connection.close()
    for (const [at, line] of reply.split('\r\n').slice(0, keys.length).entries()) {
      if (line === 'HD') holders[at]!.push(index)
    }
  }
  return holders
}

/** Empties every server. */
export async function emptyServers(servers: readonly RoutingServer[]): Promise<void> {
  for (const server of servers) {
    const connection = await RawConnection.open(server.process.endpoint)
    await connection.ask('flush_all\r\n')
    connection.close()
  }
}
