import { describe, expect, it } from 'vitest'
import type { MemcacheError } from '../../src/errors.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import type { Peer } from '../support/peer.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** Serves the first connection until a set comes, and closes on that; does with the next what the test says. */
function losing(next: (peer: Peer) => void | Promise<void>, lost: Gate): Promise<ScriptedServer> {
  return ScriptedServer.start(async (peer, index) => {
    if (index > 0) return next(peer)
    await peer.answerHandshake()
    await serveCommands(peer, ({ words }) => {
      if (words[0] !== 'ms') return undefined
      lost.open()
      peer.halfClose()
      return ''
    })
  })
}

describe('a set that was written on an idle connection and lost', () => {
  it('and cannot be repeated, for nobody listens any more, may have been carried out', async () => {
    const lost = new Gate()
    const server = await losing(() => undefined, lost)
    const cache = faultClient(server.address)
    await cache.get('warm')
    void lost.opened.then(() => server.close())
    const error = (await rejection(cache.set('k', 'v'))) as MemcacheError
    expect(error.delivery).toBe('unknown')
    expect(error.message).toContain('it was written')
  })

  it('and cannot be repeated in its time, may have been carried out', async () => {
    await using server = await losing(() => undefined, new Gate())
    const cache = faultClient(server.address, { timeoutMs: 300, connectTimeoutMs: 10_000 })
    await cache.get('warm', { timeoutMs: 5000 })
    const error = (await rejection(cache.set('k', 'v'))) as MemcacheError
    expect(error.delivery).toBe('unknown')
    expect(server.connections).toBe(2)
  })

  it('and cannot be repeated, for no handshake succeeds, may have been carried out', async () => {
    await using server = await losing((peer) => peer.reset(), new Gate())
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.get('warm')
    expect(await rejection(cache.set('k', 'v'))).toMatchObject({ delivery: 'unknown' })
  })

  it.each(['destroy', 'close'] as const)(
    'and is waiting to be repeated at %s(), may have been carried out',
    async (end) => {
      await using server = await losing(() => undefined, new Gate())
      const cache = faultClient(server.address, { timeoutMs: 1000, connectTimeoutMs: 1000 })
      await cache.get('warm')
      const set = rejection(cache.set('k', 'v'))
      await until(() => server.connections === 2, 'the next connection is being made')
      const ended = cache[end]()
      expect(await set).toMatchObject({ delivery: 'unknown' })
      await ended
    },
  )

  it('does not make the calls behind it doubtful, which were never written', async () => {
    await using server = await losing(() => undefined, new Gate())
    const cache = faultClient(server.address, { timeoutMs: 5000, connectTimeoutMs: 10_000 })
    await cache.get('warm')
    const set = rejection(cache.set('k', 'v'))
    await until(() => server.connections === 2, 'the next connection is being made')
    const later = rejection(cache.set('later', 'v'))
    cache.destroy()
    expect(await set).toMatchObject({ delivery: 'unknown' })
    expect(await later).toMatchObject({ delivery: 'not-sent' })
  })
})
