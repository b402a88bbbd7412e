import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { Failover } from '../../src/cluster/options.ts'
import { ServerDownError } from '../../src/errors.ts'
import { settleAll, until } from '../support/eventually.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { VersionedLoad } from '../support/versioned-load.ts'

const keys = Array.from({ length: 300 }, (_, at) => `key:${at}`)

interface Five {
  readonly cache: Memcache
  readonly servers: readonly RealMemcached[]
  readonly gutter: readonly RealMemcached[]
  readonly events: string[]
  /** Keys that belong to the server. */
  readonly keysOf: (server: RealMemcached) => string[]
}

async function startAll(count: number): Promise<RealMemcached[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()))
  onTestFinished(async () => {
    for (const server of servers) await server.stop()
  })
  return servers
}

/** Five memcached processes, two more for the gutter where there is one, and a client that notices quickly. */
async function startFive(failover: Failover, options: MemcacheOptions = {}): Promise<Five> {
  const servers = await startAll(5)
  const gutter = failover === 'gutter' ? await startAll(2) : []
  const cache = new Memcache(
    servers.map((server) => server.address),
    {
      timeoutMs: 1000,
      connectTimeoutMs: 1000,
      cluster: {
        failover,
        retryTimeoutMs: 100,
        deadTimeoutMs: 400,
        ...(failover === 'gutter' ? { gutter: gutter.map((server) => server.address) } : {}),
      },
      ...options,
    },
  )
  onTestFinished(() => {
    cache.destroy()
  })
  const events: string[] = []
  cache.on('serverDown', ({ server }) => events.push(`${server} down`))
  cache.on('serverUp', ({ server }) => events.push(`${server} up`))
  const homes = new Map(keys.map((key) => [key, cache.serverFor(key)!.name]))
  const keysOf = (server: RealMemcached): string[] => keys.filter((key) => homes.get(key) === server.address)
  return { cache, servers, gutter, events, keysOf }
}

function stateOf(cache: Memcache, server: RealMemcached): string {
  return cache.servers.find(({ name }) => name === server.address)!.state
}

const outages: readonly (readonly [
  name: string,
  begin: (server: RealMemcached) => Promise<void> | void,
  end: (server: RealMemcached) => Promise<void> | void,
])[] = [
  ['killed and started again', (server) => server.kill('SIGKILL'), (server) => server.start()],
  ['frozen and thawed', (server) => server.freeze(), (server) => server.thaw()],
]

describe.each(['next', 'none', 'gutter'] as const)('one of five servers under load, failover %s', (failover) => {
  it.each(outages)('%s', { timeout: 90_000 }, async (_name, begin, end) => {
    const { cache, servers, events, keysOf } = await startFive(failover)
    const load = new VersionedLoad(cache, keys)
    await load.steady(2000)
    const victim = servers[2]!
    for (let round = 1; round <= 2; round++) {
      await begin(victim)
      await until(() => events.filter((event) => event === `${victim.address} down`).length === round, 'it is down')
      if (failover === 'none') {
        const [first] = keysOf(victim)
        const [outcome] = await settleAll([cache.get(first!)], 5000)
        expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ServerDownError) as unknown })
        await load.more(1000)
      } else {
        // With somebody to stand in, no call fails once the server is known to be out.
        await load.steady(2000)
        expect(cache.serverFor(keysOf(victim)[0]!)?.name).not.toBe(victim.address)
      }
      await end(victim)
      await until(() => events.filter((event) => event === `${victim.address} up`).length === round, 'it is up', 20_000)
      await load.steady(2000)
      expect(cache.serverFor(keysOf(victim)[0]!)?.name).toBe(victim.address)
    }
    await load.stop()
    expect(load.wrong).toEqual([])
    expect(load.hits).toBeGreaterThan(1000)
  })
})

describe('several of five servers', () => {
  it('go one after the other until none is left, and come back: bounded, and never wrong', {
    timeout: 90_000,
  }, async () => {
    const { cache, servers } = await startFive('next')
    const load = new VersionedLoad(cache, keys)
    await load.steady(1000)
    for (const [index, server] of servers.entries()) {
      await server.kill('SIGKILL')
      await until(() => stateOf(cache, server) !== 'up', 'it is out', 20_000)
      if (index < servers.length - 1) await load.steady(500)
    }
    const outcomes = await settleAll(
      keys.map((key) => cache.get(key)),
      5000,
    )
    // Not a timeout: nothing was waited for.
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'MEMLANE_SERVER_DOWN', delivery: 'not-sent' } })
    }
    for (const server of servers) await server.start()
    await until(() => servers.every((server) => stateOf(cache, server) === 'up'), 'all are back', 20_000)
    await load.steady(2000)
    await load.stop()
    expect(load.wrong).toEqual([])
  })

  it('freeze at once and thaw: every call settles, and all of them come back soon', { timeout: 90_000 }, async () => {
    const { cache, servers } = await startFive('next')
    const load = new VersionedLoad(cache, keys)
    await load.steady(1000)
    const frozen = servers.slice(0, 4)
    for (const server of frozen) server.freeze()
    await until(() => frozen.every((server) => stateOf(cache, server) !== 'up'), 'four are out', 20_000)
    await load.steady(1000)
    for (const server of frozen) server.thaw()
    await until(() => servers.every((server) => stateOf(cache, server) === 'up'), 'all are back', 20_000)
    await load.steady(2000)
    await load.stop()
    expect(load.wrong).toEqual([])
  })
})

describe('a thousand cold calls', () => {
  it('open one connection to each of five servers', async () => {
    const { cache, servers } = await startFive('next', { timeoutMs: 10_000, connectTimeoutMs: 10_000 })
    await Promise.all(Array.from({ length: 1000 }, (_, at) => cache.set(`cold:${at}`, at)))
    // What each counts itself, the asking connection left out.
    const stats = await cache.stats()
    for (const server of servers) {
      const { total_connections: total } = stats.get(server.address)!
      // One of the start's probe, one of the client, one of `stats`; memcached counts its listening socket too.
      expect(Number(total)).toBeLessThanOrEqual(4)
    }
    expect(cache.servers.map(({ connections }) => connections.open)).toEqual([1, 1, 1, 1, 1])
  })
})

describe('with retry', () => {
  it('no call fails when a server is killed, but those that may have been carried out', {
    timeout: 60_000,
  }, async () => {
    const { cache, servers } = await startFive('next', { retry: { attempts: 4, delayMs: 20 }, timeoutMs: 5000 })
    const load = new VersionedLoad(cache, keys)
    await load.steady(1000)
    await servers[1]!.kill('SIGKILL')
    await until(() => stateOf(cache, servers[1]!) !== 'up', 'it is out')
    await load.steady(2000)
    await load.stop()
    expect(load.wrong).toEqual([])
    // Deletes that were on the lost connection are not repeated: somebody may have stored the key since.
    expect(load.failed).toBeLessThanOrEqual(10)
  })
})
