import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../python/peers.py', import.meta.url))
const INTERPRETERS = ['/usr/bin/python3', 'python3']
const MODULES = ['pylibmc', 'pymemcache']

/** The workloads that a blocking client can take part in. */
export const PYTHON_WORKLOADS = new Set(['get-1', 'many-100'])

/** The Python clients of this machine, by name, with the interpreter that knows them. */
export function findPythonClients() {
  const found = new Map()
  for (const module of MODULES) {
    const interpreter = INTERPRETERS.find((program) => canImport(program, module))
    if (interpreter !== undefined) found.set(module, interpreter)
  }
  return found
}

export function pythonVersion(interpreter, module) {
  return execFileSync(interpreter, ['-c', `import ${module}; print(${module}.__version__)`], {
    encoding: 'utf8',
  }).trim()
}

function canImport(interpreter, module) {
  try {
    execFileSync(interpreter, ['-c', `import ${module}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The same interface as `Cell`, but every run is a process of its own. */
export class PythonCell {
  #interpreter
  #input

  constructor(clientName, interpreter) {
    this.clientName = clientName
    this.results = []
    this.problem = undefined
    this.skipped = false
    this.#interpreter = interpreter
  }

  async ask(type, input) {
    if (type === 'prepare') this.#input = input
    return type === 'run' ? this.#run(input) : { skipped: false, wrong: 0 }
  }

  async end() {}

  #run({ warmUpMs, measureMs }) {
    const { server, workload, keyPrefix } = this.#input
    const seconds = [warmUpMs, measureMs].map((ms) => String(ms / 1000))
    const values = [this.clientName, server.host, server.port, workload.name, keyPrefix, ...seconds].map(String)
    return new Promise((resolve, reject) => {
      execFile(this.#interpreter, [PROGRAM, ...values], (error, stdout) =>
        error ? reject(new Error(error.message.trim().split('\n').at(-1))) : resolve(JSON.parse(stdout)),
      )
    })
  }
}
