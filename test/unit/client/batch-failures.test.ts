import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { BatchError, ConflictError } from '../../../src/errors.ts'
import type { Executor } from '../../../src/seam/executor.ts'
import { toMiddleware } from '../../../src/seam/operation-view.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'
import { ScriptedServer } from '../../support/scripted-server.ts'

async function startServers(count: number): Promise<MemcachedServer[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => MemcachedServer.start()))
  onTestFinished(async () => {
    for (const server of servers) await server.close()
  })
  return servers
}

function client(servers: readonly { readonly address: string }[], options: MemcacheOptions = {}): Memcache {
  const addresses = servers.map(({ address }) => address)
  const cache = new Memcache(addresses, { timeoutMs: 10_000, connectTimeoutMs: 10_000, ...options })
  onTestFinished(() => cache.destroy())
  return cache
}

const keys = Array.from({ length: 200 }, (_, at) => `key:${(at * 7919) % 200}`)

describe('a batch over several servers, some of which are down', () => {
  it('gives failed and done keys in the order of the call', async () => {
    const servers = await startServers(4)
    const cache = client(servers, { cluster: { failover: 'none' } })
    await servers[1]!.close()
    await servers[3]!.close()
    const pairs = keys.map((key) => [key, 1] as const)
    const calls = [
      cache.setMany(pairs),
      cache.deleteMany(keys),
      cache.incrMany(keys),
      cache.getMany(keys),
      cache.noreply.setMany(pairs),
    ]
    for (const error of await Promise.all(calls.map((call) => rejection(call)))) {
      expect(error).toBeInstanceOf(BatchError)
      const { failed, done } = error as BatchError
      const failedKeys = [...failed.keys()]
      expect(failedKeys.length).toBeGreaterThan(0)
      expect(failedKeys).toEqual(keys.filter((key) => failed.has(key)))
      expect(done).toEqual(keys.filter((key) => done.includes(key)))
    }
  })

  it('gives keys that were refused in the order of the call, with those whose failures are absorbed', async () => {
    const servers = await startServers(4)
    const cache = client(servers, { cluster: { failover: 'none' }, failures: 'miss' })
    const taken = keys.filter((_, at) => at % 3 === 0)
    await cache.setMany(taken.map((key) => [key, 1] as const))
    await servers[2]!.close()
    const notStored = await cache.addMany(keys.map((key) => [key, 2] as const))
    expect(notStored.length).toBeGreaterThan(taken.length)
    expect(notStored).toEqual(keys.filter((key) => notStored.includes(key)))
  })
})

describe('noreply.flushAll', () => {
  it('reports a server that refuses, and rejects for one that cannot be asked', async () => {
    const [gone] = await startServers(1)
    await gone!.close()
    await using refusing = await ScriptedServer.start(async (peer) => {
      await peer.answerHandshake({ mn: 'none' })
      await peer.expect('flush_all\r\n')
      peer.reply('CLIENT_ERROR flush_all not allowed\r\n')
    })
    const cache = client([refusing])
    const events = collectCommandErrors(cache)
    expect(await cache.noreply.flushAll()).toBeUndefined()
    expect(events).toMatchObject([{ error: { delivery: 'answered' }, keys: [], server: refusing.address }])
    const error = await rejection(client([refusing, gone!]).noreply.flushAll())
    expect(error).toBeInstanceOf(BatchError)
    expect([...(error as BatchError).failed.keys()]).toEqual([gone!.address])
    expect(error).toMatchObject({ delivery: 'not-sent' })
  })
})

describe('pop', () => {
  it.each([1, 3])('tries as often as the option attempts says: %i', async (attempts) => {
    const [server] = await startServers(1)
    const other = client([server!])
    let deletes = 0
    // Before each delete another client changes the item.
    const changing = (next: Executor): Executor => ({
      dispatch: (operation) => {
        if (operation.command !== 'md') return next.dispatch(operation)
        deletes++
        void other.set('k', deletes).then(() => next.dispatch(operation))
      },
    })
    const cache = client([server!], { middleware: [toMiddleware(changing)] })
    await other.set('k', 0)
    expect(await rejection(cache.pop('k', { attempts }))).toBeInstanceOf(ConflictError)
    expect(deletes).toBe(attempts)
    expect(await other.get('k')).toBe(attempts)
  })
})

describe('a batch that is refused as a whole', () => {
  it('names itself in its error', async () => {
    const cache = client(await startServers(1))
    const many = Array.from({ length: 6000 }, (_, at) => `many:${at}`)
    const calls = {
      getMany: [cache.getMany(['']), cache.getMany([...many, '']), cache.getMany(['a'], { timeoutMs: -1 })].map(
        (call) => rejection(call),
      ),
      setMany: [cache.setMany([['', 1]]), cache.setMany([...many, ''].map((key) => [key, 1] as const))].map((call) =>
        rejection(call),
      ),
      deleteMany: [cache.deleteMany(['']), cache.deleteMany([...many, ''])].map((call) => rejection(call)),
      incrMany: [rejection(cache.incrMany(['']))],
      'noreply.setMany': [rejection(cache.noreply.setMany([['', 1]]))],
    }
    for (const [command, made] of Object.entries(calls)) {
      for (const error of await Promise.all(made))
        expect(error).toMatchObject({ code: 'MEMLANE_INVALID_INPUT', command })
    }
  })

  it('names itself when the client ends while it is prepared, and rejects with the reason of its signal as it is', async () => {
    const cache = client(await startServers(1))
    const many = Array.from({ length: 20_000 }, (_, at) => `many:${at}`)
    const reason = new ConflictError('by the caller', { delivery: 'answered' })
    const controller = new AbortController()
    const aborted = rejection(cache.getMany(many, { signal: controller.signal }))
    const ended = rejection(cache.getMany(many))
    controller.abort(reason)
    expect(await aborted).toBe(reason)
    cache.destroy()
    expect(await ended).toMatchObject({ code: 'MEMLANE_CLOSED', command: 'getMany' })
  })
})
