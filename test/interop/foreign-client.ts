import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Portable } from './portable.ts'

/** One of the other clients: its program, and how to get it where it is missing. */
export interface ForeignClient {
  /** As the program knows it. */
  readonly name: string
  readonly command: readonly string[]
  /** Says whether it is there: ends with 0. */
  readonly check: readonly string[]
  readonly install: string
}

/** What a client is told to do: sets first, then gets. */
export interface Job {
  readonly port: number
  readonly options: Readonly<Record<string, unknown>>
  readonly set: readonly (readonly [string, Portable])[]
  readonly get: readonly string[]
}

/** What came of it, in the job's order. */
export interface JobResult {
  readonly version: string
  readonly stored: readonly (boolean | Portable)[]
  readonly found: readonly Portable[]
}

function programPath(file: string): string {
  return fileURLToPath(new URL(`clients/${file}`, import.meta.url))
}

function pythonClient(name: string, module: string, packageName: string): ForeignClient {
  // The system's own Python: another one does not see the packages of apt.
  const python = '/usr/bin/python3'
  return {
    name,
    command: [python, programPath('python_client.py')],
    check: [python, '-c', `import ${module}`],
    install: `apt-get install -y ${packageName}`,
  }
}

function npmClient(name: string): ForeignClient {
  const program = programPath('npm-client.mjs')
  const folder = fileURLToPath(new URL(`node_modules/${name}/package.json`, import.meta.url))
  return {
    name,
    command: [process.execPath, program],
    check: [process.execPath, '-e', `require(${JSON.stringify(folder)})`],
    install: 'node test/interop/install.mjs',
  }
}

type ClientName =
  | 'pymemcache'
  | 'pylibmc'
  | 'pythonMemcached'
  | 'dalli'
  | 'phpMemcached'
  | 'memjs'
  | 'memcached'
  | 'memcache'
  | 'memcacheClient'

/** All of them: where one is missing the tests fail, and say how to install it. */
export const clients: Readonly<Record<ClientName, ForeignClient>> = {
  pymemcache: pythonClient('pymemcache', 'pymemcache', 'python3-pymemcache'),
  pylibmc: pythonClient('pylibmc', 'pylibmc', 'python3-pylibmc'),
  pythonMemcached: pythonClient('python-memcached', 'memcache', 'python3-memcache'),
  dalli: {
    name: 'dalli',
    command: ['ruby', programPath('dalli.rb')],
    check: ['ruby', '-e', 'require "dalli"'],
    install: 'apt-get install -y ruby-dalli',
  },
  phpMemcached: {
    name: 'php-memcached',
    command: ['php', programPath('php-memcached.php')],
    check: ['php', '-r', 'exit(class_exists("Memcached") ? 0 : 1);'],
    install: 'apt-get install -y php-cli php-memcached',
  },
  memjs: npmClient('memjs'),
  memcached: npmClient('memcached'),
  memcache: npmClient('memcache'),
  memcacheClient: npmClient('memcache-client'),
}

/** Fails loudly, with the line that installs it, where a client is missing. */
export async function requireClient(client: ForeignClient): Promise<void> {
  const { code } = await run(client.check, '').catch(() => ({ code: -1 }))
  if (code !== 0) throw new Error(`${client.name} is missing: ${client.install}`)
}

/** Lets a client do a job in a process of its own. */
export async function runJob(client: ForeignClient, job: Job): Promise<JobResult> {
  return JSON.parse(await runProgram(client, { client: client.name, ...job })) as JobResult
}

/** Runs a client's program with a job on its stdin; gives its stdout. */
export async function runProgram(client: ForeignClient, job: object): Promise<string> {
  const { code, output, complaint } = await run(client.command, JSON.stringify(job))
  if (code !== 0) throw new Error(`${client.name} ended with ${code}: ${complaint}`)
  return output
}

interface Ended {
  readonly code: number | null
  readonly output: string
  readonly complaint: string
}

async function run([program, ...args]: readonly string[], input: string): Promise<Ended> {
  const child = spawn(program!, args, { stdio: 'pipe' })
  let output = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  // A program that ends without reading closes its end; its exit code says why.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output, complaint }
}
