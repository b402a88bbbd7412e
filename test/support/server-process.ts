import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'
import { eventually } from './eventually.ts'
import { forgetProcess, registerProcess } from './process-registry.ts'
import { type Endpoint, RawConnection } from './raw-connection.ts'

const readyWithinMs = 10_000

/** A server program of our own; it ends with the test run at the latest. */
export class ServerProcess {
  readonly #program: string
  readonly #args: readonly string[]
  readonly #endpoint: Endpoint
  #child: ChildProcess | undefined

  /** `endpoint` is where it answers `version` with a line, whichever, when it is ready. */
  constructor(program: string, args: readonly string[], endpoint: Endpoint) {
    this.#program = program
    this.#args = args
    this.#endpoint = endpoint
  }

  get pid(): number {
    return this.#child!.pid!
  }

  /** Starts the process; resolves when it answers. */
  async start(): Promise<void> {
    const child = spawn(this.#program, this.#args, { stdio: ['ignore', 'ignore', 'pipe'] })
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
    if (child.exitCode !== null) throw new Error(`${this.#program} ended at once: ${complaint}`)
  }

  async #probe(child: ChildProcess, complaint: string): Promise<void> {
    if (child.exitCode !== null) return
    const raw = await RawConnection.open(this.#endpoint).catch((error: Error) => {
      throw new Error(`${this.#program} does not accept: ${error.message} ${complaint}`)
    })
    await raw.ask('version\r\n').finally(() => raw.close())
  }

  /** Sends a signal; `SIGKILL` is waited for. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    process.kill(child.pid, signal)
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

/** The state letters of all threads of a process, where the system shows them. */
function threadStates(pid: number): string[] {
  const folder = `/proc/${pid}/task`
  if (!existsSync(folder)) return []
  return readdirSync(folder).map((thread) => {
    const line = readFileSync(`${folder}/${thread}/stat`, 'latin1')
    return line.charAt(line.lastIndexOf(')') + 2)
  })
}
