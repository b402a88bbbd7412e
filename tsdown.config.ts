import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig, type UserConfig } from 'tsdown'

/** One entry point of the package for each file in `src/exports`. */
const LIBRARY = [
  'index',
  'bentocache',
  'chunks',
  'cloudflare',
  'compat-memcached',
  'compat-memjs',
  'keys',
  'keyv',
  'meta',
  'middleware',
  'near-cache',
  'next',
  'otel',
  'prometheus',
  'rate-limit',
  'recipes',
  'routing',
  'serde',
  'session',
  'sync',
  'tags',
  'testing',
  'unstorage',
  'versions',
  'zones',
]
const library = Object.fromEntries(LIBRARY.map((name) => [name, `src/exports/${name}.ts`]))

/** The entry points whose `require()` gives what they export by default, and nothing else. */
const COMMON_JS: Record<string, string> = { 'compat-memcached': 'src/compat/memcached/common-js.ts' }

// Editors read the TSDoc of the declarations.
const comments = { jsdoc: false }

const shared: UserConfig = {
  platform: 'node',
  target: 'node20.19',
  fixedExtension: true,
  outputOptions: { comments },
  // The package has no sources to map to. Its code keeps all names and lines, and says which file each piece comes from.
  sourcemap: false,
}

/** Escapes what is not ASCII: Node decodes the file in a fifth of the time, and keeps it in half the memory. */
async function escapeAll(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /(?<!\.d)\.mjs$/u.test(name))
  await Promise.all(files.map((name) => escapeFile(join(folder, name))))
}

async function escapeFile(path: string): Promise<void> {
  const code = await readFile(path, 'utf8')
  await writeFile(
    path,
    code.replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/**
 * Makes declarations find the types of Node where a project has them (TypeScript 6 and 7 load no types by themselves), and
 * compile where a project has none: what they take from Node is `any` then.
 */
async function referToNode(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /\.d\.[cm]ts$/u.test(name))
  await Promise.all(files.map((name) => referToNodeIn(join(folder, name))))
}

async function referToNodeIn(path: string): Promise<void> {
  const declarations = await readFile(path, 'utf8')
  if (declarations.startsWith('// @ts-ignore')) return
  const code = declarations.replace(COMMON_JS_NAME, '')
  const head = [
    ...(/^import .* from "node:/m.test(code) ? [NODE_TYPES] : []),
    ...(/[dD]ispos/.test(code) ? [DISPOSABLE] : []),
  ]
  if (head.length > 0 || code !== declarations)
    await writeFile(path, head.join('') + code.replaceAll(FROM_NODE, '// @ts-ignore\n$&'))
}

/** What Node gives to `require()`. Types do not need it, and TypeScript reads such a name from 5.6 on. */
const COMMON_JS_NAME = /, \w+ as "module\.exports"/
const NODE_TYPES = '// @ts-ignore\n/// <reference types="node" />\n'
/** `Symbol.asyncDispose`, where the library of the project ends before it. */
const DISPOSABLE = '// @ts-ignore\n/// <reference lib="esnext.disposable" />\n'
const FROM_NODE = /^import .* from "node:\w+";$/gm

const config: UserConfig[] = defineConfig([
  {
    ...shared,
    // The program and the thread of the synchronous clients share the library's chunks.
    entry: { ...library, cli: 'src/cli/main.ts', 'sync-worker': 'src/sync/sync-worker.ts' },
    format: ['esm'],
    outputOptions: {
      comments,
      chunkFileNames: ({ facadeModuleId }) =>
        /[\\/]cli[\\/]commands[\\/]/.test(facadeModuleId ?? '') ? 'cli-[name]-[hash].mjs' : '[name]-[hash].mjs',
      // To find, read and link a module costs Node about 1 ms: small files that everything uses share one.
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          // What every command of the program uses, and what those use that draw tables. The commands have files of their own.
          {
            name: 'cli-parts',
            test: /src[\\/]cli[\\/](?:terminal[\\/](?:escape|style)|(?!main|distributions|serdes|help-text|serve-options|listen-error|format|glob)[\w-]+)\.ts$/,
          },
          {
            name: 'cli-tables',
            test: /src[\\/]cli[\\/](?:format|terminal[\\/](?:bars|progress|table|width)|stats[\\/]stats-sampler)\.ts$/,
          },
          { name: 'base', test: /src[\\/](?:protocol[\\/]key|client[\\/]client-access|[\w-]+)\.ts$/ },
          {
            name: 'serde',
            test: /src[\\/]serde[\\/](?:bytes|decompress|default-serde|foreign-values|integer|json-loss|json-text|raw|text)\.ts$/,
          },
          {
            name: 'reader',
            test: /src[\\/]client[\\/](?:commands[\\/]writes|compression|failures|foreign-names|reader)\.ts$/,
          },
          {
            name: 'middleware',
            test: /src[\\/](?:middleware[\\/](?:item-copy|older-read|removals)|seam[\\/](?:deadline-sweep|derived-operation|derived-reads|server-source))\.ts$/,
          },
          {
            name: 'command',
            test: /src[\\/](?:protocol[\\/](?:byte-scan|manifest|operation|patience|placeholder|reply|request|writes)|seam[\\/](?:near-cache|per-key-queue|read-part|reads|zones)|client[\\/](?:batch|call-\w+|check-signal|entries|option-names|calls[\\/](?:calls|loads|tally)|dispatcher|large-values|numbers|results|slices|stored-value|lease[\\/](?:semaphore|wait)|namespace[\\/](?:fifo-lock|generation|generation-item|namespace-keys)))\.ts$/,
          },
        ],
      },
    },
    hooks: {
      'build:done': async ({ options }) => {
        await escapeAll(options.outDir)
        await referToNode(options.outDir)
      },
    },
    dts: { oxc: { stripInternal: true }, entry: Object.values(library) },
    clean: true,
  },
  // CommonJS runs the modules of ESM where Node can (`module-sync`). This build is for what cannot, test runners above all.
  {
    ...shared,
    entry: { ...library, ...COMMON_JS },
    format: ['cjs'],
    hooks: { 'build:done': ({ options }) => referToNode(options.outDir) },
    dts: { oxc: { stripInternal: true } },
    clean: false,
  },
])

export default config
