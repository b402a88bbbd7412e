import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const CELL_PROCESS = fileURLToPath(new URL('./cell-process.mjs', import.meta.url))
export const PROFILE_DIRECTORY = fileURLToPath(new URL('../results/profiles', import.meta.url))

/** The process of one client in one workload. Results stand under its label. */
export class Cell {
  #child
  #waiting = new Map()
  #nextId = 1
  #output = ''

  constructor(clientName, workload, { label = clientName, profile = false } = {}) {
    this.clientName = clientName
    this.workload = workload
    this.label = label
    this.results = []
    this.problem = undefined
    this.fellOver = undefined
    this.skipped = false
    const exposeGc = workload.kind === 'memory' ? ['--expose-gc'] : []
    const execArgv = [...exposeGc, ...(profile ? profileArguments(label) : [])]
    this.#child = fork(CELL_PROCESS, { execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
    this.#child.stderr.on('data', (chunk) => (this.#output += chunk))
    this.#child.stdout.resume()
    this.#child.on('message', (message) => this.#settle(message))
    this.#child.on('exit', () => this.#failAll(`the process ended: ${lastLine(this.#output)}`))
  }

  /** Asks the process; rejects when it fails, ends, or says nothing for `limitMs`. */
  ask(type, input, limitMs) {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#settle({ id, error: `no answer to "${type}" in ${limitMs} ms` }), limitMs)
      this.#waiting.set(id, { resolve, reject, timer })
      if (this.#child.connected) this.#child.send({ id, type, ...input })
      else this.#settle({ id, error: `the process has ended: ${lastLine(this.#output)}` })
    })
  }

  async end() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2000)
    await ended
    clearTimeout(timer)
  }

  #settle({ id, result, error }) {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    clearTimeout(waiting.timer)
    if (error === undefined) waiting.resolve(result)
    else waiting.reject(new Error(error))
  }

  #failAll(error) {
    for (const id of this.#waiting.keys()) this.#settle({ id, error })
  }
}

function profileArguments(clientName) {
  return ['--cpu-prof', `--cpu-prof-dir=${PROFILE_DIRECTORY}`, `--cpu-prof-name=${clientName}-${Date.now()}.cpuprofile`]
}

function lastLine(text) {
  const lines = text.trim().split('\n')
  return lines.find((line) => line.includes('Error')) ?? lines.at(-1)
}
