import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./import-process.mjs', import.meta.url))
const PROCESSES = 7

/** The same interface as `Cell`: every run loads the client in a few new processes, one after the other. */
export class ImportCell {
  constructor(clientName, workload) {
    this.clientName = clientName
    this.workload = workload
    this.label = clientName
    this.results = []
    this.problem = undefined
    this.fellOver = undefined
    this.skipped = false
  }

  async ask(type) {
    return type === 'run' ? this.#run() : { skipped: false, wrong: 0 }
  }

  async end() {}

  async #run() {
    const loads = []
    for (let count = 0; count < PROCESSES; count++) loads.push(await load(this.clientName))
    const [cpuMicros, p50Ms] = [median(loads, 'cpuMicros'), median(loads, 'tookMs')]
    const p99Ms = Math.max(...loads.map(({ tookMs }) => tookMs))
    return { calls: PROCESSES, rate: 1000 / p50Ms, cpuMicros, p50Ms, p99Ms, wrong: 0, errors: 0 }
  }
}

function load(clientName) {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROGRAM, clientName], (error, stdout) =>
      error ? reject(error) : resolve(JSON.parse(stdout)),
    )
  })
}

function median(loads, field) {
  const sorted = loads.map((load) => load[field]).sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
