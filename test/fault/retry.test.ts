import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { ServerError } from '../../src/errors.ts'
import { withRetry } from '../../src/middleware/retry.ts'
import type { Executor } from '../../src/seam/executor.ts'
import { toMiddleware } from '../../src/seam/operation-view.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { rejection, settle, settleAll, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** The first `cuts` connections end at their first command, unanswered; later ones serve. */
function cutting(cuts: number): Promise<ScriptedServer> {
  return ScriptedServer.startReady(async (peer, index) => {
    if (index >= cuts) {
      return serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
    }
    await peer.command()
    peer.reset()
  })
}

const retry = { attempts: 4, delayMs: 50, maxDelayMs: 200 }

describe('retry on a connection that is lost', () => {
  it('reads and sets again until they are answered', async () => {
    await using server = await cutting(2)
    const cache = faultClient(server.address, { retry, timeoutMs: 5000 })
    const outcomes = await settleAll<unknown>([cache.get('a'), cache.set('b', 1), cache.get('c')], 10_000)
    expect(outcomes).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'fulfilled', value: true },
      { status: 'fulfilled', value: 'c' },
    ])
    expect(server.connections).toBe(3)
  })

  it('never counts twice what may have been counted', async () => {
    await using server = await cutting(1)
    const cache = faultClient(server.address, { retry, timeoutMs: 5000 })
    expect(await rejection(cache.incr('n'))).toMatchObject({ delivery: 'unknown' })
    expect(server.receivedText.match(/ma n/g)).toHaveLength(1)
  })

  it('counts once the server is back what was never sent', async () => {
    const dead = await ScriptedServer.start((peer) => peer.reset())
    const { port } = dead
    await dead.close()
    const cache = faultClient(`127.0.0.1:${port}`, { retry: { attempts: 50, delayMs: 20 }, timeoutMs: 8000 })
    const call = cache.incr('n')
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.answerHandshake()
      await serveCommands(peer, ({ words }) => (words[0] === 'ma' ? `VA 1 ${words.at(-1)!}\r\n7\r\n` : undefined))
    }, port)
    expect(await call).toBe(7)
    expect(server.receivedText.match(/ma n/g)).toHaveLength(1)
  })

  it('gives up within the time of the call', async () => {
    const cache = faultClient('127.0.0.1:1', { retry: { attempts: 1000, delayMs: 10 }, timeoutMs: 300 })
    const [outcome] = await settleAll([cache.get('a')], 5000)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { delivery: 'not-sent' } })
  })

  it('retries every key of a batch by itself', async () => {
    await using server = await cutting(1)
    const cache = faultClient(server.address, { retry, timeoutMs: 5000, coalesceReads: false })
    expect(await cache.getMany(['a', 'b'])).toEqual(
      new Map([
        ['a', 'a'],
        ['b', 'b'],
      ]),
    )
  })

  it('leaves a writeFailed event for what failed in the end, and none for what succeeded', async () => {
    await using server = await cutting(1)
    const cache = faultClient(server.address, { retry, timeoutMs: 5000 })
    const told: unknown[] = []
    cache.on('writeFailed', ({ key, command, server: name }) => told.push([key, command, name]))
    expect(await cache.set('a', 1)).toBe(true)
    expect(told).toEqual([])
    const broken = faultClient('127.0.0.1:1', { timeoutMs: 300 })
    broken.on('writeFailed', ({ key, command, server: name }) => told.push([key, command, name]))
    await rejection(broken.delete('b'))
    await rejection(broken.get('c'))
    await rejection(broken.setMany({ d: 1 }))
    expect(told).toEqual([
      ['b', 'delete', '127.0.0.1:1'],
      ['d', 'set', '127.0.0.1:1'],
    ])
  })
})

describe('a call between two attempts when its client ends', () => {
  const rare = { attempts: 3, delayMs: 60_000 }
  const patient = { timeoutMs: 120_000, connectTimeoutMs: 5000 }

  it('fails at once with destroy', async () => {
    const cache = new Memcache(`127.0.0.1:${await freePort()}`, { ...patient, retry: rare })
    const call = cache.set('k', 1)
    await until(() => cache.servers[0]!.lastError !== undefined, 'the first attempt failed')
    cache.destroy()
    expect(await rejection(call)).toMatchObject({ delivery: 'not-sent' })
  })

  it('is tried once more, now, with close', async () => {
    const port = await freePort()
    const cache = new Memcache(`127.0.0.1:${port}`, { ...patient, retry: rare })
    const call = cache.set('k', 1)
    await until(() => cache.servers[0]!.lastError !== undefined, 'the first attempt failed')
    const server = await MemcachedServer.start({ port })
    onTestFinished(() => server.close())
    await cache.close()
    expect(await settle(call)).toMatchObject({ value: true })
  })
})

describe.each(['auto', 'text'] as const)('retry after a SERVER_ERROR, protocol %s', (protocol) => {
  /** A client whose first command for each key is answered as memcached's proxy does after a pause. */
  async function failingOnce(): Promise<{ cache: Memcache; commands: string[] }> {
    const server = await MemcachedServer.start()
    const commands: string[] = []
    const failing = (next: Executor): Executor => ({
      dispatch: (operation) => {
        commands.push(`${operation.command} ${String(operation.callerKey)}`)
        const isFirst = commands.filter((command) => command.endsWith(` ${String(operation.callerKey)}`)).length === 1
        if (!isFirst) return next.dispatch(operation)
        operation.fail(new ServerError('SERVER_ERROR backend failure', { delivery: 'answered' }))
      },
    })
    const cache = new Memcache(server.address, {
      timeoutMs: 5000,
      protocol,
      middleware: [withRetry(), failing].map(toMiddleware),
    })
    onTestFinished(async () => {
      cache.destroy()
      await server.close()
    })
    return { cache, commands }
  }

  it.each(['inline', 'key'] as const)('asks again for getOrSet and getOrSetMany, lease %s', async (lease) => {
    const { cache } = await failingOnce()
    expect(await cache.getOrSet('one', () => 'value', { lease })).toBe('value')
    const loaded = await cache.getOrSetMany(['a', 'b'], (keys) => new Map(keys.map((key) => [key, key])), { lease })
    expect([...loaded.values()]).toEqual(['a', 'b'])
    expect(await cache.getMany(['one', 'a', 'b'])).toEqual(
      new Map([
        ['one', 'value'],
        ['a', 'a'],
        ['b', 'b'],
      ]),
    )
  })

  it('asks again for has and inspect, and for keys in base64', async () => {
    const { cache } = await failingOnce()
    expect(await cache.has('has')).toBe(false)
    if (protocol === 'text') return
    expect(await cache.inspect('inspect')).toBeUndefined()
    expect(await cache.get('in base64')).toBeUndefined()
    expect(await cache.gets('also in base64')).toBeUndefined()
  })

  it('does not write again', async () => {
    const { cache, commands } = await failingOnce()
    for (const write of [() => cache.incr('n'), () => cache.delete('n1'), () => cache.append('n2', 'x')]) {
      expect(await rejection(write())).toMatchObject({ code: 'MEMLANE_SERVER_ERROR', delivery: 'answered' })
    }
    expect(commands).toEqual(['incr n', 'delete n1', 'append n2'])
  })
})
