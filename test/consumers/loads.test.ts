import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
const MODULES = join(HERE, 'node_modules')
const run = promisify(execFile)
const load = createRequire(join(HERE, 'package.json'))

/** An application with the package, as it is packed, among its modules. */
let folder: string

beforeAll(async () => {
  // Not among modules, where jest looks for no test.
  folder = await mkdtemp(join(HERE, '.loads-'))
  const installed = join(folder, 'node_modules', 'memlane')
  await mkdir(installed, { recursive: true })
  await cp(join(HERE, 'loads'), folder, { recursive: true })
  await copyFile(join(ROOT, 'package.json'), join(installed, 'package.json'))
  await cp(join(ROOT, 'dist'), join(installed, 'dist'), { recursive: true })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

type Bundle = (entry: string, outfile: string) => Promise<void>

type Webpack = (
  options: object,
  done: (error: Error | null, stats?: { toString(): string; hasErrors(): boolean }) => void,
) => void

const BUNDLERS: Readonly<Record<string, Bundle>> = {
  esbuild: async (entry, outfile) => {
    const { build } = load('esbuild') as { build: (options: object) => Promise<unknown> }
    await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
  },
  Vite: async (entry, outfile) => {
    const { build } = (await import(join(MODULES, 'vite', 'dist', 'node', 'index.js'))) as {
      build: (options: object) => Promise<unknown>
    }
    const rolldownOptions = { output: { entryFileNames: 'vite.mjs' } }
    const settings = { ssr: entry, outDir: resolve(outfile, '..'), emptyOutDir: false, rolldownOptions }
    await build({ root: folder, configFile: false, logLevel: 'error', ssr: { noExternal: true }, build: settings })
  },
  webpack: (entry, outfile) =>
    new Promise((done, fail) => {
      const output = { path: resolve(outfile, '..'), filename: 'webpack.mjs', module: true, chunkFormat: 'module' }
      const options = { mode: 'production', target: 'node20', experiments: { outputModule: true }, entry, output }
      ;(load('webpack') as Webpack)(options, (error, stats) => {
        if (error !== null) fail(error)
        else if (stats!.hasErrors()) fail(new Error(stats!.toString()))
        else done()
      })
    }),
}

describe('a bundle', () => {
  it.each(Object.entries(BUNDLERS))('of %s has the package in it, and runs', async (name, bundle) => {
    const outfile = join(folder, 'out', `${name.toLowerCase()}.mjs`)
    await bundle(join(folder, 'program.mjs'), outfile)
    // Alone: nothing of the package is beside it.
    const alone = await mkdtemp(join(tmpdir(), 'memlane-bundle-'))
    try {
      await cp(join(folder, 'out'), alone, { recursive: true })
      await using server = await MemcachedServer.start()
      const env = { ...process.env, MEMCACHED: server.address }
      const { stdout, stderr } = await run(process.execPath, [join(alone, `${name.toLowerCase()}.mjs`)], { env })
      expect([stdout, stderr]).toEqual(['{"name":"Ada"} 2000000\n', ''])
    } finally {
      await rm(alone, { recursive: true, force: true })
    }
  })
})

/** Runs jest in the folder; gives what it reports. */
async function runJest(version: string, config: object): Promise<string> {
  const path = join(folder, `${version}.json`)
  await writeFile(path, JSON.stringify({ rootDir: folder, testEnvironment: 'node', ...config }))
  const args = [
    join(MODULES, version, 'bin', 'jest.js'),
    '--config',
    path,
    '--no-cache',
    '--no-watchman',
    '--runInBand',
  ]
  const env = { ...process.env, NODE_OPTIONS: '', VITEST: '' }
  // jest reports to stderr; a test that fails ends it with an error.
  return (await run(process.execPath, args, { cwd: folder, env })).stderr
}

describe('jest', () => {
  it.each(['jest-29', 'jest-30'])('%s runs a CommonJS test with a cache', async (version) => {
    const config = { testMatch: ['<rootDir>/cache.test.cjs'], testPathIgnorePatterns: [], transform: {} }
    expect(await runJest(version, config)).toMatch(/Tests: +1 passed/)
  })

  it.each(['jest-29', 'jest-30'])('%s with ts-jest runs a test in TypeScript', async (version) => {
    const compilerOptions = {
      strict: true,
      target: 'es2022',
      module: 'commonjs',
      moduleResolution: 'node10',
      esModuleInterop: true,
      typeRoots: [join(MODULES, '@types')],
    }
    const tsconfig = join(folder, 'tsconfig.json')
    await writeFile(tsconfig, JSON.stringify({ compilerOptions, include: ['ts'] }))
    const transform = { '\\.ts$': [join(MODULES, 'ts-jest'), { tsconfig }] }
    const config = { testMatch: ['<rootDir>/ts/cache.spec.ts'], testPathIgnorePatterns: [], transform }
    expect(await runJest(version, config)).toMatch(/Tests: +1 passed/)
  })
})
