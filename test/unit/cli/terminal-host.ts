import { PassThrough, Writable } from 'node:stream'
import type { Host, InputStream, OutputStream } from '../../../src/cli/host.ts'
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
  readonly signal?: AbortSignal
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

  get text(): string {
    return Buffer.concat(this.chunks).toString('utf8')
  }
}

/** Host of a run within the test. */
export class TestHost implements Host {
  readonly env: Readonly<Record<string, string>>
  readonly stdin: InputStream
  readonly stdout: OutputStream & { readonly text: string }
  readonly stderr: OutputStream & { readonly text: string }
  readonly signal: AbortSignal

  constructor(setup: HostSetup = {}) {
    this.env = setup.env ?? {}
    this.signal = setup.signal ?? new AbortController().signal
    this.stdout = new Recorder(setup)
    this.stderr = new Recorder(setup)
    const stdin = new PassThrough()
    stdin.end(setup.input ?? '')
    this.stdin = stdin
  }
}

/** Runs a command line within the test. */
export async function runCommand(argv: readonly string[], setup: HostSetup = {}): Promise<Transcript> {
  const host = new TestHost(setup)
  const exitCode = await runProgram(argv, host, COMMANDS)
  return { exitCode, output: host.stdout.text, errors: host.stderr.text }
}
