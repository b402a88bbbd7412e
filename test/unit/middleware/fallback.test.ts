import { describe, expect, it, onTestFinished } from 'vitest'
import { innerExecutorOf } from '../../../src/client/executor-of.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { ConnectError, type MemcacheError } from '../../../src/errors.ts'
import { withFallback } from '../../../src/middleware/fallback.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import { GET } from '../../../src/protocol/request.ts'
import type { Executor } from '../../../src/seam/executor.ts'
import type { Middleware } from '../../../src/seam/operation.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { eventually, rejection, until } from '../../support/eventually.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'

const patient = { timeoutMs: 5000, connectTimeoutMs: 5000 }

/** A new cluster of one server with an older one behind it, and a client of each alone. */
async function lab(
  options: MemcacheOptions = {},
): Promise<{ cache: Memcache; first: Memcache; older: Memcache; servers: MemcachedServer[] }> {
  const servers = [await MemcachedServer.start(), await MemcachedServer.start()]
  const [first, older] = servers.map((server) => new Memcache(server.address, patient))
  const cache = new Memcache(servers[0]!.address, { ...patient, fallback: [[servers[1]!.address]], ...options })
  onTestFinished(async () => {
    for (const client of [cache, first!, older!]) client.destroy()
    for (const server of servers) await server.close()
  })
  return { cache, first: first!, older: older!, servers }
}

describe.each(['auto', 'text'] as const)('a cluster with an older one behind it, protocol %s', (protocol) => {
  it('reads from the older one what the first has not, per key', async () => {
    const { cache, first, older } = await lab({ protocol })
    await first.set('both', 'new')
    await older.setMany({ both: 'old', old: 'old' })
    expect(await cache.get('both')).toBe('new')
    expect(await cache.get('old')).toBe('old')
    expect(await cache.get('neither')).toBeUndefined()
    expect(await cache.getMany(['neither', 'old', 'both'])).toEqual(
      new Map([
        ['old', 'old'],
        ['both', 'new'],
      ]),
    )
    expect(await cache.gat('old', 100)).toBe('old')
    expect(await cache.has('old')).toBe(true)
    expect(await cache.has('neither')).toBe(false)
  })

  it('copies nothing unless it is told to', async () => {
    const { cache, first, older } = await lab({ protocol })
    await older.set('k', 'old')
    expect(await cache.get('k')).toBe('old')
    expect(await first.get('k')).toBeUndefined()
  })

  it('writes to the first one', async () => {
    const { cache, first, older } = await lab({ protocol })
    await cache.set('k', 'v')
    expect(await first.get('k')).toBe('v')
    expect(await older.get('k')).toBeUndefined()
  })

  it('deletes from both, or else the old value would come back', async () => {
    const { cache, first, older } = await lab({ protocol })
    await first.setMany({ a: 1, b: 1 })
    await older.setMany({ a: 2, c: 2, d: 2 })
    expect(await cache.delete('a')).toBe(true)
    expect(await cache.delete('c')).toBe(true)
    expect(await cache.delete('nothing')).toBe(false)
    expect(await cache.deleteMany(['b', 'd', 'nothing'])).toBe(2)
    for (const key of ['a', 'b', 'c', 'd']) expect(await cache.get(key)).toBeUndefined()
  })

  it('takes a failing older one for a miss and tells of it', async () => {
    const { cache, first, servers } = await lab({ protocol })
    await first.set('k', 'v')
    const told: MemcacheError[] = []
    cache.on('commandError', ({ error }) => told.push(error))
    await servers[1]!.close()
    expect(await cache.get('k')).toBe('v')
    expect(await cache.get('nothing')).toBeUndefined()
    expect(await cache.delete('k')).toBe(true)
    expect(told.length).toBeGreaterThanOrEqual(2)
    for (const error of told) expect(error.server).toBe(servers[1]!.address)
  })

  it('fails where the first one fails, unless missOrError says otherwise', async () => {
    const { cache, older, servers } = await lab({ protocol })
    await older.set('k', 'old')
    const tolerant = cache.clone({ fallbackOn: 'missOrError' })
    onTestFinished(() => tolerant.destroy())
    await servers[0]!.close()
    expect(await rejection(cache.get('k'))).toBeInstanceOf(ConnectError)
    expect(await tolerant.get('k')).toBe('old')
    expect(await rejection(tolerant.get('nothing'))).toMatchObject({ delivery: 'not-sent' })
    expect(await rejection(tolerant.set('k', 1))).toMatchObject({ delivery: 'not-sent' })
  })
})

describe('refill', () => {
  it('copies what the older one had, with the time that it has left and its client flags', async () => {
    const { cache, first, older } = await lab({ refill: true })
    await older.set('number', 7, { ttl: 500 })
    await older.set('ever', { a: 1 })
    expect(await cache.getMany(['number', 'ever'])).toEqual(
      new Map<string, unknown>([
        ['number', 7],
        ['ever', { a: 1 }],
      ]),
    )
    await eventually(async () => expect(await first.get('number')).toBe(7))
    expect(await first.get('ever')).toEqual({ a: 1 })
    const inspection = await first.inspect('number')
    expect(inspection!.ttl).toBeGreaterThan(490)
    expect(inspection!.ttl).toBeLessThanOrEqual(500)
    expect((await first.inspect('ever'))!.ttl).toBe(Number.POSITIVE_INFINITY)
  })

  it('copies values of any size, and never over a newer one', async () => {
    const { cache, first, older } = await lab({ refill: true })
    const large = 'x'.repeat(300_000)
    await older.set('large', large)
    expect(await cache.get('large')).toBe(large)
    await eventually(async () => expect(await first.get('large')).toBe(large))
    await older.set('k', 'old')
    const [read, stored] = await Promise.all([cache.get('k'), cache.set('k', 'new')])
    expect([read, stored]).toEqual(['old', true])
    expect(await first.get('k')).toBe('new')
  })

  it('brings nothing back that is deleted while it is being copied', async () => {
    const { cache, first, older } = await lab({ refill: true })
    for (let round = 0; round < 50; round++) {
      const key = `k${round}`
      await older.set(key, 'old')
      const read = cache.get(key)
      // Somewhere between the first answer and the copy.
      for (let turn = 0; turn < round % 10; turn++) await new Promise((resolve) => setImmediate(resolve))
      await cache.delete(key)
      await read
      expect(await first.get(key)).toBeUndefined()
      expect(await cache.get(key)).toBeUndefined()
    }
  })

  it('copies nothing from a server that speaks text: it does not tell the time left', async () => {
    const { first, older, servers } = await lab()
    await older.set('k', 'old')
    const text = new Memcache(servers[1]!.address, { ...patient, protocol: 'text' })
    const cache = new Memcache(servers[0]!.address, { ...patient, fallback: [text], refill: true })
    onTestFinished(() => {
      text.destroy()
      cache.destroy()
    })
    expect(await cache.get('k')).toBe('old')
    await cache.close()
    expect(await first.get('k')).toBeUndefined()
  })
})

describe('reads with a cas number', () => {
  it('copy the item, for only the first one can compare its number', async () => {
    const { cache, first, older } = await lab()
    await older.set('k', 'old', { ttl: 100 })
    const found = await cache.gets('k')
    expect(found!.value).toBe('old')
    expect(await first.get('k')).toBe('old')
    expect(await cache.cas('k', 'new', found!.cas)).toBe('stored')
    expect(await cache.get('k')).toBe('new')
  })

  it('fail like any other when the value cannot be decompressed, and nothing else is left failing', async () => {
    const compression = { minBytes: 1, asyncBytes: 1 }
    const { cache, older } = await lab({ compression })
    const unhandled: unknown[] = []
    const note = (reason: unknown): number => unhandled.push(reason)
    process.on('unhandledRejection', note)
    onTestFinished(() => void process.off('unhandledRejection', note))
    await older.set('k', 'not deflated', { ttl: 100, clientFlags: 8 })
    expect(await rejection(cache.gets('k'))).toMatchObject({ code: 'MEMLANE_SERDE' })
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })

  it('take no longer than their time, also while the first cluster does not take the copy', async () => {
    const { first, older } = await lab()
    await older.set('k', 'old', { ttl: 100 })
    const copies: Operation[] = []
    const stuck: Executor = {
      dispatch: (operation) =>
        operation.command === 'add' ? void copies.push(operation) : innerExecutorOf(first).dispatch(operation),
    }
    const call = new Operation({ command: 'gets' }, 'k', 'k', 5000, () => undefined)
    withFallback([innerExecutorOf(older)])(stuck).dispatch(call)
    await until(() => copies.length === 1, 'the copy')
    expect(copies[0]!.deadline).toBe(call.deadline)
  })
})

describe('pop', () => {
  it('takes what only the older one has, once, and out of both', async () => {
    const { cache, first, older } = await lab()
    await older.set('k', 'old', { ttl: 100 })
    expect(await cache.pop('k')).toBe('old')
    expect(await cache.pop('k')).toBeUndefined()
    expect(await first.get('k')).toBeUndefined()
    await eventually(async () => expect(await older.get('k')).toBeUndefined())
  })

  it('is refused where the older one speaks text: there is no cas number to compare with', async () => {
    const { cache, older } = await lab({ protocol: 'text' })
    await older.set('k', 'old', { ttl: 100 })
    expect((await rejection(cache.pop('k'))).message).toContain('pop needs cas numbers')
    expect(await older.get('k')).toBe('old')
  })
})

function silence(dispatched: () => void): Executor {
  return { dispatch: dispatched }
}

describe('a call that is aborted', () => {
  it.each(['first', 'older'])(
    'asks nobody else, whatever the reason, while the %s cluster is silent',
    async (silent) => {
      const miss: Executor = { dispatch: (operation) => operation.succeed(undefined) }
      let asked = 0
      const count = (): void => {
        asked++
      }
      const older = [silence(count), silence(count)]
      const first = silent === 'first' ? silence(() => undefined) : miss
      const told: unknown[] = []
      const options = { fallbackOn: 'missOrError', onError: (error: unknown) => told.push(error) } as const
      const operation = new Operation(GET, 'k', 'k', 1000, () => undefined)
      const outcome = new Promise((resolve, reject) => {
        operation.resolve = resolve
        operation.reject = reject
      })
      withFallback(older, options, options.onError)(first).dispatch(operation)
      const reason = new ConnectError('what another call failed with')
      operation.cancel(reason)
      await expect(outcome).rejects.toBe(reason)
      expect(asked).toBe(silent === 'first' ? 0 : 1)
      expect(told).toEqual([])
    },
  )
})

describe('a client that is destroyed', () => {
  it('asks no older client for what was under way', async () => {
    const { older, servers } = await lab()
    await older.set('k', 'old')
    const cache = new Memcache(servers[0]!.address, { ...patient, fallback: [older], fallbackOn: 'missOrError' })
    const call = cache.get('k')
    cache.destroy()
    expect(await rejection(call)).toMatchObject({ code: 'MEMLANE_CLOSED' })
  })
})

describe('invalidate', () => {
  it('marks the item in every cluster', async () => {
    const { cache, older } = await lab()
    await older.set('k', 'old')
    expect(await cache.invalidate('k', { staleFor: 30 })).toBe(true)
    expect((await older.inspect('k'))!.ttl).toBeLessThanOrEqual(30)
  })
})

describe('getOrSet', () => {
  it('takes what an older cluster has instead of loading it', async () => {
    const { cache, first, older } = await lab()
    await older.set('k', 'old', { ttl: 100 })
    let loads = 0
    const load = (): string => {
      loads++
      return 'loaded'
    }
    expect(await cache.getOrSet('k', load, { ttl: 50 })).toBe('old')
    expect(await first.get('k')).toBe('old')
    expect(await cache.getOrSet('other', load, { ttl: 50 })).toBe('loaded')
    expect(loads).toBe(1)
  })
})

describe('by hand', () => {
  it('a client of any kind can be the older cluster, and keeps its own servers', async () => {
    const { first, older, servers } = await lab()
    const cache = new Memcache(servers[0]!.address, { ...patient, fallback: [older] })
    onTestFinished(() => cache.destroy())
    await older.set('k', 'old')
    expect(await cache.get('k')).toBe('old')
    await cache.close()
    expect(await older.get('k')).toBe('old')
    expect(await first.get('k')).toBeUndefined()
  })

  it('wrappers see every command, the first one outermost', async () => {
    const { servers } = await lab()
    const seen: string[] = []
    const spy =
      (name: string): Middleware =>
      (next) => ({
        dispatch(operation) {
          seen.push(`${name} ${operation.command}`)
          next.dispatch(operation)
        },
      })
    const cache = new Memcache(servers[0]!.address, { ...patient, middleware: [spy('outer'), spy('inner')] })
    onTestFinished(() => cache.destroy())
    await cache.set('k', 1)
    await cache.get('k')
    expect(seen).toEqual(['outer set', 'inner set', 'outer get', 'inner get'])
    expect(() => innerExecutorOf(cache)).not.toThrow()
  })

  it.each<[MemcacheOptions, RegExp]>([
    [{ refill: true }, /option refill needs the option fallback/],
    [{ fallbackOn: 'miss' }, /option fallbackOn needs the option fallback/],
    [{ fallback: [['a:1']], fallbackOn: 'error' as never }, /fallbackOn must be 'miss' or 'missOrError'/],
    [
      { fallback: ['a:1'] as never },
      /option fallback holds lists of servers or clients, got .*write \[\['host:port'\]\]/,
    ],
    [{ fallback: [{}] as never }, /an executor is had of a Memcache only/],
    [{ middleware: [1] as never }, /option middleware must be a list of functions/],
    [{ middleware: [() => undefined] as never }, /option middleware must be functions that give an executor/],
    [{ retry: { attempts: 0 } }, /retry\.attempts/],
  ])('bad options are refused by name: %o', (options, message) => {
    expect(() => new Memcache('localhost:11211', options)).toThrow(message)
  })
})

describe.each([false, true])('a namespace with generations over an older cluster, refill %s', (refill) => {
  const generations = { generations: { refreshMs: 0 } } as const

  it('finds what the older one has, and has its number in the first from then on', async () => {
    const { cache, first, older, servers } = await lab({ refill })
    const before = older.namespace<number>('n:', generations)
    await before.setMany({ a: 1, b: 2 })
    expect(await cache.namespace('n:', generations).getMany(['a', 'b'])).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    await eventually(async () => expect(await first.get('n:generation')).toBe(await older.get('n:generation')))
    await cache.namespace('n:', generations).set('c', 3)
    await servers[1]!.close()
    expect(await cache.namespace('n:', generations).get('c')).toBe(3)
  })

  it('does not find again what it has cleared, also when the first loses the number', async () => {
    const { cache, first, older } = await lab({ refill })
    await older.namespace<number>('n:', generations).set('a', 1)
    const names = cache.namespace('n:', generations)
    expect(await names.get('a')).toBe(1)
    await names.clear()
    expect(await names.get('a')).toBeUndefined()
    await eventually(async () => expect(await older.get('n:generation')).toBeUndefined())
    await first.delete('n:generation')
    expect(await names.get('a')).toBeUndefined()
    expect(await cache.namespace('n:', generations).get('a')).toBeUndefined()
  })

  it('takes no number from the older one while the first is out', async () => {
    const { cache, older, servers } = await lab({ refill, fallbackOn: 'missOrError' })
    await older.namespace<number>('n:', generations).set('a', 1)
    const names = cache.namespace<number>('n:', generations)
    expect(await names.get('a')).toBe(1)
    await older.namespace<number>('n:', generations).clear()
    await servers[0]!.close()
    // The last number known: the item lies under it in the older cluster still.
    expect(await names.get('a')).toBe(1)
    expect(await rejection(cache.namespace<number>('n:', generations).get('a'))).toMatchObject({
      code: expect.stringMatching(/CONNECT|SERVER_DOWN/) as unknown,
    })
  })
})
