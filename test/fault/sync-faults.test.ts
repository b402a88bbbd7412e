import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterEach, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { BatchError, ConnectError, ConnectionClosedError, MemcacheError, TimeoutError } from '../../src/errors.ts'
import { MemcacheSync } from '../../src/sync/memcache-sync.ts'
import type { MemcacheSyncOptions } from '../../src/sync/options.ts'
import { eventually, until } from '../support/eventually.ts'
import { freePort } from '../support/free-port.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { useBuiltWorker } from '../unit/sync/built-worker.ts'
import { errorOf, untilItWorks } from './sync-calls.ts'
import { freeze } from './sync-freeze.ts'

/** The workers that were started, the last one last. */
const workers: Worker[] = vi.hoisted(() => [])

vi.mock('node:worker_threads', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:worker_threads')>()
  const Noted = class extends original.Worker {
    constructor(...args: ConstructorParameters<typeof original.Worker>) {
      super(...args)
      workers.push(this)
    }
  }
  return { ...original, Worker: Noted }
})

beforeAll(useBuiltWorker)
afterEach(() => {
  workers.length = 0
})

/** Without the direct way the caller never writes to a socket itself. */
const ways: readonly (readonly [way: string, options: MemcacheSyncOptions])[] = [
  ['on the direct way', {}],
  ['through the worker', { direct: false }],
]

/** For tests in which nothing is to time out. */
const unhurried: MemcacheSyncOptions = { timeoutMs: 10_000, connectTimeoutMs: 10_000 }

function open(address: string, options: MemcacheSyncOptions): MemcacheSync {
  const cache = new MemcacheSync(address, { timeoutMs: 400, connectTimeoutMs: 2000, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

/** So that whatever way there is, it is open. */
function warmUp(cache: MemcacheSync): void {
  for (let at = 0; at < 5; at++) {
    untilItWorks(() => cache.set('warm', at))
    expect(untilItWorks(() => cache.get('warm'))).toBe(at)
  }
}

describe.each(ways)('a synchronous client %s', (_, options) => {
  it('times out while the server is frozen, and gives no late answer to another call', async () => {
    await using server = await startMemcached()
    const cache = open(server.address, options)
    cache.setMany({ a: 'A', b: 'B' })
    warmUp(cache)
    freeze(server.pid)
    const error = errorOf(() => cache.get('a'))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error).toMatchObject({ server: server.address, delivery: 'unknown' })
    process.kill(server.pid, 'SIGCONT')
    for (let at = 0; at < 20; at++) expect(untilItWorks(() => cache.get('b'))).toBe('B')
    expect(cache.get('a')).toBe('A')
  })

  it('times out in a batch with an error for every key', async () => {
    await using server = await startMemcached()
    const cache = open(server.address, options)
    warmUp(cache)
    freeze(server.pid)
    const error = errorOf(() => cache.getMany(['a', 'b'])) as BatchError
    expect(error).toBeInstanceOf(BatchError)
    expect([...error.failed.keys()]).toEqual(['a', 'b'])
    for (const reason of error.failed.values()) expect(reason).toBeInstanceOf(TimeoutError)
    process.kill(server.pid, 'SIGCONT')
  })

  it('times out while it writes, and the value is whole or not there', async () => {
    await using server = await startMemcached()
    const cache = open(server.address, options)
    warmUp(cache)
    freeze(server.pid)
    expect(errorOf(() => cache.set('w', 'x'.repeat(5000)))).toBeInstanceOf(TimeoutError)
    process.kill(server.pid, 'SIGCONT')
    expect([undefined, 'x'.repeat(5000)]).toContain(untilItWorks(() => cache.get('w')))
  })

  it('says that the server is gone, and works again when it is back', async () => {
    const port = await freePort()
    const first = await startMemcached({ port })
    const cache = open(first.address, options)
    warmUp(cache)
    await first.kill('SIGKILL')
    const error = errorOf(() => cache.get('warm'))
    expect([ConnectError, ConnectionClosedError]).toContain(error.constructor)
    await using second = await startMemcached({ port })
    expect(second.port).toBe(port)
    expect(untilItWorks(() => cache.set('back', 1))).toBe(true)
    expect(cache.get('back')).toBe(1)
  })

  it('takes a fresh connection where the server has closed the idle one', async () => {
    await using server = await startMemcached({ args: ['-o', 'idle_timeout=1'] })
    const cache = open(server.address, options)
    warmUp(cache)
    const before = cache.servers[0]!
    warmUp(cache)
    // memcached looks every few seconds; until then nothing shows.
    const port = Number(server.address.split(':')[1])
    await until(() => !isConnected(port), 'the server closes the connection', 60_000)
    expect(before.name).toBe(server.address)
    expect(cache.get('warm')).toBe(4)
    expect(cache.set('warm', 5)).toBe(true)
  })

  it('goes on with a fresh worker when its own was ended between two calls', async () => {
    await using server = await startMemcached()
    const cache = open(server.address, { ...options, ...unhurried })
    warmUp(cache)
    await workers.at(-1)!.terminate()
    expect(cache.get('warm')).toBe(4)
    expect(cache.set('warm', 'again')).toBe(true)
    expect(workers).toHaveLength(2)
  })

  it('throws when its worker is being ended, writes to no file of the same number, and goes on', async () => {
    await using server = await startMemcached()
    const folder = mkdtempSync(join(inject('temporaryFolder'), 'files-'))
    const cache = open(server.address, options)
    for (let round = 0; round < 5; round++) {
      warmUp(cache)
      const ended = workers.at(-1)!.terminate()
      const files: number[] = []
      for (let at = 0; at < 50; at++) files.push(openSync(join(folder, `${round}-${at}`), 'w'))
      const outcomes = [0, 1, 2].map(() => {
        try {
          return cache.get('warm')
        } catch (error) {
          return error
        }
      })
      for (const outcome of outcomes) if (outcome !== 4) expect(outcome).toBeInstanceOf(MemcacheError)
      expect(untilItWorks(() => cache.get('warm'))).toBe(4)
      await ended
      for (const file of files) closeSync(file)
      for (let at = 0; at < 50; at++) expect(readFileSync(join(folder, `${round}-${at}`), 'utf8')).toBe('')
    }
  })

  it('throws when its worker is ended in the middle of a call, and goes on with a fresh one', async () => {
    await using server = await startMemcached()
    const cache = open(server.address, options)
    warmUp(cache)
    const error = errorOf(() =>
      cache.getOrSet('mid', () => {
        void workers.at(-1)!.terminate()
        return 1
      }),
    )
    expect([ConnectionClosedError, TimeoutError]).toContain(error.constructor)
    expect(error.delivery).toBe('unknown')
    expect(error.message).toMatch(/worker.*next call starts another/)
    expect(cache.get('warm')).toBe(4)
  })

  it('has the servers that came and went in a fresh worker too', async () => {
    await using first = await startMemcached()
    await using second = await startMemcached()
    const cache = open(first.address, { ...options, ...unhurried })
    warmUp(cache)
    cache.addServer(second.address)
    cache.removeServer(first.address)
    expect(cache.set('moved', 1)).toBe(true)
    await workers.at(-1)!.terminate()
    expect(cache.get('moved')).toBe(1)
    expect(cache.servers.map(({ name }) => name)).toEqual([second.address])
    expect(workers).toHaveLength(2)
  })

  it('finds what lies on other servers while that of its generation is frozen', { timeout: 30_000 }, async () => {
    const servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
    onTestFinished(async () => {
      for (const server of servers) await server.stop()
    })
    const cache = new MemcacheSync(
      servers.map((server) => server.address),
      { timeoutMs: 400, connectTimeoutMs: 400, cluster: { retryTimeoutMs: 100 }, ...options },
    )
    onTestFinished(() => cache.destroy())
    const names = cache.namespace<string>('n:', { generations: { refreshMs: 20 } })
    const keys = Array.from({ length: 60 }, (_item, at) => `item:${at}`)
    names.setMany(
      keys.map((key) => [key, key]),
      { timeoutMs: 10_000 },
    )
    const home = cache.serverFor('n:generation')!.name
    const generation = String(cache.get('n:generation'))
    const others = keys.filter((key) => cache.serverFor(`n:${generation}:${key}`)!.name !== home)
    const server = servers.find(({ address }) => address === home)!
    freeze(server.pid)
    for (const key of others) expect(names.get(key)).toBe(key)
    errorOf(() => names.clear())
    for (const key of others) expect(names.get(key)).toBe(key)
    server.thaw()
    await eventually(() => expect(names.getMany(keys).size).toBe(keys.length), 20_000)
  })

  it('keeps its namespaces, and says that a pipeline is lost, when its worker was ended', async () => {
    await using server = await startMemcached()
    const cache = open(server.address, options)
    const names = cache.namespace<string>('n:')
    const pipeline = cache.pipeline().set('a', 1)
    names.set('k', 'v')
    await workers.at(-1)!.terminate()
    expect(names.get('k')).toBe('v')
    expect(errorOf(() => pipeline.run()).message).toMatch(/begin again/)
    expect(cache.get('a')).toBeUndefined()
  })
})

/** Whether anybody is connected to this port of this machine (proc(5), `net/tcp`: state 01 is ESTABLISHED). */
function isConnected(port: number): boolean {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  return lines.some((line) => line.split(/\s+/)[2]?.endsWith(wanted) === true && line.split(/\s+/)[4] === '01')
}
