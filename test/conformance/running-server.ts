import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import type { ServerDialect } from '../../src/server/dialect.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { startAgedMemcached } from '../support/aged-memcached.ts'
import { type ProxyKind, startCachingProxy } from '../support/caching-proxy.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import type { Endpoint } from '../support/raw-connection.ts'
import { type MemcachedSetup, startMemcached } from '../support/real-memcached.ts'
import { BackendDoor, OldDoor, type SideDoor } from '../support/side-door.ts'

/** How the client reaches a server. */
export type Transport = 'tcp' | 'unix' | 'tls' | 'login'

/** What becomes of a client's connections. A `FaultProxy` is one. */
export interface CountedConnections {
  /** Made so far. */
  readonly connections: number
  readonly openConnections: number
  /** Holds all bytes back. */
  freeze(): void
  thaw(): void
}

/** A server that a suite runs against. */
export interface RunningServer {
  readonly address: string
  readonly options: MemcacheOptions
  /** How to reach it without a client. */
  readonly endpoint: Endpoint
  /** The side door, where the endpoint is not good enough for one. */
  readonly openSideDoor?: () => Promise<SideDoor>
  /** What tells a client beforehand that there are no meta commands: else it takes one connection to find out. */
  readonly knownVersion?: string
  /** Moves the server's clock. */
  readonly advanceSeconds?: (seconds: number) => void
  /** Makes a client, where it is not a `Memcache` that connects to the address. */
  readonly createClient?: (options: MemcacheOptions) => Memcache
  /** Takes back the clients that it made: the test has ended. Without it they are destroyed. */
  readonly takeBackClients?: () => void
  /** Counts the connections of a client of its own; elsewhere a proxy does. */
  readonly countConnections?: (cache: Memcache) => CountedConnections
  readonly stop: () => Promise<void>
}

const login = { username: 'ann', password: 'correct-horse' }

/** A `memcached` program. */
export async function startReal(transport: Transport, setup: MemcachedSetup = {}): Promise<RunningServer> {
  const server = await startMemcached({ ...setup, ...(transport === 'login' ? { login } : { transport }) })
  return {
    address: server.address,
    options: optionsOf(transport),
    endpoint: server.endpoint,
    ...(setup.version === '1.6.9' ? { openSideDoor: () => OldDoor.open(server.endpoint) } : {}),
    stop: () => server.stop(),
  }
}

/** A proxy in front of two `memcached` programs. */
export async function startProxied(kind: ProxyKind): Promise<RunningServer> {
  const { address, endpoint, backends, stop } = await startCachingProxy(kind)
  const behind = backends.map((backend) => backend.endpoint)
  const openSideDoor = (): Promise<SideDoor> => BackendDoor.open(endpoint, behind)
  const withoutMeta = kind === 'twemproxy' ? { openSideDoor, knownVersion: '1.4.0' } : {}
  return { address, options: {}, endpoint, stop, ...withoutMeta }
}

/** A server of 1.6.10 to 1.6.17, played. */
export async function startAged(version: string): Promise<RunningServer> {
  const clock = new MovableClock()
  const server = await startAgedMemcached(version, clock.now)
  return {
    address: server.address,
    options: {},
    endpoint: { port: server.port },
    advanceSeconds: clock.advanceSeconds,
    stop: () => server.close(),
  }
}

let sockets = 0

/** The in-process server, whose clock the tests own. */
export async function startEmbedded(
  transport: Transport,
  version?: string,
  dialect?: ServerDialect,
): Promise<RunningServer> {
  const clock = new MovableClock()
  const path = join(inject('temporaryFolder'), `embedded-${process.pid}-${sockets++}.sock`)
  const server = await MemcachedServer.start({
    ...(transport === 'unix' ? { path } : {}),
    ...(transport === 'login' ? { auth: login } : {}),
    ...(transport === 'tls' ? { tls: serverTls() } : {}),
    ...(version === undefined ? {} : { version }),
    ...(dialect === undefined ? {} : { dialect }),
    now: clock.now,
  })
  const endpoint: Endpoint = {
    ...(transport === 'unix' ? { path } : { port: server.port }),
    ...(transport === 'tls' ? { authority: inject('certificates').authority } : {}),
    ...(transport === 'login' ? { login } : {}),
  }
  return {
    // The certificate names localhost.
    address: transport === 'tls' ? `localhost:${server.port}` : server.address,
    options: optionsOf(transport),
    endpoint,
    advanceSeconds: clock.advanceSeconds,
    stop: () => server.close(),
  }
}

class MovableClock {
  #skippedMs = 0
  readonly now = (): number => Date.now() + this.#skippedMs
  readonly advanceSeconds = (seconds: number): void => {
    this.#skippedMs += seconds * 1000
  }
}

function serverTls(): { cert: Buffer; key: Buffer } {
  const { server } = inject('certificates')
  return { cert: readFileSync(server.certificate), key: readFileSync(server.key) }
}

function optionsOf(transport: Transport): MemcacheOptions {
  if (transport === 'login') return { auth: login }
  if (transport === 'tls') return { tls: { ca: readFileSync(inject('certificates').authority) } }
  return {}
}
