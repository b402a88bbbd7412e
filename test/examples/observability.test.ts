import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { ClientMetrics } from '../../src/client/metrics.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, 'examples/observability')

/** A span as the example prints it. */
interface PrintedSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, string | number>>
  readonly status: { readonly code: number }
  readonly parent?: string
}

/** Numbers of keys by command and result. */
type Counts = Readonly<Record<string, number>>

/** The example as a process of its own. */
interface App {
  request(method: string, path: string): Promise<{ status: number; text: string }>
  /** Ends it, and returns the spans that it printed. */
  end(): Promise<PrintedSpan[]>
}

async function startApp(address: string): Promise<App> {
  const child = spawn(process.execPath, ['app.mjs', address, '0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = linesOf(child)
  const url = await lines.first
  return {
    async request(method, path) {
      const response = await fetch(url.replace(/.*(http\S+)$/, '$1') + path, { method })
      return { status: response.status, text: await response.text() }
    },
    async end() {
      child.kill('SIGTERM')
      return (await lines.all).slice(1).map((line) => JSON.parse(line) as PrintedSpan)
    },
  }
}

function linesOf({ stdout }: ChildProcess): { first: Promise<string>; all: Promise<string[]> } {
  const lines: string[] = []
  const reader = createInterface({ input: stdout! })
  return {
    first: new Promise((settle) => reader.once('line', settle)),
    all: new Promise((settle) => {
      reader.on('line', (line) => lines.push(line))
      reader.on('close', () => settle(lines))
    }),
  }
}

/** Requests that hit, miss, store, and fail. */
async function runScript(app: App): Promise<number[]> {
  const requests = [
    ['GET', '/users/1'],
    ['GET', '/users/1'],
    ['PUT', '/users/2'],
    ['PUT', '/users/2'],
    ['GET', '/cached/1,2,3,4'],
    ['DELETE', '/users/2'],
    ['DELETE', '/users/2'],
    ['GET', `/cached/${'x'.repeat(300)},1`],
    ['PUT', `/users/${'x'.repeat(300)}`],
    ['GET', '/elsewhere'],
  ] as const
  const statuses: number[] = []
  for (const [method, path] of requests) statuses.push((await app.request(method, path)).status)
  return statuses
}

const RESULTS = { hit: 'hits', miss: 'misses', stored: 'stored', not_stored: 'not_stored', failed: 'failed' } as const

function countsOfSpans(spans: readonly PrintedSpan[]): Counts {
  const counts: Record<string, number> = {}
  for (const { attributes } of spans) {
    for (const [result, name] of Object.entries(RESULTS)) {
      const keys = attributes[`memlane.${name}`]
      if (typeof keys === 'number' && keys > 0) add(counts, `${attributes['db.operation.name']} ${result}`, keys)
    }
  }
  return counts
}

function countsOfMetrics({ calls }: ClientMetrics): Counts {
  const counts: Record<string, number> = {}
  for (const [command, { hits, misses, stored, notStored, failed }] of Object.entries(calls)) {
    for (const [result, keys] of Object.entries({ hit: hits, miss: misses, stored, not_stored: notStored, failed })) {
      if (keys > 0) add(counts, `${command} ${result}`, keys)
    }
  }
  return counts
}

function countsOfText(text: string): Counts {
  const counts: Record<string, number> = {}
  for (const [, command, result, keys] of text.matchAll(
    /^memlane_client_keys_total\{command="([^"]+)",result="([^"]+)"\} (\d+)$/gm,
  )) {
    if (Number(keys) > 0) add(counts, `${command} ${result}`, Number(keys))
  }
  return counts
}

function add(counts: Record<string, number>, name: string, keys: number): void {
  counts[name] = (counts[name] ?? 0) + keys
}

/** Sum of the samples of a family. */
function sumOf(text: string, family: string): number {
  const samples = text.matchAll(new RegExp(`^${family}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0)
}

describe('the example of observability', () => {
  beforeAll(() => {
    if (existsSync(join(folder, 'node_modules/memlane'))) return
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'install.mjs')], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`examples/observability/install.mjs failed: ${stderr}`)
  }, 300_000)

  it.each([
    ['the embedded server', () => MemcachedServer.start()],
    ['memcached', () => startMemcached()],
  ])('counts the same in metrics(), as text and in spans, on %s', async (_name, start) => {
    await using server = await start()
    const app = await startApp(server.address)
    expect(await runScript(app)).toEqual([200, 200, 200, 200, 200, 200, 200, 503, 503, 404])
    const metrics = JSON.parse((await app.request('GET', '/metrics.json')).text) as ClientMetrics
    const { text } = await app.request('GET', '/metrics')
    const spans = await app.end()
    const expected = {
      'getOrSet miss': 1,
      'getOrSet hit': 1,
      'set stored': 2,
      'set failed': 1,
      'getMany hit': 2,
      'getMany miss': 2,
      'getMany failed': 2,
      'delete stored': 1,
      'delete not_stored': 1,
    }
    expect(countsOfMetrics(metrics)).toEqual(expected)
    expect(countsOfText(text)).toEqual(expected)
    expect(countsOfSpans(spans)).toEqual(expected)
    expect(sumOf(text, 'memlane_client_errors_total')).toBe(3)
    expect(sumOf(text, 'memlane_client_commands_total')).toBe(9)
    expect(JSON.stringify(spans)).not.toMatch(/xxx|"user:|User 1/)
  })

  it('counts the same errors when the server is gone', async () => {
    const server = await MemcachedServer.start()
    const app = await startApp(server.address)
    await app.request('GET', '/cached/1,2,3')
    await server.close()
    const statuses = [await app.request('GET', '/cached/1,2,3'), await app.request('PUT', '/users/1')]
    expect(statuses.map(({ status }) => status)).toEqual([503, 503])
    const metrics = JSON.parse((await app.request('GET', '/metrics.json')).text) as ClientMetrics
    const { text } = await app.request('GET', '/metrics')
    const spans = await app.end()
    const expected = { 'getMany miss': 3, 'getMany failed': 3, 'set failed': 1 }
    expect(countsOfMetrics(metrics)).toEqual(expected)
    expect(countsOfText(text)).toEqual(expected)
    expect(countsOfSpans(spans)).toEqual(expected)
    const failed = spans.filter(({ attributes }) => 'error.type' in attributes)
    expect(failed.map(({ attributes, status }) => [attributes['db.operation.name'], status.code])).toEqual([
      ['getMany', 2],
      ['set', 2],
    ])
  })

  it('puts the spans of commands below those of requests', async () => {
    await using server = await MemcachedServer.start()
    const app = await startApp(server.address)
    await app.request('GET', '/users/1')
    const [command, request] = await app.end()
    expect([command!.name, request!.name]).toEqual([`getOrSet ${server.address}`, 'GET /users/'])
    expect(command!.parent).toBeDefined()
    expect(request!.parent).toBeUndefined()
  })
})
