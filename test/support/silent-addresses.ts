import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { inject } from 'vitest'
import { until } from './eventually.ts'
import { forgetProcess, registerProcess } from './process-registry.ts'

/** Listens with a queue of one, and stops itself: nothing is accepted any more. */
const SCRIPT = `
const { createServer } = require('node:net')
const [port, ...hosts] = process.argv.slice(1)
let listening = 0
for (const host of hosts) createServer().listen({ host, port: Number(port), backlog: 1 }, () => {
  if (++listening < hosts.length) return
  process.stdout.write('ready', () => process.kill(process.pid, 'SIGSTOP'))
})
`

/** A queue of one holds two connections (Linux); the kernel drops what knocks behind them, as a firewall does. */
const QUEUED = 2

/** Loopback addresses (127.0.0.2 and up) at which a port answers nothing, not even that it is closed. */
export class SilentAddresses {
  readonly #child: ChildProcess
  readonly #queued: Socket[]

  private constructor(child: ChildProcess, queued: Socket[]) {
    this.#child = child
    this.#queued = queued
  }

  static async start(port: number, hosts: readonly string[]): Promise<SilentAddresses> {
    const child = spawn(process.execPath, ['-e', SCRIPT, String(port), ...hosts], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const pid = child.pid!
    registerProcess(pid, join(inject('temporaryFolder'), 'pids'))
    child.once('exit', () => forgetProcess(pid))
    await once(child.stdout, 'data')
    const queued = hosts.flatMap((host) => Array.from({ length: QUEUED }, () => connect(port, host)))
    for (const socket of queued) socket.on('error', () => undefined)
    await until(() => queued.every((socket) => !socket.connecting), 'the queues are full')
    return new SilentAddresses(child, queued)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#queued) socket.destroy()
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}
