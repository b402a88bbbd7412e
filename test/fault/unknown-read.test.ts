import { describe, expect, it } from 'vitest'
import { UnknownCommandError } from '../../src/errors.ts'
import { rejection } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import type { Peer } from '../support/peer.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { skipTime } from '../support/skip-time.ts'

/** As twemproxy does: answers `get` with misses and closes on what it does not know. */
async function closeOnGat(peer: Peer): Promise<void> {
  for (;;) {
    const { words } = await peer.command()
    if (words[0] !== 'get') return void peer.socket.end()
    peer.socket.write('END\r\n')
  }
}

describe('gat on a server that closes on it', () => {
  it('fails as an unknown command behind three closes in a row, and is not sent again for a minute', async () => {
    await using server = await ScriptedServer.startReady(closeOnGat, { version: '0.5.0', mn: 'none' })
    const cache = faultClient(server.address, patient)
    const closes = (): number => server.peers.filter((peer) => peer.receivedText.includes('gat ')).length
    expect(await cache.get('a')).toBeUndefined()
    const [first, second] = await Promise.all([rejection(cache.gat('a', 10)), rejection(cache.gat('b', 10))])
    expect(first).toBeInstanceOf(UnknownCommandError)
    expect(second).toBeInstanceOf(UnknownCommandError)
    expect(closes()).toBe(3)

    const later = (await rejection(cache.gat('c', 10))) as UnknownCommandError
    expect(later).toBeInstanceOf(UnknownCommandError)
    expect(later.delivery).toBe('not-sent')
    expect(await cache.get('a')).toBeUndefined()
    expect(closes()).toBe(3)

    skipTime(61_000)
    await rejection(cache.gat('d', 10))
    expect(closes()).toBeGreaterThan(3)
  })

  it('does not take the end of a server that knows gat for its answer', async () => {
    await using server = await ScriptedServer.startReady(
      async (peer, index) => {
        await peer.command()
        if (index === 0) return void peer.socket.end()
        peer.socket.write('VALUE a 0 1\r\nx\r\nEND\r\n')
      },
      { version: '1.6.9', mn: 'none' },
    )
    const cache = faultClient(server.address, { protocol: 'text' })
    expect(await rejection(cache.gat('a', 10))).not.toBeInstanceOf(UnknownCommandError)
    expect(await cache.gat('a', 10)).toBe('x')
  })
})
