import { describe, expect, it, onTestFinished } from 'vitest'
import type { Memcache } from '../../src/client/memcache.ts'
import { MetaClient } from '../../src/client/meta/client.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { eventually, rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import { type Answer, serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** What callers give their calls, by a signal. */
const GIVEN_MS = 60

interface Frozen {
  readonly cache: Memcache
  readonly proxy: FaultProxy
}

async function frozen(timeoutMs: number, options: MemcacheOptions = {}): Promise<Frozen> {
  const server = await MemcachedServer.start()
  const proxy = await FaultProxy.start(server.address)
  onTestFinished(async () => {
    await proxy.close()
    await server.close()
  })
  const cache = faultClient(proxy.address, { timeoutMs, connectTimeoutMs: 1000, ...options })
  await cache.set('known', 1)
  proxy.freeze()
  return { cache, proxy }
}

type Call = (cache: Memcache, signal: AbortSignal) => Promise<unknown>

const calls: readonly (readonly [name: string, call: Call, options: MemcacheOptions])[] = [
  ['get', (cache, signal) => cache.get('k', { signal }), {}],
  ['set', (cache, signal) => cache.set('k', 1, { signal }), {}],
  ['touch, in text', (cache, signal) => cache.touch('k', 9, { signal }), { protocol: 'text' }],
  ['getMany', (cache, signal) => cache.getMany(['a', 'b', 'c'], { signal }), {}],
  ['deleteMany', (cache, signal) => cache.deleteMany(['a', 'b', 'c'], { signal }), {}],
  ['update', (cache, signal) => cache.update('k', () => 1, { signal }), {}],
  ['pop', (cache, signal) => cache.pop('k', { signal }), {}],
  ['ping', (cache, signal) => cache.ping({ signal }), {}],
  ['getOrSet', (cache, signal) => cache.getOrSet('k', () => 1, { signal }), {}],
  ['getOrSetMany', (cache, signal) => cache.getOrSetMany(['a', 'b'], () => new Map(), { signal }), {}],
  ['get with retry', (cache, signal) => cache.get('k', { signal }), { retry: { attempts: 2 } }],
  [
    'get behind quiet writes',
    (cache, signal) => {
      void cache.noreply.set('q', 1).catch(() => undefined)
      return cache.get('k', { signal })
    },
    {},
  ],
]

/** One call after the other, each for as long as its signal lets it. */
async function callUntil(condition: () => boolean, call: (signal: AbortSignal) => Promise<unknown>): Promise<number> {
  let made = 0
  while (!condition()) {
    if (++made > 200) throw new Error('200 calls were given up and the connection was not')
    await call(AbortSignal.timeout(GIVEN_MS)).catch(() => undefined)
  }
  return made
}

describe.each([Number.POSITIVE_INFINITY, 60_000])('calls bounded by signals, timeoutMs %d', (timeoutMs) => {
  it.each(calls)(
    '%s: a server that fell silent is given up, and the next connection serves',
    async (_, call, options) => {
      const { cache, proxy } = await frozen(timeoutMs, options)
      const made = await callUntil(
        () => cache.servers[0]!.connections.open === 0,
        (signal) => call(cache, signal),
      )
      expect(made).toBeLessThan(40)
      expect(cache.servers[0]!.pending).toBeLessThan(40)
      proxy.reset()
      await proxy.heal()
      await eventually(() => call(cache, AbortSignal.timeout(2000)), 10_000)
      expect(await cache.get('known')).toBe(1)
    },
  )

  it('in a namespace that knows no generation yet', async () => {
    const { cache, proxy } = await frozen(timeoutMs)
    const names = cache.namespace('n:', { generations: true })
    await callUntil(
      () => cache.servers[0]!.connections.open === 0,
      (signal) => names.get('k', { signal }),
    )
    proxy.reset()
    await proxy.heal()
    await eventually(() => names.get('k', { signal: AbortSignal.timeout(2000) }), 10_000)
  })

  it('of a MetaClient, many at a time', async () => {
    const { proxy } = await frozen(timeoutMs)
    proxy.thaw()
    const meta = new MetaClient(proxy.address, { timeoutMs, connectTimeoutMs: 1000 })
    onTestFinished(() => meta.destroy())
    await meta.set('known', 1)
    proxy.freeze()
    const before = proxy.connections
    await callUntil(
      () => proxy.connections > before,
      (signal) =>
        Promise.allSettled([
          meta.get('a', { signal }),
          meta.set('b', 1, { signal }),
          meta.pipeline().get('c').get('d').run({ signal }),
        ]),
    )
    proxy.reset()
    await proxy.heal()
    await eventually(() => meta.get('known', { signal: AbortSignal.timeout(2000) }), 10_000)
  })
})

/** Answers `get`s when it is told to, all others at once. */
async function slowReads(): Promise<{ server: ScriptedServer; answer: () => void }> {
  const held: (() => void)[] = []
  const silent: Answer = (command, peer) => {
    if (command.words[0] !== 'get') return undefined
    held.push(() => peer.reply('END\r\n'))
    return ''
  }
  const server = await ScriptedServer.startReady((peer) => serveCommands(peer, silent))
  onTestFinished(() => server.close())
  return {
    server,
    answer: () => {
      for (const reply of held.splice(0)) reply()
    },
  }
}

describe('a server that takes its time', () => {
  it('keeps its connection when one caller changes its mind early, and answers those that wait', async () => {
    const { server, answer } = await slowReads()
    const cache = faultClient(server.address, { timeoutMs: 60_000 })
    await cache.set('warm', 1)
    const patient = cache.get('patient')
    const other = cache.get('other', { signal: new AbortController().signal })
    const controller = new AbortController()
    const hasty = cache.get('hasty', { signal: controller.signal })
    await until(() => server.receivedText.includes('hasty'), 'it is sent')
    controller.abort(new Error('changed my mind'))
    await rejection(hasty)
    // Longer than any silence that counts for a call that left so soon.
    await rejection(cache.get('late', { timeoutMs: 600 }))
    answer()
    expect(await Promise.all([patient, other])).toEqual([undefined, undefined])
    expect(server.connections).toBe(1)
  })

  it('keeps it for those that wait longer than a run of hasty callers', async () => {
    const { server, answer } = await slowReads()
    const cache = faultClient(server.address, { timeoutMs: 60_000 })
    await cache.set('warm', 1)
    const waiting = [cache.get('a'), cache.get('b', { signal: AbortSignal.timeout(30_000) })]
    for (let call = 0; call < 12; call++) await rejection(cache.get('hasty', { signal: AbortSignal.timeout(50) }))
    answer()
    expect(await Promise.all(waiting)).toEqual([undefined, undefined])
    expect(server.connections).toBe(1)
  })
})
