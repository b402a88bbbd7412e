import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'tsdown'
import { inject, onTestFinished } from 'vitest'
import type { Faults } from '../../src/testing/faults.ts'
import type { Mishap } from './sync-recorder.ts'

/** A fault proxy that works while this thread is blocked. What it is told is done when the call returns. */
export interface BlockedProxy {
  readonly address: string
  /** How many connections were made through it so far. */
  connections(): number
  set(direction: 'toServer' | 'toClient', faults: Partial<Faults>): void
  freeze(): void
  thaw(): void
  reset(): void
  /** Resets the connections after a time, in milliseconds. */
  resetIn(ms: number): void
  /** Gives the client this instead of what the server says next. */
  replace(text: string): void
  /** Loses what the client sends next. */
  lose(): void
  /** Adds bytes that nobody asked for to what the server says next. */
  inject(text: string): void
  /** Returns when what it holds has left, in however many pieces, unless a fault keeps it. */
  passOn(): void
  /** Begins to note what the server answers. */
  record(): void
  /** The next command suffers this; notes are begun anew. Needs `record`. */
  arm(mishap: Mishap): void
  /** All is well from here. */
  disarm(): void
  /** How many commands the server has answered since the notes were begun or taken last. */
  takeAnswers(): number
}

/** Starts a proxy in front of each server; they end with the test. */
export async function startProxies(servers: readonly string[]): Promise<BlockedProxy[]> {
  const worker = new Worker(await program())
  onTestFinished(() => void worker.terminate())
  const tell = (index: number, name: string, ...args: unknown[]): number => {
    const done = new Int32Array(new SharedArrayBuffer(4))
    worker.postMessage({ done, index, name, args })
    Atomics.wait(done, 0, 0, 10_000)
    return done[0]! - 1
  }
  return servers.map((server, index) => {
    const port = tell(index, 'start', server)
    return {
      address: `127.0.0.1:${port}`,
      connections: () => tell(index, 'connections'),
      set: (direction, faults) => tell(index, 'set', direction, faults),
      freeze: () => tell(index, 'freeze'),
      thaw: () => tell(index, 'thaw'),
      reset: () => tell(index, 'reset'),
      resetIn: (ms) => tell(index, 'resetIn', ms),
      replace: (text) => tell(index, 'replace', text),
      lose: () => tell(index, 'lose'),
      inject: (text) => tell(index, 'inject', text),
      passOn: () => tell(index, 'passOn'),
      record: () => tell(index, 'record'),
      arm: (mishap) => tell(index, 'arm', mishap),
      disarm: () => tell(index, 'disarm'),
      takeAnswers: () => tell(index, 'takeAnswers'),
    }
  })
}

/** Built, because a thread cannot be started from TypeScript on every runtime. */
async function program(): Promise<URL> {
  const folder = inject('temporaryFolder')
  const file = join(folder, 'sync-proxy-thread.mjs')
  if (!existsSync(file)) {
    const outDir = join(folder, `sync-proxy-${process.pid}`)
    const entry = { 'sync-proxy-thread': join(import.meta.dirname, 'sync-proxy-thread.ts') }
    await build({
      config: false,
      format: 'esm',
      platform: 'node',
      dts: false,
      fixedExtension: true,
      logLevel: 'error',
      entry,
      outDir,
    })
    renameSync(join(outDir, 'sync-proxy-thread.mjs'), file)
  }
  return pathToFileURL(file)
}
