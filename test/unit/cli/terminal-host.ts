import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Host, InputStream } from '../../../src/cli/host.ts'
import { COMMANDS } from '../../../src/cli/registry.ts'
import { runProgram } from '../../../src/cli/run.ts'

/** What a run of the program left behind. */
export interface Transcript {
  readonly exitCode: number
  readonly output: string
  readonly errors: string
}

/** Surroundings of a run. */
export interface HostSetup {
  readonly env?: Readonly<Record<string, string>>
  /** What standard input has. */
  readonly input?: string | Uint8Array
  /** Makes standard output and standard error terminals of this width. */
  readonly columns?: number
  readonly rows?: number
}

/** Stream that keeps what is written to it. */
class Recorder extends Writable {
  readonly chunks: Buffer[] = []
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number

  constructor({ columns, rows = 24 }: HostSetup) {
    super()
    if (columns === undefined) return
    this.isTTY = true
    this.columns = columns
    this.rows = rows
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk)
    this.emit('wrote')
    done()
  }

  /** Does what a pipe does whose reader has left. */
  breakPipe(): void {
    this.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}

/** Host of a run within the test. */
export class TestHost implements Host {
  readonly env: Readonly<Record<string, string>>
  readonly stdin: InputStream & PassThrough
  readonly stdout: Recorder
  readonly stderr: Recorder
  readonly #controller: AbortController = new AbortController()
  #taken: (() => void) | undefined
  /** Whether standard input is in raw mode. */
  isRaw = false

  constructor(setup: HostSetup = {}) {
    this.env = setup.env ?? {}
    this.stdout = new Recorder(setup)
    this.stderr = new Recorder(setup)
    const stdin = new PassThrough()
    const setRawMode = (mode: boolean): void => {
      this.isRaw = mode
    }
    this.stdin = setup.columns === undefined ? stdin : Object.assign(stdin, { isTTY: true, setRawMode })
    if (setup.input !== undefined || setup.columns === undefined) stdin.end(setup.input ?? '')
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  interrupt(): void {
    if (this.#taken === undefined) this.#controller.abort(new Error('interrupted'))
    else this.#taken()
  }

  takeInterrupts(handler: (() => void) | undefined): void {
    this.#taken = handler
  }

  /** Prompts of a session that were shown. */
  get prompts(): number {
    return this.stdout.text.split('memlane› \u001b').length - 1
  }

  /** Resolves when something is written to standard output. */
  async wrote(): Promise<void> {
    await once(this.stdout, 'wrote')
  }

  /** Resolves when standard output has text that matches. */
  async shows(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout.text)) await once(this.stdout, 'wrote')
  }

  run(argv: readonly string[]): Promise<number> {
    return runProgram(argv, this, COMMANDS)
  }
}

/** Runs a command line within the test. */
export async function runCommand(argv: readonly string[], setup: HostSetup = {}): Promise<Transcript> {
  const host = new TestHost(setup)
  const exitCode = await host.run(argv)
  return { exitCode, output: host.stdout.text, errors: host.stderr.text }
}
