import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { MetaClient } from '../../src/client/meta/client.ts'
import { type BatchError, type MemcacheError, ServerError } from '../../src/errors.ts'
import { fail } from '../../src/seam/answer.ts'
import type { Middleware } from '../../src/seam/operation.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { rejection, settleAll, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

type Reasons = (MemcacheError & { reason?: unknown })[]

/** A client of two servers, neither of which can be reached. */
function onTwo(): Memcache {
  const cache = new Memcache(['a:1', 'b:1'], { connect: refuse })
  onTestFinished(() => cache.destroy())
  return cache
}

function refuse(): never {
  throw new Error('there is no server')
}

/** What the calls rejected with. */
async function reasonsOf(calls: readonly Promise<unknown>[]): Promise<Reasons> {
  const outcomes = await settleAll(calls, 10_000)
  return outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome.value) as MemcacheError)
}

function namesOf(
  errors: readonly MemcacheError[],
): (readonly [command: string | undefined, key: string | undefined])[] {
  return errors.map(({ command, key }) => [command, key])
}

function namesIn(batch: unknown): ReturnType<typeof namesOf> {
  return namesOf([...(batch as BatchError).failed.values()] as MemcacheError[])
}

describe('an error names its command and its key', () => {
  it('though one failed attempt to connect fails many calls', async () => {
    const cache = faultClient('a:1', { connect: refuse })
    const errors = await reasonsOf([
      cache.get('a'),
      cache.set('b', 'secret'),
      cache.incr('c'),
      cache.getOrSet('d', refuse),
    ])
    expect(namesOf(errors)).toEqual([
      ['get', 'a'],
      ['set', 'b'],
      ['incr', 'c'],
      ['getOrSet', 'd'],
    ])
    expect(new Set(errors).size).toBe(4)
    // The copies say what the first one says, and where it was made.
    const [first] = errors
    for (const { code, message, cause, stack } of errors) {
      expect({ code, message, cause, stack }).toEqual({
        code: 'MEMLANE_CONNECT',
        message: first!.message,
        cause: first!.cause,
        stack: first!.stack,
      })
    }
    expect(JSON.stringify(errors)).not.toContain('secret')
  })

  it('though one lost connection fails many calls, with an error that names none of them as its cause', async () => {
    const server = await ScriptedServer.startReady(async (peer) => {
      for (let count = 0; count < 3; count++) await peer.command()
      peer.reset()
    })
    onTestFinished(() => server.close())
    const cache = faultClient(server.address, { coalesceReads: false })
    await cache.connect()
    const errors = await reasonsOf([cache.incr('a'), cache.append('b', '!'), cache.decr('c')])
    expect(namesOf(errors)).toEqual([
      ['incr', 'a'],
      ['append', 'b'],
      ['decr', 'c'],
    ])
    for (const { cause } of errors) expect(cause).not.toHaveProperty('command')
  })

  it('of a client that was destroyed', async () => {
    const cache = faultClient('a:1', { connect: () => new Promise(() => undefined) })
    const calls = [cache.get('a'), cache.delete('b')]
    cache.destroy()
    expect(namesOf(await reasonsOf([...calls, cache.get('c')]))).toEqual([
      ['get', 'a'],
      ['delete', 'b'],
      ['get', 'c'],
    ])
  })

  it('of what the server refused, and of what came too late', async () => {
    const server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, ({ words }) => (words[0] === 'get' ? '' : 'SERVER_ERROR no\r\n')),
    )
    onTestFinished(() => server.close())
    const cache = faultClient(server.address)
    const errors = await reasonsOf([cache.incr('a'), cache.get('b', { timeoutMs: 20 })])
    expect(namesOf(errors)).toEqual([
      ['incr', 'a'],
      ['get', 'b'],
    ])
    expect(errors.map(({ code }) => code)).toEqual(['MEMLANE_SERVER_ERROR', 'MEMLANE_TIMEOUT'])
  })

  it('of each key of a batch; the error of the batch names the batch', async () => {
    const cache = onTwo()
    const [reads, writes, removals, counts] = await reasonsOf([
      cache.getMany(['a', 'b', 'c', new Uint8Array([100])]),
      cache.setMany({ a: 1, b: 2 }),
      cache.deleteMany(['a', 'b'], { keyPrefix: 'p:' }),
      cache.incrMany(['a']),
    ])
    expect([namesIn(reads), namesIn(writes), namesIn(removals), namesIn(counts)]).toEqual([
      [
        ['get', 'a'],
        ['get', 'b'],
        ['get', 'c'],
        ['get', 'd'],
      ],
      [
        ['set', 'a'],
        ['set', 'b'],
      ],
      [
        ['delete', 'a'],
        ['delete', 'b'],
      ],
      [['incr', 'a']],
    ])
    expect([reads, writes, removals, counts].map((error) => [error!.command, error!.key])).toEqual([
      ['getMany', undefined],
      ['setMany', undefined],
      ['deleteMany', undefined],
      ['incrMany', undefined],
    ])
  })

  it('of a command to servers, which has no key', async () => {
    const cache = faultClient('a:1', { connect: refuse })
    const errors = await reasonsOf([cache.version(), cache.stats('items'), cache.flushAll({ delay: 5 })])
    const inner = errors.map((error) => (error as BatchError<string>).failed.get('a:1') as MemcacheError)
    expect(namesOf(errors)).toEqual([
      ['version', undefined],
      ['stats', undefined],
      ['flush_all', undefined],
    ])
    expect(namesOf(inner)).toEqual(namesOf(errors))
  })
})

describe('an error of a call that is refused before anything is sent', () => {
  it.each<[command: string, key: string | undefined, call: (cache: Memcache) => Promise<unknown>]>([
    ['get', 'a b', (cache) => cache.get('a b')],
    ['get', 'a', (cache) => cache.get('a', { ttl: 1 } as object)],
    ['set', 'a', (cache) => cache.set('a', undefined)],
    ['set', 'a', (cache) => cache.set('a', 1, { ttl: -1 })],
    ['add', 'a', (cache) => cache.add('a', () => 1)],
    ['gat', 'a', (cache) => cache.gat('a', -1)],
    ['touch', 'a', (cache) => cache.touch('a', Number.NaN)],
    ['cas', 'a', (cache) => cache.cas('a', 1, -1n)],
    ['incr', 'a', (cache) => cache.incr('a', -1)],
    ['incr', 'a', (cache) => cache.incr('a', 1, { ttl: 5 })],
    ['invalidate', 'a', (cache) => cache.invalidate('a', { staleFor: -1 })],
    ['pop', 'a', (cache) => cache.pop('a', { attempts: 0 })],
    ['update', 'a', (cache) => cache.update('a', () => 1, { bad: 1 } as object)],
    ['getMany', undefined, (cache) => cache.getMany(['a'], { bad: 1 } as object)],
    ['stats', undefined, (cache) => cache.stats({ bad: 1 } as object)],
  ])('names %s %s', async (command, key, call) => {
    const error = (await rejection(call(faultClient('a:1', { connect: refuse, protocol: 'text' })))) as MemcacheError
    expect([error.command, error.key, error.delivery]).toEqual([command, key, 'not-sent'])
  })

  it('names each key of a batch whose value cannot be stored', async () => {
    const cache = faultClient('a:1', { connect: refuse })
    const error = (await rejection(cache.setMany({ a: undefined, b: () => 1 }))) as BatchError
    expect(namesIn(error)).toEqual([
      ['set', 'a'],
      ['set', 'b'],
    ])
  })

  it('of a MetaClient is named too', async () => {
    const meta = new MetaClient('a:1', { connect: refuse })
    onTestFinished(() => meta.destroy())
    expect(namesOf(await reasonsOf([meta.get('a', { recache: -1 }), meta.set('b', 1, { newCas: -1n })]))).toEqual([
      ['get', 'a'],
      ['set', 'b'],
    ])
  })
})

describe('the key of an error', () => {
  it.each<[string | Uint8Array, string]>([
    ['k'.repeat(60), `${'k'.repeat(40)}…`],
    [new TextEncoder().encode('clé'), 'clé'],
    [new Uint8Array([0xff, 0x41]), '\u{fffd}A'],
  ])('of %o is %s', async (key, shown) => {
    const error = await rejection(faultClient('a:1', { connect: refuse }).get(key))
    expect(error).toHaveProperty('key', shown)
  })

  it('and its command are absent where the error is about no command', async () => {
    const error = await rejection(faultClient('a:1', { connect: refuse }).connect())
    expect(error).not.toHaveProperty('command')
    expect(error).not.toHaveProperty('key')
  })
})

describe('an error that the caller made', () => {
  it('reaches the call as the object that it is', async () => {
    const own = new ServerError('no', { delivery: 'unknown' })
    const failing: Middleware = () => ({ dispatch: (operation) => fail(operation, own) })
    const cache = faultClient('a:1', { middleware: [failing] })
    expect(await rejection(cache.get('a'))).toBe(own)
    expect(own).not.toHaveProperty('command')
  })

  it('reaches it too where a middleware throws it', async () => {
    const own = new ServerError('no', { delivery: 'unknown' })
    const throwing: Middleware = () => ({
      dispatch: () => {
        throw own
      },
    })
    expect(await rejection(faultClient('a:1', { middleware: [throwing] }).get('a'))).toBe(own)
  })
})

describe('a commandError event', () => {
  it('names the command', async () => {
    const cache = faultClient('a:1', { connect: refuse, failures: 'miss' })
    const failures = collectCommandErrors(cache)
    await cache.get('a')
    await cache.setMany({ b: 1 })
    void cache.noreply.incr('c')
    await until(() => failures.length === 3, 'an event for each call')
    expect(failures.map(({ command, key }) => [command, key])).toEqual([
      ['get', 'a'],
      ['set', 'b'],
      ['incr', 'c'],
    ])
  })

  it('of a run of quiet commands names it only if it is that of all', async () => {
    const server = await ScriptedServer.startReady(async (peer) => {
      for (let count = 0; count < 2; count++) await peer.command()
      peer.reset()
    })
    onTestFinished(() => server.close())
    const cache = faultClient(server.address)
    const failures = collectCommandErrors(cache)
    await cache.connect()
    void cache.noreply.set('a', 1)
    void cache.noreply.set('b', 1)
    void cache.noreply.delete('c')
    await until(() => failures.length > 0, 'an event for the run')
    expect(failures[0]).toMatchObject({ command: undefined, key: undefined, keys: ['a', 'b', 'c'] })
    expect(failures[0]!.error).not.toHaveProperty('key')
  })
})
