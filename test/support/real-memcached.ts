import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { forgetProcess, registerProcess } from './process-registry.ts'
import { type Endpoint, type Login, RawConnection } from './raw-connection.ts'

/** What kind of memcached to start. */
export interface MemcachedSetup {
  readonly transport?: 'tcp' | 'unix' | 'tls'
  readonly login?: Login
  /** Further command line arguments. */
  readonly args?: readonly string[]
  /** Default: a free one. */
  readonly port?: number
}

const readyWithinMs = 10_000
let sequence = 0

/** A memcached process of our own on loopback. */
export class RealMemcached {
  /** For `new Memcache`; the account is in `login`, the authority in `endpoint`. */
  readonly address: string
  /** 0 on a unix socket. */
  readonly port: number
  /** For a side door. */
  readonly endpoint: Endpoint
  readonly login: Login | undefined
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  constructor(port: number, setup: MemcachedSetup) {
    const transport = setup.transport ?? 'tcp'
    const path = join(inject('temporaryFolder'), `mc-${process.pid}-${sequence++}.sock`)
    this.port = transport === 'unix' ? 0 : port
    this.login = setup.login
    this.address = { tcp: `127.0.0.1:${port}`, unix: path, tls: `localhost:${port}` }[transport]
    this.endpoint = endpointOf(transport, port, path, setup.login)
    this.#args = argumentsOf(transport, port, path, setup)
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Starts the process; resolves when it answers. */
  async start(): Promise<void> {
    const child = spawn('memcached', this.#args, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    let complaint = ''
    child.stderr?.on('data', (text: Buffer) => {
      complaint += text.toString()
    })
    await once(child, 'spawn')
    const pid = this.pid
    registerProcess(pid, join(inject('temporaryFolder'), 'pids'))
    child.once('exit', () => forgetProcess(pid))
    await eventually(() => this.#probe(child, complaint), readyWithinMs)
    if (child.exitCode !== null) throw new Error(`memcached ended at once: ${complaint}`)
  }

  async #probe(child: ChildProcess, complaint: string): Promise<void> {
    if (child.exitCode !== null) return
    const raw = await RawConnection.open(this.endpoint).catch((error: Error) => {
      throw new Error(`memcached does not accept: ${error.message} ${complaint}`)
    })
    await raw.ask('version\r\n').finally(() => raw.close())
  }

  /** Sends a signal; `SIGKILL` is waited for. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    process.kill(this.pid, signal)
    if (signal === 'SIGKILL') await exited
  }

  /** Ends the process, frozen or not. */
  stop(): Promise<void> {
    return this.kill('SIGKILL')
  }

  /** The kernel still accepts and buffers, nobody answers. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP')
    // A thread that runs on another core at this moment stops a little later.
    while (!threadStates(this.pid).every((state) => state === 'T'));
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  /** A new, empty process at the same address. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Starts a memcached on a free loopback port or a unix socket. */
export async function startMemcached(setup: MemcachedSetup = {}): Promise<RealMemcached> {
  for (let attempt = 1; ; attempt++) {
    const server = new RealMemcached(setup.port ?? (await freePort()), setup)
    try {
      await server.start()
      return server
    } catch (error) {
      await server.stop()
      // Another test file may have taken the port between our look and memcached's.
      if (setup.port !== undefined || attempt === 3) throw error
    }
  }
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

/** The state letters of all threads of a process, where the system shows them. */
function threadStates(pid: number): string[] {
  const folder = `/proc/${pid}/task`
  if (!existsSync(folder)) return []
  return readdirSync(folder).map((thread) => {
    const line = readFileSync(`${folder}/${thread}/stat`, 'latin1')
    return line.charAt(line.lastIndexOf(')') + 2)
  })
}
