import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import type { Endpoint } from '../support/raw-connection.ts'
import { startMemcached } from '../support/real-memcached.ts'

/** What some targets cannot do; a test that needs it is left out there, and only there. */
export type Lack =
  /** Time cannot be moved: expiry is checked by what the server says is left. */
  | 'clock'
  /** Keys with spaces, control bytes or any other byte. */
  | 'anyByteKeys'
  /** A quiet command that was refused says so. */
  | 'quietErrors'

/** A kind of server, reached by one protocol. */
export interface Target {
  readonly name: string
  readonly protocol: 'auto' | 'meta' | 'text'
  readonly lacks: ReadonlySet<Lack>
  readonly start: () => Promise<RunningServer>
}

/** A server that a suite runs against. */
export interface RunningServer {
  readonly address: string
  readonly options: MemcacheOptions
  /** The side door. */
  readonly endpoint: Endpoint
  /** Moves the server's clock. */
  readonly advanceSeconds?: (seconds: number) => void
  readonly stop: () => Promise<void>
}

const login = { username: 'ann', password: 'correct-horse' }
const transports = ['tcp', 'unix', 'tls', 'login'] as const
const protocols = ['auto', 'meta', 'text'] as const

type Transport = (typeof transports)[number]

interface ServerKind {
  readonly name: string
  readonly start: (transport: Transport) => Promise<RunningServer>
  readonly lacks: readonly Lack[]
}

const lackedByProtocol: Readonly<Record<Target['protocol'], readonly Lack[]>> = {
  auto: [],
  meta: [],
  text: ['anyByteKeys', 'quietErrors'],
}

/** The in-process server, whose clock the tests own. */
export const embeddedTargets: readonly Target[] = targetsOf({ name: 'embedded', start: startEmbedded, lacks: [] })

/** The `memcached` program. */
export const realTargets: readonly Target[] = targetsOf({ name: 'memcached', start: startReal, lacks: ['clock'] })

function targetsOf(kind: ServerKind): Target[] {
  return transports.flatMap((transport) =>
    protocols.map((protocol) => ({
      name: `${kind.name} over ${transport}, protocol ${protocol}`,
      protocol,
      lacks: new Set([...kind.lacks, ...lackedByProtocol[protocol]]),
      start: () => kind.start(transport),
    })),
  )
}

async function startReal(transport: Transport): Promise<RunningServer> {
  const server = await startMemcached(transport === 'login' ? { login } : { transport })
  return {
    address: server.address,
    options: optionsOf(transport),
    endpoint: server.endpoint,
    stop: () => server.stop(),
  }
}

let sockets = 0

async function startEmbedded(transport: Transport): Promise<RunningServer> {
  let skippedMs = 0
  const now = (): number => Date.now() + skippedMs
  const path = join(inject('temporaryFolder'), `embedded-${process.pid}-${sockets++}.sock`)
  const server = await startEmbeddedOn(transport, path, now)
  const endpoint: Endpoint = {
    ...(transport === 'unix' ? { path } : { port: server.port }),
    ...(transport === 'tls' ? { authority: inject('certificates').authority } : {}),
    ...(transport === 'login' ? { login } : {}),
  }
  return {
    address: transport === 'unix' ? path : `${transport === 'tls' ? 'localhost' : '127.0.0.1'}:${server.port}`,
    options: optionsOf(transport),
    endpoint,
    advanceSeconds: (seconds) => {
      skippedMs += seconds * 1000
    },
    stop: () => server.close(),
  }
}

function startEmbeddedOn(transport: Transport, path: string, now: () => number): Promise<MemcachedServer> {
  const loopback = { host: '127.0.0.1', port: 0, now }
  if (transport === 'unix') return MemcachedServer.start({ path, now })
  if (transport === 'login') return MemcachedServer.start({ ...loopback, auth: login })
  if (transport === 'tls') return MemcachedServer.start({ ...loopback, tls: serverTls() })
  return MemcachedServer.start(loopback)
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
