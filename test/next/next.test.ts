import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { listKeys } from '../../src/keys/list-keys.ts'
import { eventually } from '../support/eventually.ts'
import { installPackage } from '../support/example-folder.ts'
import { freePort } from '../support/free-port.ts'
import { patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

const root = resolve(import.meta.dirname, '../..')
const next = join(import.meta.dirname, 'node_modules', 'next', 'dist', 'bin', 'next')

/** Time that only ends what hangs, in milliseconds. */
const PATIENT_MS = 120_000

let folder = ''
let memcached: RealMemcached
const instances: Instance[] = []

/** What the application says of a large value. */
interface Large {
  readonly start: string
  readonly length: number
}

/** An instance of the application. */
class Instance {
  readonly address: string
  /** Output of the process. */
  output = ''
  readonly #process: ChildProcess

  constructor(port: number) {
    this.address = `http://127.0.0.1:${port}`
    this.#process = runNext('start', '-p', String(port), '-H', '127.0.0.1')
    for (const stream of streamsOf(this.#process)) stream.on('data', (piece) => (this.output += String(piece)))
  }

  async ready(): Promise<void> {
    await eventually(() => fetch(`${this.address}/api/large`), PATIENT_MS)
  }

  async json<T>(path: string): Promise<T> {
    const response = await fetch(this.address + path)
    expect(response.status).toBe(200)
    return (await response.json()) as T
  }

  async value(name: string): Promise<string> {
    const { value } = await this.json<{ value: string }>(`/api/value?name=${name}`)
    return value
  }

  /** The value in a page. */
  async page(path: string): Promise<string | undefined> {
    const response = await fetch(this.address + path)
    expect(response.status).toBe(200)
    return /<p id="value">([^<]*)/.exec(await response.text())?.[1]
  }

  async revalidate(body: object): Promise<number> {
    const response = await fetch(`${this.address}/api/revalidate`, { method: 'POST', body: JSON.stringify(body) })
    return response.status
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    this.#process.kill('SIGKILL')
    await once(this.#process, 'exit')
  }
}

function runNext(...args: string[]): ChildProcess {
  const env = {
    ...process.env,
    MEMCACHED_SERVERS: memcached.address,
    NEXT_TELEMETRY_DISABLED: '1',
    NODE_ENV: undefined,
  }
  return spawn(process.execPath, [next, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

function streamsOf({ stdout, stderr }: ChildProcess): Readable[] {
  return [stdout, stderr].filter((stream) => stream !== null)
}

/** Builds the application; returns what Next.js printed where it failed. */
async function build(): Promise<string> {
  const building = runNext('build')
  let output = ''
  for (const stream of streamsOf(building)) stream.on('data', (piece) => (output += String(piece)))
  const [code] = (await once(building, 'exit')) as [number | null]
  return code === 0 ? '' : output
}

/** Makes the application revalidate a tag; resolves when the tag's item has changed: Next.js revalidates after its answer. */
async function revalidated(tag: string, revalidate: () => Promise<number>): Promise<void> {
  await using cache = new Memcache(memcached.address, patient)
  const before = await cache.get(`next:tag:${tag}`)
  expect(await revalidate()).toBe(200)
  await eventually(async () => expect(await cache.get(`next:tag:${tag}`)).not.toBe(before), PATIENT_MS)
}

/** Resolves with a value that both instances give: each stores what it made after its answer. */
function agreed(name: string): Promise<string> {
  return eventually(async () => {
    const [ours, theirs] = [await instances[0]!.value(name), await instances[1]!.value(name)]
    expect(ours).toBe(theirs)
    return ours
  }, PATIENT_MS)
}

describe('the page of memlane/next', () => {
  it.each(['cache-handler.mjs', 'isr-handler.mjs', 'next.config.mjs'])('has %s as it is', async (name) => {
    const page = await readFile(join(root, 'docs/adapters/next.md'), 'utf8')
    const code = await readFile(join(root, 'examples/next', name), 'utf8')
    expect(page).toContain(`<!-- examples/next/${name} -->\n\n\`\`\`js\n${code}\`\`\``)
  })
})

describe('an application of Next.js, built once and started twice', () => {
  const [a, b] = [(): Instance => instances[0]!, (): Instance => instances[1]!]

  beforeAll(async () => {
    // Next.js finds itself above the application, and memlane within it: links out of it are not followed.
    folder = await mkdtemp(join(import.meta.dirname, '.app-'))
    await cp(join(root, 'examples', 'next'), folder, { recursive: true })
    await installPackage(folder)
    memcached = await startMemcached()
    expect(await build()).toBe('')
    instances.push(new Instance(await freePort()), new Instance(await freePort()))
    await Promise.all(instances.map((instance) => instance.ready()))
  })

  afterAll(async () => {
    await Promise.all(instances.map((instance) => instance.stop()))
    await memcached?.[Symbol.asyncDispose]()
    if (folder !== '') await rm(folder, { recursive: true, force: true })
  })

  it('shares values', async () => {
    expect(await agreed('shared')).toMatch(/^shared /)
  })

  it('sees a revalidated tag in the other instance at the next request', async () => {
    const made = await agreed('tagged')
    await revalidated('value-tagged', () => a().revalidate({ tag: 'value-tagged' }))
    expect(await b().value('tagged')).not.toBe(made)
    expect(await agreed('tagged')).not.toBe(made)
  })

  it('serves a stale value once more, and makes it anew', async () => {
    const made = await agreed('stale')
    await revalidated('value-stale', () => a().revalidate({ tag: 'value-stale', profile: 'max' }))
    expect(await b().value('stale')).toBe(made)
    await eventually(async () => expect(await b().value('stale')).not.toBe(made), PATIENT_MS)
    expect(await agreed('stale')).not.toBe(made)
  })

  it('makes a value anew when its time is over', async () => {
    const made = await a().value('short')
    await eventually(async () => expect(await b().value('short')).not.toBe(made), PATIENT_MS)
  })

  it('shares pages, and makes them anew for all when their path is revalidated', async () => {
    const made = await a().page('/page')
    expect(made).toMatch(/^page /)
    expect(await b().page('/page')).toBe(made)
    expect(await a().revalidate({ path: '/page' })).toBe(200)
    await eventually(async () => expect(await b().page('/page')).not.toBe(made), PATIENT_MS)
    const again = await b().page('/page')
    await eventually(async () => expect(await a().page('/page')).toBe(again), PATIENT_MS)
  })

  it('shares pages by themselves, not only by the values in them', async () => {
    const made = await a().page('/page')
    await using cache = new Memcache(memcached.address, patient)
    const keys: string[] = []
    for await (const { key } of listKeys(cache, { prefix: 'next:' })) keys.push(String(key))
    const id = (await readFile(join(folder, '.next', 'BUILD_ID'), 'utf8')).trim()
    expect(keys.filter((key) => key.startsWith(`next:page:${id}:`) && key.endsWith('/page'))).toHaveLength(1)
    await cache.deleteMany(keys.filter((key) => key.startsWith('next:use:')))
    expect([await a().page('/page'), await b().page('/page')]).toEqual([made, made])
  })

  it('answers with values that memcached does not take, and makes them anew', async () => {
    const [first, second] = [await a().json<Large>('/api/large?n=1'), await a().json<Large>('/api/large?n=2')]
    expect([first.length, second.length]).toEqual([1_800_000, 1_800_000])
    expect(second.start).not.toBe(first.start)
  })

  it('answers while memcached is out, and prints that a tag was not revalidated', async () => {
    await memcached[Symbol.asyncDispose]()
    for (const instance of instances) {
      expect(await instance.value('shared')).toMatch(/^shared /)
      expect(await instance.page('/')).toMatch(/^home /)
      expect(await instance.page('/page')).toMatch(/^page /)
    }
    // Next.js revalidates after the answer.
    await a().revalidate({ tag: 'values' })
    await eventually(() => expect(a().output).toMatch(/MEMLANE_/), PATIENT_MS)
  })

  it('is built while memcached is out', async () => {
    await Promise.all(instances.map((instance) => instance.stop()))
    await rm(join(folder, '.next'), { recursive: true })
    expect(await build()).toBe('')
  })
})
