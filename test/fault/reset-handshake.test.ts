import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** A server that speaks meta; its first connection is reset between `version` and the answer to `mn`. */
function resettingOnce(): Promise<ScriptedServer> {
  return ScriptedServer.start(async (peer, index) => {
    if (index > 0) return serveCommands(peer)
    await peer.answerHandshake({ mn: 'none' })
    await peer.expect('mn\r\n')
    peer.reset()
  })
}

/** From now on it is this much later, for whoever looks at the clock. */
function skip(milliseconds: number): void {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + milliseconds)
}

describe('one reset between version and mn', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('is no refusal of meta: protocol meta asks again at the next attempt', async () => {
    await using server = await resettingOnce()
    const cache = faultClient(server.address, { protocol: 'meta', timeoutMs: 2000 })
    await eventually(async () => expect(await cache.get('a')).toBeUndefined(), 10_000)
    // Only the meta protocol carries such a key.
    expect(await cache.set('with space', 1)).toBe(true)
  })

  it('has protocol auto speak text for a while, and not for good', async () => {
    await using server = await resettingOnce()
    const cache = faultClient(server.address, { timeoutMs: 2000 })
    await eventually(async () => expect(await cache.get('a')).toBeUndefined(), 10_000)
    await cache.disconnect()
    skip(61_000)
    expect(await cache.set('with space', 1)).toBe(true)
  })
})
