import { describe, expect, it } from 'vitest'
import { BatchError, ClosedError, ConnectError, InvalidInputError, TimeoutError } from '../../src/errors.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { collectCrashes, turns } from '../support/crashes.ts'
import { rejection, settleAll, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** The quiet writes that a client and a namespace share. */
interface Quiet {
  set(key: string, value: unknown): Promise<void>
  add(key: string, value: unknown): Promise<void>
  replace(key: string, value: unknown): Promise<void>
  append(key: string, data: string): Promise<void>
  prepend(key: string, data: string): Promise<void>
  cas(key: string, value: unknown, cas: bigint): Promise<void>
  delete(key: string): Promise<void>
  incr(key: string, delta: number): Promise<void>
  decr(key: string, delta: number): Promise<void>
  touch(key: string, ttl: number): Promise<void>
  setMany(entries: Record<string, unknown>): Promise<void>
  addMany(entries: Record<string, unknown>): Promise<void>
  deleteMany(keys: string[]): Promise<void>
}

const WRITES: readonly (readonly [name: string, write: (quiet: Quiet, key: string) => Promise<void>])[] = [
  ['set', (quiet, key) => quiet.set(key, 1)],
  ['add', (quiet, key) => quiet.add(key, 1)],
  ['replace', (quiet, key) => quiet.replace(key, 1)],
  ['append', (quiet, key) => quiet.append(key, 'a')],
  ['prepend', (quiet, key) => quiet.prepend(key, 'a')],
  ['cas', (quiet, key) => quiet.cas(key, 1, 1n)],
  ['delete', (quiet, key) => quiet.delete(key)],
  ['incr', (quiet, key) => quiet.incr(key, 1)],
  ['decr', (quiet, key) => quiet.decr(key, 1)],
  ['touch', (quiet, key) => quiet.touch(key, 5)],
  ['setMany', (quiet, key) => quiet.setMany({ [key]: 1 })],
  ['addMany', (quiet, key) => quiet.addMany({ [key]: 1 })],
  ['deleteMany', (quiet, key) => quiet.deleteMany([key])],
]

function refuse(): never {
  throw new Error('there is no server')
}

describe.each(WRITES)('noreply.%s that cannot be sent', (name, write) => {
  it('is one event when it is not awaited, and never an unhandled rejection', async () => {
    const crashes = collectCrashes()
    const cache = faultClient('127.0.0.1:1', { connect: refuse })
    const failures = collectCommandErrors(cache)
    const stores = [cache, cache.namespace('p:'), cache.namespace('g:', { generations: true })]
    for (const store of stores) void write(store.noreply, 'key')
    await until(() => failures.length >= stores.length, 'an event for each call')
    await turns()
    expect(failures.map(({ keys }) => keys)).toEqual(
      // Without its generation a namespace knows of no key of the batch that failed.
      [['key'], ['key'], name.endsWith('Many') ? [] : ['key']],
    )
    expect(crashes).toEqual([])
  })

  it('rejects and is one event when it is awaited', async () => {
    const cache = faultClient('127.0.0.1:1', { connect: refuse })
    const failures = collectCommandErrors(cache)
    const error = await rejection(write(cache.noreply, 'key'))
    expect(error).toBeInstanceOf(name.endsWith('Many') ? BatchError : ConnectError)
    await turns()
    expect(failures.map((event) => event.error)).toEqual([error])
  })

  it('is one event for bad input, too', async () => {
    const crashes = collectCrashes()
    const cache = faultClient('127.0.0.1:1', { connect: refuse })
    const failures = collectCommandErrors(cache)
    void write(cache.noreply, '')
    void write(cache.namespace('p:').noreply, '')
    await until(() => failures.length >= 2, 'an event for each call')
    for (const { error } of failures) expect(error).toBeInstanceOf(InvalidInputError)
    expect(failures).toHaveLength(2)
    expect(crashes).toEqual([])
  })
})

describe('a noreply call', () => {
  it('whose failure the option failures absorbs is one event, and resolves', async () => {
    const cache = faultClient('127.0.0.1:1', { connect: refuse, failures: 'miss' })
    const failures = collectCommandErrors(cache)
    await Promise.all([
      cache.noreply.set('a', 1),
      cache.noreply.setMany({ b: 1 }),
      cache.namespace('n:').noreply.delete('c'),
    ])
    expect(failures.map(({ keys }) => keys)).toHaveLength(3)
  })

  it('that is aborted rejects, and is no event: the caller did it', async () => {
    const crashes = collectCrashes()
    await using server = await ScriptedServer.start(() => undefined)
    const cache = faultClient(server.address)
    const failures = collectCommandErrors(cache)
    const controller = new AbortController()
    const writing = cache.noreply.set('a', 1, { signal: controller.signal })
    void cache.noreply.set('b', 1, { signal: controller.signal })
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await rejection(writing)).toBe(reason)
    await turns()
    expect(failures).toEqual([])
    expect(crashes).toEqual([])
  })

  it('that is not awaited does not end the process when the client is closed, destroyed or out of time', async () => {
    const crashes = collectCrashes()
    await using server = await ScriptedServer.start(() => undefined)
    const cache = faultClient(server.address, { timeoutMs: 50 })
    const failures = collectCommandErrors(cache)
    void cache.noreply.set('late', 1)
    await until(() => failures.length === 1, 'the event of the timeout')
    void cache.noreply.set('destroyed', 1)
    cache.destroy()
    void cache.noreply.set('closed', 1)
    void cache.noreply.setMany({ closed: 1 })
    await until(() => failures.length === 4, 'the events of the end')
    expect(failures[0]!.error).toBeInstanceOf(TimeoutError)
    for (const { error } of failures.slice(1)) expect(error).toBeInstanceOf(ClosedError)
    expect(crashes).toEqual([])
  })

  it('costs calls with answers nothing: their rejections stay unhandled', async () => {
    const cache = faultClient('127.0.0.1:1', { connect: refuse })
    const failures = collectCommandErrors(cache)
    const [outcome] = await settleAll([cache.set('a', 1)], 5000)
    expect(outcome!.status).toBe('rejected')
    expect(failures).toEqual([])
  })
})
