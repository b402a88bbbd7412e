import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig, type UserConfig } from 'tsdown'
import { breakLines } from './scripts/break-lines.ts'
import { keepLines } from './scripts/line-maps.ts'

/** One entry point of the package for each file in `src/exports`. */
const LIBRARY = ['index', 'meta', 'middleware', 'routing', 'serde', 'sync', 'testing']
const library = Object.fromEntries(LIBRARY.map((name) => [name, `src/exports/${name}.ts`]))

const shared: UserConfig = {
  platform: 'node',
  target: 'node20.19',
  fixedExtension: true,
  // Editors read the TSDoc of the declarations; `src` has it for everybody else.
  outputOptions: { comments: { jsdoc: false } },
  // Which file a piece comes from: the maps say it.
  inputOptions: { experimental: { attachDebugInfo: 'none' } },
}

/** Leaves the sources out of the maps, which point to `src` in the package, and all but the lines. */
async function thinMaps(folder: string): Promise<void> {
  const maps = (await readdir(folder)).filter((name) => name.endsWith('.map'))
  await Promise.all(
    maps.map(async (name) => {
      const path = join(folder, name)
      const { sourcesContent: _, ...map } = JSON.parse(await readFile(path, 'utf8')) as SourceMap
      await writeFile(path, JSON.stringify({ ...map, names: [], mappings: keepLines(map.mappings) }))
    }),
  )
}

async function breakAllLines(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cjs'))
  await Promise.all(
    files.map(async (name) => {
      const path = join(folder, name)
      await writeFile(path, breakLines(await readFile(path, 'utf8')))
    }),
  )
}

interface SourceMap {
  readonly sourcesContent?: unknown
  readonly mappings: string
}

const config: UserConfig[] = defineConfig([
  {
    ...shared,
    // The program and the thread of the synchronous clients share the library's chunks.
    entry: { ...library, cli: 'src/cli/main.ts', 'sync-worker': 'src/sync/sync-worker.ts' },
    format: ['esm'],
    sourcemap: true,
    dts: { oxc: { stripInternal: true }, entry: Object.values(library) },
    clean: true,
    hooks: { 'build:done': ({ options }) => thinMaps(options.outDir) },
  },
  // CommonJS runs the modules of ESM where Node can (`module-sync`). This build is for what cannot, test runners above all:
  // without maps and white space, with every name.
  {
    ...shared,
    entry: library,
    format: ['cjs'],
    sourcemap: false,
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    dts: { oxc: { stripInternal: true } },
    clean: false,
    hooks: { 'build:done': ({ options }) => breakAllLines(options.outDir) },
  },
])

export default config
