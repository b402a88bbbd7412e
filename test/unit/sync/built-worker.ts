import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'tsdown'
import { inject } from 'vitest'
import { setWorkerUrl } from '../../../src/sync/bridge/worker-url.ts'

const BUILD = {
  config: false,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  fixedExtension: true,
  dts: false,
  logLevel: 'error',
  // One file.
  outputOptions: { codeSplitting: false },
} as const

/** The worker's program, built for this run: a thread cannot be started from TypeScript on every runtime. */
export async function useBuiltWorker(): Promise<URL> {
  const folder = inject('temporaryFolder')
  const program = join(folder, 'sync-worker.mjs')
  if (!existsSync(program)) {
    const outDir = join(folder, `sync-worker-${process.pid}`)
    await build({ ...BUILD, entry: { 'sync-worker': 'src/sync/sync-worker.ts' }, outDir })
    // At once, for other files of tests may be about to start it.
    renameSync(join(outDir, 'sync-worker.mjs'), program)
  }
  const url = pathToFileURL(program)
  setWorkerUrl(url)
  return url
}

/** A program for a thread that has a synchronous client of its own. */
export async function buildThread(program: URL): Promise<void> {
  const entry = join(inject('temporaryFolder'), `thread-${process.pid}.ts`)
  const client = join(import.meta.dirname, '../../../src/sync/memcache-sync.ts')
  writeFileSync(
    entry,
    `import { parentPort, workerData } from 'node:worker_threads'
    import { MemcacheSync } from ${JSON.stringify(client)}
    const { address, id } = workerData
    const cache = new MemcacheSync(address, { timeoutMs: 10_000, connectTimeoutMs: 10_000 })
    let good = true
    for (let at = 0; at < 300; at++) {
      cache.set(\`thread:\${id}:\${at}\`, \`\${id} \${at}\`)
      good &&= cache.get(\`thread:\${id}:\${at}\`) === \`\${id} \${at}\`
    }
    cache.close()
    parentPort.postMessage(good)`,
  )
  const outDir = join(inject('temporaryFolder'), `thread-${process.pid}`)
  await build({ ...BUILD, entry: { thread: entry }, outDir })
  renameSync(join(outDir, 'thread.mjs'), program)
}
