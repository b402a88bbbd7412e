import { describe, expect, it } from 'vitest'
import { OverloadedError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
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
