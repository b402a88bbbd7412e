import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'
import { inject } from 'vitest'
import { forgetProcess, registerProcess } from '../../support/process-registry.ts'

const ENTRY = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url))

/** Builds the program; gives the path of the script. Node 20 runs no TypeScript. */
export async function buildProgram(): Promise<string> {
  const outDir = mkdtempSync(join(inject('temporaryFolder'), 'cli-'))
  await build({ config: false, entry: { main: ENTRY }, outDir, platform: 'node', dts: false, logLevel: 'silent' })
  return join(outDir, 'main.mjs')
}

/** How a program ended and what it said. */
export interface Ending {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** A running program. */
export class Program {
  readonly #child: ChildProcess
  readonly #ending: Promise<Ending>
  #output = ''
  #errors = ''

  constructor(script: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const pid = this.#child.pid!
    registerProcess(pid, join(inject('temporaryFolder'), 'pids'))
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString()
    })
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString()
    })
    this.#ending = once(this.#child, 'close').then(([code]) => {
      forgetProcess(pid)
      return { code: code as number | null, output: this.#output, errors: this.#errors }
    })
  }

  /** Resolves with the first line that it writes; rejects if it ends before. */
  async firstLine(): Promise<string> {
    while (!this.#output.includes('\n')) {
      const ended = await Promise.race([this.#ending, once(this.#child.stdout!, 'data')])
      if ('code' in ended) throw new Error(`ended with ${ended.code}: ${ended.errors}`)
    }
    return this.#output.slice(0, this.#output.indexOf('\n'))
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  ended(): Promise<Ending> {
    return this.#ending
  }
}
