import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import * as core from '../../src/exports/index.ts'
import * as keys from '../../src/exports/keys.ts'
import * as meta from '../../src/exports/meta.ts'
import * as routing from '../../src/exports/routing.ts'
import * as serdes from '../../src/exports/serde.ts'
import * as sync from '../../src/exports/sync.ts'
import * as testing from '../../src/exports/testing.ts'

const root = resolve(import.meta.dirname, '../..')
const execute = promisify(execFile)

const MODULES: Readonly<Record<string, object>> = { core, listing: keys, meta, routing, serdes, sync, testing }
const MEMBERS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(core.Memcache.prototype))

/** What the synchronous client has and the other has not. */
const SYNC_MEMBERS: ReadonlySet<string> = new Set(['asMap'])

/** Types that have the options of calls and clients. */
const OPTION_TYPES = [
  'MemcacheOptions',
  'ClusterOptions',
  'WriteOptions',
  'AddOptions',
  'GetManyOptions',
  'PopOptions',
  'CountOptions',
  'ExtendOptions',
  'InvalidateOptions',
  'UpdateOptions',
  'FlushOptions',
  'RawCommandOptions',
  'GetOrSetOptions',
  'SetManyOptions',
  'ShutdownOptions',
]

/** What the code on the pages uses without saying where it comes from. */
const WORLD = `
import * as core from 'memlane'
import * as listing from 'memlane/keys'
import * as meta from 'memlane/meta'
import * as routing from 'memlane/routing'
import * as serdes from 'memlane/serde'
import * as sync from 'memlane/sync'
import * as testing from 'memlane/testing'
type AnyOptions = ${OPTION_TYPES.map((name) => `core.${name}`).join(' | ')}
type KeyOfEach<T> = T extends unknown ? keyof T : never
type Name = KeyOfEach<AnyOptions> | keyof core.Memcache | keyof core.MemcacheError | keyof core.MemcacheEvents
  | ${Object.keys(MODULES)
    .map((name) => `keyof typeof ${name}`)
    .join(' | ')}
declare function take(options: AnyOptions | Partial<Pick<core.MemcacheError, 'delivery'>>): void
declare function name(name: Name): void
declare const cache: core.Memcache, syncCache: sync.MemcacheSync, keys: string[]
declare const key: string, line: string, username: string, password: string, ca: string, servername: string
declare const value: string, ttl: number, delta: number, n: number, megabytes: number, clientFlags: number, cas: bigint
declare const data: Uint8Array, servers: string[], oldServers: string[], newServers: string[], gutter: string[]
declare const entries: Record<string, unknown>, initial: number, options: core.MemcacheOptions
declare const change: core.Change<unknown>, fn: core.Change<unknown>, loader: () => Promise<unknown>
declare const serialize: core.Serde['serialize'], deserialize: core.Serde['deserialize'], serde: core.Serde
declare const algorithm: core.CompressionAlgorithm, distribution: routing.Distribution
declare const retryAttempts: number, retryTimeoutMs: number, deadTimeoutMs: number, attempts: number, delayMs: number, idleMs: number, host: string, port: number
`

/** Declares every export under its own name; a name of two modules is what both give. */
function exportedNames(): string {
  const owners = new Map<string, string[]>()
  for (const [module, exported] of Object.entries(MODULES)) {
    for (const name of Object.keys(exported)) owners.set(name, [...(owners.get(name) ?? []), module])
  }
  const lines = [...owners].map(([name, modules]) => {
    const [first, second] = modules.map((module) => `typeof ${module}.${name}`)
    if (second === undefined) return `const ${name} = ${modules[0]}.${name}`
    return `declare const ${name}: (...options: Parameters<${first}> | Parameters<${second}>) => ReturnType<${first}> & ReturnType<${second}>`
  })
  return `${lines.join('\n')}\n`
}

/** What a call gives back, a server, a message of several words: nothing to check. */
const RESULT = /^(?:[{['\d-]|undefined$|true$|false$|Map$|Date$|Buffer$|await using$|(?!new )\w+ \w)/

/**
 * Returns the statement that compiles if memlane has what a page names.
 *
 * @param code - A call, an option, an option with its value, or the name of something.
 */
export function statementFor(code: string): string {
  if (RESULT.test(code)) return ''
  if (/^\w+$/.test(code)) return `name('${code}')`
  if (/^\w+: /.test(code)) return `take({ ${code} })`
  const [first] = /^\w+/.exec(code) ?? ['']
  const owner = SYNC_MEMBERS.has(first) ? 'syncCache.' : MEMBERS.has(first) ? 'cache.' : ''
  return `void (${owner}${code})`
}

/** Compiles files against the sources, and returns the messages of the compiler. */
async function compile(folder: string, files: ReadonlyMap<string, string>, noImplicitAny: boolean): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  for (const [name, code] of files) await writeFile(join(folder, name), code)
  const exports = join(root, 'src/exports')
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'es2024.string', 'esnext.disposable'],
    module: 'esnext',
    moduleResolution: 'bundler',
    noEmit: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    strict: true,
    noImplicitAny,
    allowImportingTsExtensions: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: {
      memlane: [join(exports, 'index.ts')],
      'memlane/compat/*': [join(exports, 'compat-*.ts')],
      'memlane/*': [join(exports, '*.ts')],
    },
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  try {
    await execute(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], { cwd: folder })
    return []
  } catch (error) {
    const output = (error as { readonly stdout?: string }).stdout
    if (!output) throw error
    return output.split('\n').filter((line) => line.includes('error TS'))
  }
}

/** Returns which pieces of code name something that memlane does not have, each with what the compiler says. */
export async function wrongSpans(folder: string, codes: readonly string[]): Promise<string[]> {
  const head = `${WORLD}${exportedNames()}`
  const program = `${head}${codes.map(statementFor).join('\n')}\n`
  const offset = head.split('\n').length
  const messages = await compile(folder, new Map([['spans.ts', program]]), true)
  return messages.map((message) => {
    const line = Number(/^spans\.ts\((\d+),/.exec(message)?.[1])
    return `${codes[line - offset] ?? message}: ${message.replace(/^.*?error /, '')}`
  })
}

/** What blocks of code may use without an import, declared for all of them. */
const GLOBALS = `
declare const cache: import('memlane').Memcache
declare const client: { get(key: string): Promise<string | undefined> }
declare const servers: string[], oldServers: string[], newServers: string[]
declare const Memcache: typeof import('memlane').Memcache
declare const routing: typeof import('memlane/routing')
declare const pymemcache: typeof import('memlane/serde').pymemcache
declare const memcachedNpm: typeof import('memlane/serde').memcachedNpm
declare function queryUser(id: string): Promise<unknown>
`

/** Errors about names that do not exist; others, such as text for one of a few words, are not errors in JavaScript. */
const UNKNOWN_NAME = /error TS(?:1\d{3}|2304|2305|2307|2339|2353|2551|2552|2561|2614|2724):/

/**
 * Returns what the compiler says about blocks of code.
 *
 * @param typed - Whether they are TypeScript. Of JavaScript, syntax and names count.
 */
export async function wrongBlocks(folder: string, codes: readonly string[], typed: boolean): Promise<string[]> {
  const files = codes.map((code, at) => [`block-${at}.ts`, `${code}\nexport {}\n`] as const)
  const messages = await compile(folder, new Map([['globals.d.ts', GLOBALS], ...files]), typed)
  const own = messages.filter((message) => /^(?:block|tsconfig)/.test(message))
  return typed ? own : own.filter((message) => UNKNOWN_NAME.test(message))
}
