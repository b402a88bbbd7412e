import { describe, expect, it, onTestFinished } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { type BatchError, ClosedError, OverloadedError } from '../../src/errors.ts'
import type { Distribution } from '../../src/routing/distribution.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

describe('a client that asks faster than the server answers', () => {
  it('is refused at once beyond maxPending, and served again afterwards', async () => {
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      if (index > 0) await serveCommands(peer)
    })
    const cache = faultClient(server.address, { timeoutMs: 300, maxPending: 10 })
    await cache.connect()
    const accepted = Array.from({ length: 10 }, (_, at) => cache.set(`k${at}`, 1))
    const error = await rejection(cache.get('one too many'.replaceAll(' ', '-')))
    expect(error).toBeInstanceOf(OverloadedError)
    expect(error).toMatchObject({ delivery: 'not-sent' })
    for (const outcome of await settleAll(accepted, 15_000)) {
      expect(outcome).not.toMatchObject({ reason: expect.any(OverloadedError) as unknown })
    }
    expect(server.receivedText).not.toContain('one-too-many')
  })

  it('is refused at once beyond maxPendingBytes', async () => {
    await using server = await ScriptedServer.startReady((peer) => peer.pause())
    const cache = faultClient(server.address, { timeoutMs: 300, maxPendingBytes: 1_000_000 })
    await cache.connect()
    const sets = Array.from({ length: 50 }, (_, at) => cache.set(`k${at}`, Buffer.alloc(100_000)))
    const outcomes = await settleAll(sets, 15_000)
    const refused = outcomes.filter((outcome) => 'reason' in outcome && outcome.reason instanceof OverloadedError)
    expect(refused.length).toBeGreaterThanOrEqual(35)
    expect(refused.length).toBeLessThan(50)
  })

  it('counts quiet commands until their barrier is answered', async () => {
    await using server = await ScriptedServer.startReady(() => {})
    const cache = faultClient(server.address, { timeoutMs: 300, maxPending: 10 })
    await cache.connect()
    const writes = Array.from({ length: 50 }, (_, at) => cache.noreply.set(`k${at}`, 1))
    const outcomes = await settleAll(writes, 15_000)
    expect(outcomes.filter((outcome) => outcome.status === 'rejected').length).toBeGreaterThanOrEqual(35)
  })

  it('is refused while connecting as well: memory stays bounded', async () => {
    await using server = await ScriptedServer.start(() => {})
    const cache = faultClient(server.address, { timeoutMs: 300, connectTimeoutMs: 10_000, maxPending: 10 })
    const calls = Array.from({ length: 100 }, (_, at) => cache.get(`k${at}`))
    const outcomes = await settleAll(calls, 15_000)
    const refused = outcomes.filter((outcome) => 'reason' in outcome && outcome.reason instanceof OverloadedError)
    expect(refused).toHaveLength(90)
  })

  it('is not overloaded by a batch without answers, however large', async () => {
    await using server = await MemcachedServer.start({ maxItemBytes: 2000 })
    const cache = faultClient(server.address, { timeoutMs: 5000, maxPending: 100, maxItemBytes: 1_000_000 })
    const events = collectCommandErrors(cache)
    const entries = Array.from({ length: 1000 }, (_, at) => [`k${at}`, at] as const)
    const writes = [cache.noreply.setMany(entries), cache.noreply.addMany([['k0', 'other']])]
    expect(await cache.get('k0')).toBe(0)
    expect(await Promise.all(writes)).toEqual([undefined, undefined])
    expect((await cache.getMany(entries.map(([key]) => key))).size).toBe(1000)
    expect(events).toEqual([])
    // What the server refuses is an event, with the caller's key, whatever the size of the batch.
    const mixed = entries.map(([key, at]) => [key, at === 500 ? 'x'.repeat(5000) : at + 1] as const)
    expect(await cache.noreply.setMany(mixed, { keyPrefix: 'p:' })).toBeUndefined()
    expect(events).toMatchObject([{ key: 'k500' }])
    expect((await cache.getMany(entries.map(([key]) => `p:${key}`))).size).toBe(999)
    // One that fits leaves at once, in front of what is called next.
    void cache.noreply.setMany(entries.slice(0, 50))
    expect(await cache.set('k7', 'later')).toBe(true)
    expect(await cache.get('k7')).toBe('later')
    expect(await cache.noreply.deleteMany(entries.map(([key]) => key))).toBeUndefined()
    expect((await cache.getMany(entries.map(([key]) => key))).size).toBe(0)
  })
})

/** All keys but `other` are on the first server. */
const byName: Distribution = () => ({ pick: (key) => (key === 'other' ? 1 : 0), order: () => [0, 1] })

/** A server that answers nothing after its handshake. */
function silent(): Promise<ScriptedServer> {
  return ScriptedServer.startReady(() => {})
}

describe('a server with maxInFlight', () => {
  it.each([1, 3])(
    'takes that many commands over all of its connections, of which there are %i',
    async (connections) => {
      await using server = await silent()
      const cache = faultClient(server.address, { timeoutMs: 300, maxInFlight: 10, connectionsPerServer: connections })
      const outcomes = await settleAll(
        Array.from({ length: 50 }, (_, at) => (at % 2 === 0 ? cache.get(`k${at}`) : cache.set(`k${at}`, 1))),
        15_000,
      )
      const refused = outcomes.flatMap((outcome) => ('reason' in outcome ? [outcome.reason as Error] : [])).slice(10)
      expect(refused).toHaveLength(40)
      for (const error of refused) {
        expect(error).toBeInstanceOf(OverloadedError)
        expect(error).toMatchObject({ delivery: 'not-sent', server: server.address })
        expect(error.message).toContain('10 commands are unanswered')
      }
    },
  )

  it('takes what there is room for of a batch, and refuses the rest of its keys', async () => {
    await using server = await silent()
    const cache = faultClient(server.address, { timeoutMs: 300, maxInFlight: 10 })
    const first = Array.from({ length: 7 }, (_, at) => rejection(cache.get(`k${at}`)))
    const error = (await rejection(cache.getMany(['a', 'b', 'c', 'd', 'e']))) as BatchError
    await Promise.all(first)
    expect(Array.from(error.failed, ([key, reason]) => [key, (reason as Error).name])).toEqual([
      ['a', 'TimeoutError'],
      ['b', 'TimeoutError'],
      ['c', 'TimeoutError'],
      ['d', 'OverloadedError'],
      ['e', 'OverloadedError'],
    ])
  })

  it('is not overloaded by one batch, however large', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { maxInFlight: 20 })
    const keys = Array.from({ length: 500 }, (_, at) => `k${at}`)
    const entries = keys.map((key, at) => [key, at] as const)
    expect(await cache.setMany(entries)).toEqual([])
    expect((await cache.getMany(keys)).size).toBe(500)
    await cache.noreply.setMany(entries.map(([key, at]) => [key, at + 1] as const))
    expect((await cache.getMany(keys)).get('k7')).toBe(8)
    expect((await cache.getOrSetMany(keys, () => new Map())).size).toBe(500)
    expect(await cache.deleteMany(keys)).toBe(500)
  })

  it('takes commands again when it has answered', async () => {
    await using server = await MemcachedServer.start()
    const cache = faultClient(server.address, { maxInFlight: 1 })
    for (let round = 0; round < 3; round++) {
      const [stored, read] = await settleAll([cache.set('k', round), cache.get('k')], 15_000)
      expect(stored).toMatchObject({ value: true })
      expect(read).toMatchObject({ reason: expect.any(OverloadedError) as unknown })
      expect(await cache.get('k')).toBe(round)
    }
  })

  it.each(['next', 'none'] as const)('hands nothing to another server, failover %s', async (failover) => {
    await using slow = await silent()
    await using other = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const servers = [slow.address, other.address]
    const cache = new Memcache(servers, { ...patient, maxInFlight: 5, cluster: { failover, distribution: byName } })
    onTestFinished(() => cache.destroy())
    const waiting = Array.from({ length: 5 }, (_, at) => rejection(cache.get(`slow${at}`)))
    for (const call of [cache.get('slow'), cache.set('slow', 1), cache.getMany(['slow', 'other'])]) {
      expect(await rejection(call)).toMatchObject({ delivery: 'not-sent' })
    }
    expect(await cache.get('other')).toBeUndefined()
    expect(other.receivedText).not.toContain('slow')
    expect(cache.servers.map(({ state }) => state)).toEqual(['up', 'up'])
    cache.destroy()
    await Promise.all(waiting)
  })

  it('tells a client that is closed so', async () => {
    await using server = await silent()
    const cache = faultClient(server.address, { timeoutMs: 300, maxInFlight: 1 })
    const first = rejection(cache.get('k'))
    const closed = cache.close()
    expect(await rejection(cache.get('k'))).toBeInstanceOf(ClosedError)
    await Promise.all([first, closed])
  })

  it.each([0, -1, 1.5, '10', Number.POSITIVE_INFINITY])('refuses %s as its value', (maxInFlight) => {
    expect(() => new Memcache('a', { maxInFlight: maxInFlight as never })).toThrow(/maxInFlight must be a whole number/)
  })
})
