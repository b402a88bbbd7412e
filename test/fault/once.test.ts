import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import type { ClusterOptions } from '../../src/cluster/options.ts'
import { ServerDownError } from '../../src/errors.ts'
import { once } from '../../src/recipes/once.ts'
import { FaultProxy } from '../../src/testing/fault-proxy.ts'
import { eventually, rejection } from '../support/eventually.ts'
import { Gate } from '../support/gate.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

const options = { ttl: 100 }
const split = { ...options, acceptSplit: true }

async function startServers(count: number): Promise<RealMemcached[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()))
  onTestFinished(async () => {
    for (const server of servers) await server.stop()
  })
  return servers
}

function connectTo(servers: readonly string[], cluster: ClusterOptions, more: MemcacheOptions = {}): Memcache {
  const named = servers.map((address, at) => ({
    host: '127.0.0.1',
    port: Number(address.split(':')[1]),
    name: `s${at}`,
  }))
  const cache = new Memcache(named, { ...patient, cluster: { retryAttempts: 0, ...cluster }, ...more })
  onTestFinished(() => cache.destroy())
  return cache
}

/** A name whose mark is on a server. */
function nameOn(cache: Memcache, server: string): string {
  for (let at = 0; ; at++) if (cache.serverFor(`once:work-${at}`)?.name === server) return `work-${at}`
}

/** Makes a client of two servers to whom the first is out; for others it is up. */
async function cutOff(
  [first, second]: readonly RealMemcached[],
  cluster: ClusterOptions,
  protocol: 'meta' | 'text',
): Promise<Memcache> {
  const proxy = await FaultProxy.start(first!.address)
  onTestFinished(() => proxy.close())
  const cache = connectTo([`127.0.0.1:${proxy.port}`, second!.address], cluster, { protocol })
  await cache.connect()
  const probe = `once:${nameOn(cache, 's0')}`
  await proxy.refuse()
  proxy.reset()
  // A command finds out.
  await eventually(async () => {
    await cache.get(probe).catch(() => undefined)
    expect(cache.servers[0]!.state).not.toBe('up')
  })
  return cache
}

describe.each(['meta', 'text'] as const)('once, while the server of the mark is out, protocol %s', (protocol) => {
  it.each<[failover: string, clusterOf: () => Promise<ClusterOptions>]>([
    ['next', async () => ({ failover: 'next' })],
    ['none', async () => ({ failover: 'none' })],
    ['gutter', async () => ({ failover: 'gutter', gutter: [(await startServers(1))[0]!.address] })],
  ])('runs nothing on another server: failover %s', async (failover, clusterOf) => {
    const servers = await startServers(2)
    const cluster = await clusterOf()
    const cut = await cutOff(servers, cluster, protocol)
    const whole = connectTo(
      servers.map(({ address }) => address),
      cluster,
      { protocol },
    )
    const name = nameOn(whole, 's0')
    const [started, end] = [new Gate(), new Gate()]
    const running = once(whole, name, options, async () => {
      started.open()
      await end.opened
    })
    await started.opened
    const error = await rejection(once(cut, name, options, () => 'runs as well'))
    expect(error).toBeInstanceOf(ServerDownError)
    expect(error.message).toContain('s0 is down')
    expect(error).toMatchObject({ delivery: 'not-sent', command: 'add' })
    // What acceptSplit accepts.
    if (failover === 'none') expect(await rejection(once(cut, name, split, () => 1))).toBeInstanceOf(ServerDownError)
    else expect(await once(cut, name, split, () => 'runs as well')).toEqual({ ran: true, value: 'runs as well' })
    expect(await once(cut, nameOn(whole, 's1'), options, () => 1)).toEqual({ ran: true, value: 1 })
    end.open()
    expect(await running).toEqual({ ran: true, value: undefined })
  })

  it('keeps a mark in the gutter no longer than gutterTtl, and renews it in time', async () => {
    const servers = await startServers(2)
    const [gutter] = await startServers(1)
    const cluster = { failover: 'gutter', gutter: [gutter!.address], gutterTtl: 50 } as const
    const cut = await cutOff(servers, cluster, protocol)
    const name = nameOn(
      connectTo(
        servers.map(({ address }) => address),
        cluster,
      ),
      's0',
    )
    const side = new Memcache(gutter!.address, patient)
    onTestFinished(() => side.destroy())
    const left = await once(cut, name, { ttl: 1000, acceptSplit: true }, async () => {
      return (await side.inspect(`once:${name}`))?.ttl
    })
    expect(left).toMatchObject({ ran: true, value: expect.toBeOneOf([49, 50]) })
    expect(await side.get(`once:${name}`)).toBeUndefined()
  })
})
