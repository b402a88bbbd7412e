import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { ClosedError, ConnectError, ServerDownError } from '../../src/errors.ts'
import { modula } from '../../src/routing/modula.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { rejection, until } from '../support/eventually.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'

const keys = Array.from({ length: 1000 }, (_, at) => `key:${at}`)

async function startServers(count: number): Promise<MemcachedServer[]> {
  const servers: MemcachedServer[] = []
  for (let at = 0; at < count; at++) {
    const server = await MemcachedServer.start()
    servers.push(server)
    onTestFinished(() => server.close())
  }
  return servers
}

function clientOf(servers: readonly MemcachedServer[], options: MemcacheOptions = {}): Memcache {
  const addresses = servers.map((server) => server.address)
  const cache = new Memcache(addresses, { timeoutMs: 5000, connectTimeoutMs: 5000, ...options })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}

describe('a client of several servers', () => {
  it('writes and reads in batches, one connection to each server, all at once', async () => {
    const servers = await startServers(4)
    const cache = clientOf(servers)
    const entries = new Map(keys.map((key, at) => [key, at]))
    expect(await cache.setMany(entries)).toEqual([])
    expect(await cache.getMany(keys)).toEqual(entries)
    expect([...(await cache.getMany(keys)).keys()]).toEqual(keys)
    expect(servers.map((server) => server.connections)).toEqual([1, 1, 1, 1])
    expect((await cache.version()).size).toBe(4)
    expect(await cache.deleteMany(keys)).toBe(1000)
  })

  it('gives the keys of a server that is out as failed, and the others as found', async () => {
    const servers = await startServers(3)
    const cache = clientOf(servers, { cluster: { failover: 'none' } })
    await cache.setMany(new Map(keys.map((key) => [key, key])))
    const name = servers[1]!.address
    await servers[1]!.close()
    const error = (await rejection(cache.getMany(keys))) as Error & {
      found: Map<string, string>
      failed: Map<string, Error>
    }
    expect(error).toMatchObject({ code: 'MEMLANE_BATCH' })
    expect([...error.failed.keys()]).toEqual(keys.filter((key) => cache.serverFor(key)?.name === name))
    expect(error.found.size + error.failed.size).toBe(keys.length)
  })

  it('goes by the routing key, the prefix of a batch, and the prefix of all keys where that is hashed', async () => {
    const servers = await startServers(4)
    const cache = clientOf(servers)
    const hashing = clientOf(servers, { keyPrefix: 'p:', hashKeyPrefix: true })
    const plain = clientOf(servers, { keyPrefix: 'p:' })
    for (const key of keys) {
      expect(hashing.serverFor(key)).toEqual(cache.serverFor(`p:${key}`))
      expect(plain.serverFor(key)).toEqual(cache.serverFor(key))
      expect(cache.serverFor(key, { routingKey: 'user:1' })).toEqual(cache.serverFor('user:1'))
    }
    await cache.setMany(new Map(keys.map((key) => [key, key])), { keyPrefix: 'b:' })
    expect((await cache.getMany(keys.map((key) => `b:${key}`))).size).toBe(keys.length)
    await hashing.set('key:1', 'hashed')
    expect(await cache.get('p:key:1')).toBe('hashed')
    await cache.set('key:7', 7, { routingKey: 'user:1' })
    expect(await cache.get('key:7', { routingKey: 'user:1' })).toBe(7)
  })

  it('takes any distribution', async () => {
    const servers = await startServers(3)
    const cache = clientOf(servers, { cluster: { distribution: modula() } })
    expect(new Set(keys.map((key) => cache.hash(key)))).toEqual(new Set([0, 1, 2]))
  })

  it('tells when a server goes down and when it is back', async () => {
    const servers = await startServers(2)
    const cache = clientOf(servers, { cluster: { retryAttempts: 0, retryTimeoutMs: 20, deadTimeoutMs: 40 } })
    const told: unknown[] = []
    cache.on('serverDown', (event) => told.push(event))
    cache.on('serverUp', (event) => told.push(event))
    const { address, port } = servers[0]!
    await cache.setMany(new Map(keys.map((key) => [key, key])))
    await servers[0]!.close()
    const key = keys.find((one) => cache.serverFor(one)?.name === address)!
    await cache.set(key, 'elsewhere').catch(() => undefined)
    await until(() => told.length === 1, 'it is down')
    expect(told[0]).toEqual({ server: address, error: expect.any(ConnectError) as unknown, failures: 1 })
    expect(cache.servers.find(({ name }) => name === address)!.lastError).toBeInstanceOf(ConnectError)
    await cache.set(key, 'elsewhere')
    const again = await MemcachedServer.start({ port })
    onTestFinished(() => again.close())
    await until(() => told.length === 2, 'it is up', 10_000)
    expect(told[1]).toMatchObject({ server: address, removedKeys: 1, downMs: expect.any(Number) as unknown })
    expect(await cache.get(key)).toBeUndefined()
  })

  it('tells when more was written elsewhere than is remembered', async () => {
    const servers = await startServers(2)
    const cache = clientOf(servers, { cluster: { rejoin: { maxKeys: 3 } } })
    const told: unknown[] = []
    cache.on('rejoinOverflow', (event) => told.push(event))
    const { address } = servers[0]!
    await servers[0]!.close()
    await cache.setMany(new Map(keys.map((key) => [key, key])))
    await until(() => told.length > 0, 'it overflowed')
    expect(told).toEqual([{ server: address, maxKeys: 3 }])
  })
})

describe('servers that are added and removed', () => {
  it('move the keys that become theirs, or were, and no others', async () => {
    const servers = await startServers(5)
    const cache = clientOf(servers.slice(0, 4))
    const homes = (): (string | undefined)[] => keys.map((key) => cache.serverFor(key)?.name)
    const before = homes()
    const { address } = servers[4]!
    cache.addServer(address)
    const after = homes()
    const moved = keys.filter((_, at) => before[at] !== after[at])
    expect(moved.length).toBeGreaterThan(100)
    expect(moved.length).toBeLessThan(320)
    for (const [at] of keys.entries()) expect(after[at] === before[at] || after[at] === address).toBe(true)
    await cache.removeServer(address)
    expect(homes()).toEqual(before)
  })

  it('take commands at once, and finish those that they have', async () => {
    const servers = await startServers(2)
    const cache = clientOf(servers.slice(0, 1))
    const calls = keys.map((key) => cache.set(key, key))
    cache.addServer(servers[1]!.address)
    const gone = cache.removeServer(servers[0]!.address)
    expect(new Set(await Promise.all(calls))).toEqual(new Set([true]))
    await gone
    await until(() => servers[0]!.connections === 0, 'the server has seen its connection end')
    expect(await cache.set('k', 1)).toBe(true)
    expect(cache.servers.map(({ name }) => name)).toEqual([servers[1]!.address])
  })

  it('must have a name that nobody has, or one that somebody has', async () => {
    const servers = await startServers(2)
    const cache = clientOf(servers)
    const { address } = servers[0]!
    expect(() => cache.addServer(address)).toThrow(`there is a server named "${address}" already`)
    expect((await rejection(cache.removeServer('nobody:1'))).message).toContain('there is no server named "nobody:1"')
    expect(() => new Memcache([address, address])).toThrow(`two servers are called "${address}"`)
    expect(() => new Memcache([])).toThrow('the list of servers must not be empty')
  })

  it('are none of a client that is closed', async () => {
    const [server] = await startServers(1)
    const cache = clientOf([server!])
    await cache.close()
    expect(() => cache.addServer('a:1')).toThrow('the client is closed')
    expect(await rejection(cache.get('k'))).toMatchObject({ code: 'MEMLANE_CLOSED' })
  })

  it('leave nobody when the last one goes', async () => {
    const [server] = await startServers(1)
    const cache = clientOf([server!])
    await cache.set('k', 1)
    await cache.removeServer(server!.address)
    const error = await rejection(cache.get('k'))
    expect(error).toBeInstanceOf(ServerDownError)
    expect(error.message).toBe('get "k": the cluster has no servers')
    expect(cache.hash('k')).toBe(-1)
  })

  it('leave nobody to connect to, nor to ask about servers', async () => {
    const [server] = await startServers(1)
    const cache = clientOf([server!])
    await cache.removeServer(server!.address)
    const calls = [
      cache.connect(),
      cache.version(),
      cache.ping(),
      cache.stats(),
      cache.flushAll(),
      cache.rawCommand('version'),
      cache.version({ server: server!.address }),
    ]
    for (const call of calls) {
      const error = await rejection(call)
      expect(error).toBeInstanceOf(ServerDownError)
      expect(error).toMatchObject({ message: 'the cluster has no servers', delivery: 'not-sent' })
    }
    await cache.close()
    expect(await rejection(cache.connect())).toBeInstanceOf(ClosedError)
    expect(await rejection(cache.version())).toBeInstanceOf(ClosedError)
  })
})

describe('the options of a cluster', () => {
  it.each<[NonNullable<MemcacheOptions['cluster']>, RegExp]>([
    [{ failover: 'nearest' as never }, /option cluster\.failover must be 'none', 'next' or 'gutter', got "nearest"/],
    [{ failover: 'gutter' }, /option cluster\.gutter must be a list of at least one server/],
    [{ gutter: ['a:1'] }, /option cluster\.gutter needs failover: 'gutter'/],
    [{ gutterTtl: 5 }, /option cluster\.gutterTtl needs failover: 'gutter'/],
    [{ failover: 'gutter', gutter: ['a:1'], gutterTtl: 0 }, /option cluster\.gutterTtl must be/],
    [{ failover: 'gutter', gutter: ['a:1', 'a:1'] }, /two servers are called "a:1"/],
    [{ retryAttempts: -1 }, /option cluster\.retryAttempts must be/],
    [{ retryTimeoutMs: 0 }, /option cluster\.retryTimeoutMs must be/],
    [
      { retryTimeoutMs: 500, deadTimeoutMs: 400 },
      /option cluster\.deadTimeoutMs must be at least retryTimeoutMs \(500\)/,
    ],
    [{ deadTimeoutMs: Number.POSITIVE_INFINITY }, /option cluster\.deadTimeoutMs must be a finite number/],
    [{ rejoin: { maxKeys: 1.5 } }, /option cluster\.rejoin\.maxKeys must be/],
    [{ rejoin: { keys: 1 } as never }, /option cluster\.rejoin has no "keys"/],
    [{ distribution: 'ketama' as never }, /option cluster\.distribution must be a function/],
    [{ hash: 'md5' } as never, /option cluster has no "hash"/],
  ])('are refused by name: %o', (cluster, message) => {
    expect(() => new Memcache(['b:1', 'c:1'], { cluster })).toThrow(message)
  })
})
