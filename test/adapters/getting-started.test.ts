import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { installPackage } from '../support/example-folder.ts'
import { freePort } from '../support/free-port.ts'

const root = resolve(import.meta.dirname, '../..')
const examples = join(root, 'examples/getting-started')

/** Where Node finds the hosts, and memlane as an application does. */
let folder = ''

/** A service that an example starts. */
class Service implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #address: string
  /** Lines of stderr. */
  readonly warnings: string[]

  private constructor(process: ChildProcess, address: string, warnings: string[]) {
    this.#process = process
    this.#address = address
    this.warnings = warnings
  }

  static async start(name: string, memcached: string): Promise<Service> {
    const env = { ...process.env, MEMCACHED: memcached, PORT: '0' }
    const child = spawn(process.execPath, [join(folder, name)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const warnings: string[] = []
    createInterface(child.stderr!).on('line', (line) => warnings.push(line))
    const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
    return new Service(child, `http://localhost:${line.replace('listening on ', '')}`, warnings)
  }

  async user(id: string): Promise<unknown> {
    return (await fetch(`${this.#address}/users/${id}`)).json()
  }

  /** Asks the service to end; gives its exit code. */
  async end(): Promise<unknown> {
    this.#process.kill('SIGTERM')
    const [code] = (await once(this.#process, 'exit')) as [unknown]
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL')
  }
}

describe.each(['express.mjs', 'fastify.mjs', 'hono.mjs'])('getting started: %s', (name) => {
  beforeAll(async () => {
    if (folder !== '') return
    folder = await mkdtemp(join(import.meta.dirname, 'node_modules', '.memlane-started-'))
    await mkdir(join(folder, 'node_modules'))
    await installPackage(folder)
    for (const file of await readdir(examples)) await copyFile(join(examples, file), join(folder, file))
  })

  it('stands in its page as it is', async () => {
    const page = await readFile(join(root, 'docs/getting-started.md'), 'utf8')
    expect(page).toContain(`\`\`\`js\n${await readFile(join(examples, name), 'utf8')}\`\`\``)
  })

  it('asks the database once for each user, and ends without an error when it is told to', async () => {
    await using server = await MemcachedServer.start()
    await using service = await Service.start(name, server.address)
    const answers = [await service.user('a'), await service.user('a'), await service.user('b'), await service.user('a')]
    const [first, second] = [
      { id: 'a', query: 1 },
      { id: 'b', query: 2 },
    ]
    expect(answers).toEqual([first, first, second, first])
    expect(await service.end()).toBe(0)
    expect(service.warnings).toEqual([])
  })

  it('goes on without the cache', async () => {
    await using service = await Service.start(name, `127.0.0.1:${await freePort()}`)
    expect([await service.user('a'), await service.user('a')]).toEqual([
      { id: 'a', query: 1 },
      { id: 'a', query: 2 },
    ])
    expect(service.warnings.length).toBeGreaterThan(0)
  })
})

describe('the programs of getting started', () => {
  it('are all tried here', async () => {
    expect((await readdir(examples)).toSorted()).toEqual(['express.mjs', 'fastify.mjs', 'hono.mjs'])
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
})
