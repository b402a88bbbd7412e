import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { freePort } from './free-port.ts'
import { memcachedBinary } from './memcached-binaries.ts'
import type { FetchedVersion } from './memcached-versions.ts'
import type { Endpoint, Login } from './raw-connection.ts'
import { ServerProcess } from './server-process.ts'

/** What kind of memcached to start. */
export interface MemcachedSetup {
  readonly transport?: 'tcp' | 'unix' | 'tls'
  readonly login?: Login
  /** Further command line arguments. */
  readonly args?: readonly string[]
  /** Default: a free one. */
  readonly port?: number
  /** Default: the installed one. */
  readonly version?: FetchedVersion | undefined
}

let sequence = 0

/** A memcached process of our own on loopback. */
export class RealMemcached extends ServerProcess {
  /** For `new Memcache`; the account is in `login`, the authority in `endpoint`. */
  readonly address: string
  /** 0 on a unix socket. */
  readonly port: number
  /** For a side door. */
  readonly endpoint: Endpoint
  readonly login: Login | undefined

  constructor(port: number, setup: MemcachedSetup) {
    const transport = setup.transport ?? 'tcp'
    const path = join(inject('temporaryFolder'), `mc-${process.pid}-${sequence++}.sock`)
    const program = setup.version === undefined ? 'memcached' : memcachedBinary(setup.version)
    const endpoint = endpointOf(transport, port, path, setup.login)
    super(program, argumentsOf(transport, port, path, setup), endpoint)
    this.port = transport === 'unix' ? 0 : port
    this.login = setup.login
    this.address = { tcp: `127.0.0.1:${port}`, unix: path, tls: `localhost:${port}` }[transport]
    this.endpoint = endpoint
  }
}

/** Starts a memcached on a free loopback port or a unix socket. */
export async function startMemcached(setup: MemcachedSetup = {}): Promise<RealMemcached> {
  const start = async (port: number): Promise<RealMemcached> => {
    const server = new RealMemcached(port, setup)
    await server.start().catch(async (error: unknown) => {
      await server.stop()
      throw error
    })
    return server
  }
  return setup.port === undefined ? onFreePort(start) : start(setup.port)
}

/** Starts something on a free port; again when another test file has taken it between our look and the program's. */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (error) {
      if (attempt === 3 || isMissing(error)) throw error
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && /ENOENT|is not here/.test(error.message)
}

function endpointOf(transport: string, port: number, path: string, login: Login | undefined): Endpoint {
  return {
    ...(transport === 'unix' ? { path } : { port }),
    ...(transport === 'tls' ? { authority: inject('certificates').authority } : {}),
    ...(login === undefined ? {} : { login }),
  }
}

function argumentsOf(transport: string, port: number, path: string, setup: MemcachedSetup): string[] {
  const args = transport === 'unix' ? ['-s', path] : ['-p', String(port), '-l', '127.0.0.1']
  if (process.getuid?.() === 0) args.push('-u', 'root')
  if (transport === 'tls') {
    const { server } = inject('certificates')
    args.push('-Z', '-o', `ssl_chain_cert=${server.certificate},ssl_key=${server.key}`)
  }
  if (setup.login !== undefined) {
    const file = `${path}.login`
    writeFileSync(file, `${setup.login.username}:${setup.login.password}\n`, { mode: 0o600 })
    args.push('-Y', file)
  }
  return [...args, '-t', '2', ...(setup.args ?? [])]
}
