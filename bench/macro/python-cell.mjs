import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../python/peers.py', import.meta.url))
const INTERPRETERS = ['/usr/bin/python3', 'python3']
const MODULES = ['pylibmc', 'pymemcache']

/** The workloads that a blocking client can take part in. */
export const PYTHON_WORKLOADS = new Set(['get-1', 'many-100'])

/** The Python clients that may take part and that this machine has: name → their version and the interpreter to use. */
export function findPythonClients(takesPart) {
  const found = new Map()
  for (const name of MODULES.filter(takesPart)) {
    const client = findPythonClient(name)
    if (client !== undefined) found.set(name, client)
  }
  return found
}

function findPythonClient(name) {
  for (const interpreter of INTERPRETERS) {
    const version = readVersion(interpreter, name)
    if (version !== undefined) return { interpreter, version }
  }
  return undefined
}

function readVersion(interpreter, name) {
  const program = `import ${name}; print(${name}.__version__)`
  try {
    return execFileSync(interpreter, ['-c', program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}

/** The same interface as `Cell`, but every run is a process of its own. */
export class PythonCell {
  #interpreter
  #input

  constructor(clientName, workload, interpreter) {
    this.clientName = clientName
    this.workload = workload
    this.label = clientName
    this.results = []
    this.problem = undefined
    this.fellOver = undefined
    this.skipped = false
    this.#interpreter = interpreter
  }

  async ask(type, input) {
    if (type === 'prepare') this.#input = input
    return type === 'run' ? this.#run(input) : { skipped: false, wrong: 0 }
  }

  async end() {}

  #run({ settleMs, measureMs }) {
    const { servers, workload, keyPrefix } = this.#input
    const [server] = servers
    const seconds = [settleMs, measureMs].map((ms) => String(ms / 1000))
    const values = [this.clientName, server.host, server.port, workload.name, keyPrefix, ...seconds].map(String)
    return new Promise((resolve, reject) => {
      execFile(this.#interpreter, [PROGRAM, ...values], (error, stdout) =>
        error ? reject(new Error(error.message.trim().split('\n').at(-1))) : resolve(JSON.parse(stdout)),
      )
    })
  }
}
