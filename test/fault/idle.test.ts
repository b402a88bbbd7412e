import { describe, expect, it } from 'vitest'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import type { Peer } from '../support/peer.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { skipTime } from '../support/skip-time.ts'

/** Serves reads, and counts `ma` and `ms`; the first connection falls silent after `dead` was set. */
function serveUntilDead(state: { dead: boolean }): (peer: Peer, index: number) => Promise<void> {
  return (peer, index) =>
    serveCommands(peer, (command) => {
      if (index === 0 && state.dead) return ''
      return command.words[0] === 'get' ? values(command) : undefined
    })
}

function count(server: ScriptedServer, text: string): number {
  return server.receivedText.split(text).length - 1
}

describe('an idle connection that the server has closed', () => {
  it('is replaced without a word when that was noticed before the next call', async () => {
    await using server = await ScriptedServer.startReady(serveUntilDead({ dead: false }))
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.get('a')
    server.peers[0]!.halfClose()
    await server.peers[0]!.closed
    expect(await cache.incr('n')).toBeUndefined()
    expect(server.connections).toBe(2)
  })

  it.each(['end', 'reset'] as const)('(%s) unnoticed: a get is repeated without a word', async (how) => {
    const state = { dead: false }
    await using server = await ScriptedServer.startReady(serveUntilDead(state))
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.get('a')
    state.dead = true
    if (how === 'end') server.peers[0]!.halfClose()
    else server.peers[0]!.reset()
    expect(await cache.get('b')).toBe('b')
    expect(server.connections).toBe(2)
  })

  it('unnoticed: an incr is not repeated, for it may have been executed', async () => {
    const state = { dead: false }
    await using server = await ScriptedServer.startReady(serveUntilDead(state))
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.get('a')
    state.dead = true
    server.peers[0]!.halfClose()
    const error = await rejection(cache.incr('n'))
    expect(error).toMatchObject({ delivery: 'unknown' })
    await until(() => count(server, 'ma n') === 1, 'the command arrives')
    await recovers(cache, 'b', 'b')
  })

  it('long idle: a command that must not be repeated waits for a sign of life first', async () => {
    const state = { dead: false }
    await using server = await ScriptedServer.startReady(serveUntilDead(state))
    const cache = faultClient(server.address, { timeoutMs: 400, validateAfterIdleMs: 1 })
    await cache.get('a')
    skipTime(20)
    state.dead = true
    const outcome = cache.incr('n').catch((error: unknown) => error)
    await until(() => count(server, 'version\r\n') >= 2, 'the client asks version')
    await outcome
    expect(server.peers[0]!.receivedText).not.toContain('ma n')
  })

  it('long idle and alive: the command is sent once the server has answered', async () => {
    await using server = await ScriptedServer.startReady(serveUntilDead({ dead: false }))
    const cache = faultClient(server.address, { timeoutMs: 5000, validateAfterIdleMs: 1 })
    await cache.get('a')
    skipTime(20)
    expect(await cache.incr('n')).toBeUndefined()
    expect(server.receivedText).toMatch(/version\r\nma n [^\r]*\r\n$/)
    expect(server.connections).toBe(1)
  })
})
