import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installPackage } from '../support/example-folder.ts'
import { freePort } from '../support/free-port.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const EXAMPLES = join(root, 'examples', 'cloudflare')

/** What a request is answered with. */
interface Answer {
  readonly result?: unknown
  /** What the runtime says of a request that it gave up. */
  readonly canceled?: string
  readonly error?: {
    readonly name: string
    readonly code?: string
    readonly delivery?: string
    readonly message: string
  }
}

interface Runtime {
  dispatchFetch(url: string, init?: { readonly method: string; readonly body: string }): Promise<Response>
  dispose(): Promise<void>
}

/** Bundles a program as wrangler does: modules of Node and of the runtime stay imports. */
async function bundle(entry: string): Promise<string> {
  const outfile = join(folder, 'bundle.mjs')
  const form = ['--bundle', '--format=esm', '--platform=neutral', '--conditions=workerd', '--log-level=error']
  const external = ['--external:node:*', '--external:cloudflare:*']
  const args = [join(folder, entry), `--outfile=${outfile}`, ...form, ...external]
  await promisify(execFile)(join(root, 'node_modules/.bin/esbuild'), args)
  return readFile(outfile, 'utf8')
}

/** Starts workerd with a program. It trusts the authority that signed the certificates of the tests. */
async function startRuntime(entry: string, options: object): Promise<Runtime> {
  // Read when miniflare is loaded.
  process.env['NODE_EXTRA_CA_CERTS'] = inject('certificates').authority
  const { Miniflare } = (await import('miniflare')) as unknown as { Miniflare: new (options: object) => Runtime }
  return new Miniflare({
    modules: true,
    script: await bundle(entry),
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['nodejs_compat'],
    ...options,
  })
}

let folder: string
let runtime: Runtime | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'memlane-workers-'))
  await installPackage(folder)
  for (const programs of [join(import.meta.dirname, 'program'), EXAMPLES])
    await cp(programs, folder, { recursive: true })
  runtime = await startRuntime('worker.ts', { durableObjects: { ROOM: 'Room' } })
})
afterAll(async () => {
  await runtime?.dispose()
  await rm(folder, { recursive: true })
})

async function ask(name: string, server: string, options: MemcacheOptions = patient): Promise<Answer> {
  const body = JSON.stringify({ server, options })
  const response = await runtime!.dispatchFetch(`http://worker.example/${name}`, { method: 'POST', body })
  const text = await response.text()
  return /^[{[]/.test(text) ? (JSON.parse(text) as Answer) : { canceled: text }
}

const RESULTS: readonly (readonly [name: string, result: unknown])[] = [
  ['values', ['text', '', 'ü€😀', 42, -1, 1.5, true, null, { a: [1, { b: 'c' }] }]],
  ['bytes', true],
  ['largeText', [true, true]],
  ['misses', [null, false, false]],
  ['batches', [0, 2000, true]],
  ['concurrent', true],
  ['counters', [1, 42, '40n', 40]],
  ['cas', ['stored', 'exists', 'b']],
  ['update', 10],
  ['getOrSet', [1, 1, 1]],
  ['noreply', 100],
  ['namespaces', ['Ada', null]],
  ['pipelines', [true, 1, true]],
  ['stats', true],
  ['reconnects', 1],
]

describe.each(['auto', 'text'] as const)('in workerd, on memcached with the protocol %s', (protocol) => {
  it.each(RESULTS)('%s', async (name, result) => {
    const server = await startMemcached()
    try {
      expect(await ask(name, server.address, { ...patient, protocol })).toEqual({ result })
    } finally {
      await server.stop()
    }
  })
})

describe('TLS in workerd', () => {
  it.each(['values', 'bytes', 'largeText', 'batches', 'concurrent'])('carries %s', async (name) => {
    const server = await startMemcached({ transport: 'tls' })
    try {
      expect(await ask(name, `memcacheds://${server.address}`)).toEqual({ result: new Map(RESULTS).get(name) })
    } finally {
      await server.stop()
    }
  })

  it('needs a certificate for the name of the server, or for servername', async () => {
    const { certificate, key } = inject('certificates').wrongName
    const tls = { cert: await readFile(certificate), key: await readFile(key) }
    await using wrong = await MemcachedServer.start({ tls })
    const address = `memcacheds://localhost:${wrong.port}`
    expect((await ask('reads', address)).error).toMatchObject({ name: 'ConnectError', delivery: 'not-sent' })
    expect(await ask('reads', address, { ...patient, tls: { servername: 'elsewhere.example' } })).toEqual({})
  })

  it.each([
    [{ ca: 'PEM' }, /no TLS option ca/],
    [{ rejectUnauthorized: false }, /check every certificate/],
  ])('refuses %j, and nothing is sent', async (tls, message) => {
    const { error } = await ask('reads', '127.0.0.1:1', { ...patient, tls })
    expect(error).toMatchObject({ name: 'ConnectError', delivery: 'not-sent' })
    expect(error?.message).toMatch(message)
  })
})

describe('a connection of a Worker', () => {
  it('logs in', async () => {
    const login = { username: 'user', password: 'secret' }
    const server = await startMemcached({ login })
    try {
      expect(await ask('values', server.address, { ...patient, auth: login })).toEqual({ result: RESULTS[0]![1] })
    } finally {
      await server.stop()
    }
  })

  it('that is refused is a ConnectError', async () => {
    const { error } = await ask('reads', `127.0.0.1:${await freePort()}`)
    expect(error).toMatchObject({ name: 'ConnectError', delivery: 'not-sent' })
  })

  it('to a server that is silent is a TimeoutError', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const { error } = await ask('reads', `127.0.0.1:${port}`, { timeoutMs: 200, connectTimeoutMs: 60_000 })
    expect(error?.name).toBe('TimeoutError')
    silent.close()
  })

  it('over a unix socket is refused', async () => {
    const { error } = await ask('reads', '/run/memcached.sock')
    expect(error?.message).toMatch(/no unix sockets/)
  })

  it('belongs to the request that opened it: the runtime cancels the next request that uses it', async () => {
    await using server = await MemcachedServer.start()
    expect(await ask('shared', server.address)).toEqual({ result: true })
    expect((await ask('shared', server.address)).canceled).toMatch(/canceled this request/)
  })

  it('stays from one request to the next in a Durable Object', async () => {
    await using server = await MemcachedServer.start()
    expect(await ask('room', server.address)).toEqual([1, 1])
    expect(await ask('room', server.address)).toEqual([2, 1])
    expect(server.connections).toBe(1)
  })
})

describe('the examples of memlane/cloudflare', () => {
  const EXPECTED = {
    'worker.js': ['<h1>/</h1>', '<h1>/a</h1>', '<h1>/a</h1>'],
    'durable-object.js': ['1', '2', '3'],
  }

  it('are all tried here', async () => {
    expect((await readdir(EXAMPLES)).toSorted()).toEqual(Object.keys(EXPECTED).toSorted())
  })

  it.each(Object.entries(EXPECTED))('%s stands in the documentation as it is, and answers', async (name, answers) => {
    const page = await readFile(join(root, 'docs', 'cloudflare.md'), 'utf8')
    expect(page).toContain(`\`\`\`js\n${await readFile(join(EXAMPLES, name), 'utf8')}\`\`\``)
    await using server = await MemcachedServer.start()
    const objects = name === 'worker.js' ? {} : { durableObjects: { VISITS: 'Visits' } }
    const example = await startRuntime(name, { bindings: { MEMCACHED: server.address }, ...objects })
    try {
      const given: string[] = []
      for (const path of ['/', '/a', '/a'])
        given.push(await (await example.dispatchFetch(`http://worker.example${path}`)).text())
      expect(given).toEqual(answers)
    } finally {
      await example.dispose()
    }
  })
})
