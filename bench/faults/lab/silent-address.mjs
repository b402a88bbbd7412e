import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** Listens with a queue of one, and stops itself: nothing is accepted any more. */
const SCRIPT = `
require('node:net').createServer().listen({ host: '127.0.0.1', port: Number(process.argv[1]), backlog: 1 }, () => {
  process.stdout.write('ready', () => process.kill(process.pid, 'SIGSTOP'))
})
`

/** A queue of one holds two connections (Linux); the kernel drops what knocks after them, as a firewall does. */
const QUEUED = 2

/** A port at which nothing answers, not even that it is closed. */
export class SilentAddress {
  #child
  #queued

  static async start(port) {
    const address = new SilentAddress()
    address.port = port
    address.#child = spawn(process.execPath, ['-e', SCRIPT, String(port)], { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(address.#child.stdout, 'data')
    address.#queued = Array.from({ length: QUEUED }, () => connect(port, '127.0.0.1').on('error', () => undefined))
    while (address.#queued.some((socket) => socket.connecting)) await setTimeout(10)
    return address
  }

  close() {
    for (const socket of this.#queued) socket.destroy()
    this.#child.kill('SIGKILL')
  }
}
