import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { eventually, settleAll, until } from '../support/eventually.ts'
import type { MemcacheOptions } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

const keys = Array.from({ length: 400 }, (_, at) => `key:${at}`)
/** A loaded machine may be late; a hang is later. */
const HANG_MS = 15_000

async function startCluster(count: number): Promise<{ servers: RealMemcached[]; addresses: string[] }> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()))
  onTestFinished(async () => {
    for (const server of servers) await server.stop()
  })
  return { servers, addresses: servers.map((server) => server.address) }
}

function client(addresses: readonly string[], options: MemcacheOptions = {}): Memcache {
  const cluster = { retryTimeoutMs: 100, deadTimeoutMs: 400 }
  const cache = new Memcache(addresses, { timeoutMs: 1000, connectTimeoutMs: 1000, cluster, ...options })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}

/** Reads every key; each must give its own value or nothing, and none may fail. Gives those that were there. */
async function readAll(cache: Memcache): Promise<Set<string>> {
  const outcomes = await settleAll(
    keys.map((key) => cache.get(key)),
    HANG_MS,
  )
  const found = new Set<string>()
  for (const [at, outcome] of outcomes.entries()) {
    expect(outcome.status).toBe('fulfilled')
    const value = outcome.status === 'fulfilled' ? outcome.value : undefined
    if (value === undefined) continue
    expect(value).toBe(`value of ${keys[at]!}`)
    found.add(keys[at]!)
  }
  return found
}

const ends: readonly (readonly [name: string, end: (server: RealMemcached) => Promise<void> | void])[] = [
  ['killed', (server) => server.kill('SIGKILL')],
  ['frozen', (server) => server.freeze()],
]

describe('the change-over to another cluster in five steps', () => {
  it.each(ends)('loses no call when the old one is %s half-way', { timeout: 90_000 }, async (_name, end) => {
    const old = await startCluster(2)
    await client(old.addresses).setMany(new Map(keys.map((key) => [key, `value of ${key}`])), { ttl: 1000 })

    // 1. The new cluster is there and answers.
    const recent = await startCluster(3)
    expect((await client(recent.addresses).ping()).size).toBe(3)

    // 2. The old one is still the first; removals go to both already.
    const second = client(old.addresses, { fallback: [recent.addresses] })
    expect(await readAll(second)).toEqual(new Set(keys))
    expect(await second.delete('key:0')).toBe(true)

    // 3. The new one comes first and fills up with what is asked for.
    const third = client(recent.addresses, { fallback: [old.addresses], refill: true })
    const before = keys.slice(0, 200)
    expect((await third.getMany(before)).size).toBe(199)
    expect(await third.delete('key:1')).toBe(true)
    const direct = client(recent.addresses)
    await eventually(async () => expect((await direct.getMany(before)).size).toBe(198))

    // 4. The old one goes. What was copied is there, the rest is missed, and nothing fails.
    for (const server of old.servers) await end(server)
    const found = await readAll(third)
    expect(found).toEqual(new Set(before.slice(2)))
    expect(await third.set('key:300', 'value of key:300', { ttl: 1000 })).toBe(true)
    expect(await third.delete('key:2')).toBe(true)
    // Once it is known to be out nobody waits for it.
    const told = new Set<string>()
    third.on('commandError', ({ error }) => told.add(error.code))
    for (const key of keys.slice(0, 20)) await third.get(key)
    expect(told).toEqual(new Set(['MEMLANE_SERVER_DOWN']))

    // 5. The new one alone.
    const fifth = client(recent.addresses)
    expect(await readAll(fifth)).toEqual(new Set([...before.slice(3), 'key:300']))
    expect(await fifth.get('key:0')).toBeUndefined()
    expect(await fifth.get('key:1')).toBeUndefined()
  })
})

describe('an older cluster', () => {
  it('that is cut off and comes back gives what it has again', { timeout: 60_000 }, async () => {
    const [first, older] = [await startCluster(1), await startCluster(1)]
    const cache = client(first.addresses, { fallback: [older.addresses] })
    await client(older.addresses).set('k', 'old')
    expect(await cache.get('k')).toBe('old')
    older.servers[0]!.freeze()
    expect(await cache.get('k')).toBeUndefined()
    older.servers[0]!.thaw()
    expect(await eventually(async () => (await cache.get('k')) ?? Promise.reject(new Error('not yet')), 10_000)).toBe(
      'old',
    )
  })

  it('does not hold up reads that the first one answers', { timeout: 60_000 }, async () => {
    const [first, older] = [await startCluster(1), await startCluster(1)]
    const cache = client(first.addresses, { fallback: [older.addresses], timeoutMs: 3000 })
    await cache.set('k', 'first')
    older.servers[0]!.freeze()
    let missed = false
    const miss = cache.get('nothing').finally(() => {
      missed = true
    })
    expect(await cache.get('k')).toBe('first')
    expect(missed).toBe(false)
    await miss
  })

  it('is told of every removal, also while the first one is out', { timeout: 60_000 }, async () => {
    const [first, older] = [await startCluster(1), await startCluster(1)]
    const cache = client(first.addresses, { fallback: [older.addresses], fallbackOn: 'missOrError' })
    const direct = client(older.addresses)
    await direct.set('k', 'old')
    await first.servers[0]!.kill('SIGKILL')
    const [outcome] = await settleAll([cache.delete('k')], HANG_MS)
    expect(outcome!.status).toBe('rejected')
    await until(() => cache.servers[0]!.lastError !== undefined, 'the first one is known to be out')
    expect(await direct.get('k')).toBeUndefined()
  })
})
