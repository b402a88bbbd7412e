import { describe, expect, it } from 'vitest'
import { OverloadedError } from '../../src/errors.ts'
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
})
