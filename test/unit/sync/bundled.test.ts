import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { startMemcached } from '../../support/real-memcached.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Prints what comes back from the server whose address it is given, or the error. */
const PROGRAM = `
import { MemcacheSync } from './src/exports/sync.ts'
const cache = new MemcacheSync(process.argv[2])
try {
  const [stored, value] = [cache.set('bundled', 'text'), cache.get('bundled')]
  console.log(JSON.stringify({ stored, value }))
} catch ({ name, delivery, message }) {
  console.log(JSON.stringify({ name, delivery, message }))
}
cache.close()
`

const BUNDLE: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  // esbuild says of CommonJS that `import.meta` is empty there, which is known.
  logLevel: 'error',
}

/** A folder that lives as long as the test. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(inject('temporaryFolder'), 'bundle-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function bundleProgram(folder: string, format: 'esm' | 'cjs'): Promise<string> {
  const outfile = join(folder, format === 'esm' ? 'program.mjs' : 'program.cjs')
  await build({ ...BUNDLE, stdin: { contents: PROGRAM, resolveDir: ROOT }, format, outfile })
  return outfile
}

/** Bundles the worker's program; with `splitting` it needs a second file. */
async function bundleWorker(outdir: string, splitting: boolean): Promise<void> {
  const entryPoints = { 'sync-worker': 'src/sync/sync-worker.ts' }
  await build({ ...BUNDLE, entryPoints, format: 'esm', splitting, outdir, outExtension: { '.js': '.mjs' } })
}

async function run(program: string, address: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, address])
  return JSON.parse(stdout)
}

describe.each(['esm', 'cjs'] as const)('memlane/sync bundled as %s', (format) => {
  let address: string

  beforeAll(async () => {
    const server = await startMemcached()
    address = server.address
    return () => server.stop()
  })

  it('names the file that is missing, and says what to do', async () => {
    const folder = await makeFolder()
    const { message, ...error } = (await run(await bundleProgram(folder, format), address)) as Error
    expect(error).toEqual({ name: 'ConnectError', delivery: 'not-sent' })
    expect(message).toContain(join(folder, 'sync-worker.mjs'))
    expect(message).toMatch(/there is no such file.*memlane out of the bundle.*dist\/sync-worker\.mjs.*docs\/sync\.md/)
  })

  it('names the part of the worker that is missing', async () => {
    const folder = await makeFolder()
    const program = await bundleProgram(folder, format)
    await bundleWorker(folder, true)
    const part = readdirSync(folder).find((name) => name.startsWith('worker-program'))!
    await rm(join(folder, part))
    const { message, ...error } = (await run(program, address)) as Error
    expect(error).toEqual({ name: 'ConnectError', delivery: 'not-sent' })
    expect(message).toContain(join(folder, part))
    expect(message).toContain('docs/sync.md')
  })

  it('works with the worker beside it', async () => {
    const folder = await makeFolder()
    const program = await bundleProgram(folder, format)
    await bundleWorker(folder, false)
    expect(await run(program, address)).toEqual({ stored: true, value: 'text' })
  })
})
