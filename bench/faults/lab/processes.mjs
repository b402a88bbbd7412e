import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Door } from './door.mjs'

const START_ATTEMPTS = 500
const PROGRAMS = { text: 'memcached', redis: 'redis-server' }
const running = new Set()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Whether the server of this protocol is installed. */
export function isInstalled(protocol) {
  try {
    execFileSync(PROGRAMS[protocol] ?? PROGRAMS.text, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A memcached, or a Redis, of our own; it is started again at the same port. */
export class ServerProcess {
  #protocol
  #child
  /** Further arguments; a restart takes what stands here then. */
  args
  /** What the door needs to get in: `{ login, ca }`. */
  access

  constructor(protocol, port, { args = [], access = {} }) {
    this.#protocol = protocol
    this.port = port
    this.args = args
    this.access = access
  }

  /** Starts one on a free port, and waits until it answers. */
  static async start(protocol, settings = {}) {
    const server = new ServerProcess(protocol, await freePort(), settings)
    await server.start()
    return server
  }

  async start() {
    const common = this.#protocol === 'redis' ? redisArguments(this.port) : memcachedArguments(this.port)
    const program = PROGRAMS[this.#protocol] ?? PROGRAMS.text
    this.#child = spawn(program, [...common, ...this.args], { stdio: 'ignore' })
    running.add(this.#child)
    this.#child.once('exit', () => running.delete(this.#child))
    for (let attempt = 1; ; attempt++) {
      try {
        const door = await this.openDoor()
        door.close()
        return
      } catch (error) {
        if (attempt === START_ATTEMPTS || this.#child.exitCode !== null) throw error
        await setTimeout(10)
      }
    }
  }

  /** A connection past everything that stands before the server. */
  openDoor() {
    return Door.open(this.#protocol, this.port, this.access)
  }

  async kill() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async restart() {
    await this.kill()
    await this.start()
  }

  freeze() {
    this.#child.kill('SIGSTOP')
  }

  thaw() {
    this.#child.kill('SIGCONT')
  }
}

function memcachedArguments(port) {
  const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
  return ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-t', '1', ...user]
}

function redisArguments(port) {
  return ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
}

/**
 * A free port outside the range of outgoing connections: a client that keeps trying a port that is closed may otherwise be
 * given that port as its own end, and is connected to itself.
 */
export async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000)
    const server = createServer()
    const isFree = await new Promise((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

/** Ends a process that leads a group, and all that it has started. */
export function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error
  }
}
