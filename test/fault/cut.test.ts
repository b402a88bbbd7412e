import { describe, expect, it } from 'vitest'
import { ConnectionClosedError } from '../../src/errors.ts'
import { rejection, settleAll } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import type { Peer } from '../support/peer.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const half = `VALUE b 0 300000\r\n${'b'.repeat(100_000)}`
const whole = 'VALUE a 0 1\r\na\r\nEND\r\n'

const ends: readonly (readonly [name: string, end: (peer: Peer) => void])[] = [
  ['reset', (peer) => peer.socket.write('', () => peer.reset())],
  ['end', (peer) => peer.halfClose()],
]

/** The first connection answers one get, half of the second and ends; later ones are healthy. */
function cutOnce(reply: string, end: (peer: Peer) => void): (peer: Peer, index: number) => Promise<void> {
  return async (peer, index) => {
    if (index === 0) {
      for (let count = 0; count < 4; count++) await peer.command()
      peer.reply(reply)
      end(peer)
      return
    }
    await serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
  }
}

describe.each(ends)('%s while replies are due', (_name, end) => {
  it('in the middle of a value: answered calls keep their answers, the others fail as unknown', async () => {
    await using server = await ScriptedServer.startReady(cutOnce(`${whole}${half}`, end))
    const cache = faultClient(server.address, { coalesceReads: false, timeoutMs: 5000 })
    await cache.connect()
    const calls = [cache.get('a'), cache.get('b'), cache.get('c'), cache.set('d', 1)]
    const outcomes = await settleAll<unknown>(calls, 10_000)
    if (outcomes[0]!.status === 'fulfilled') expect(outcomes[0]!.value).toBe('a')
    for (const outcome of outcomes.slice(1)) {
      expect(outcome).toMatchObject({ reason: expect.any(ConnectionClosedError) as unknown })
      expect(outcome).toMatchObject({ reason: { delivery: 'unknown' } })
    }
    await recovers(cache, 'e', 'e')
    const again = await Promise.all(Array.from({ length: 40 }, (_, at) => cache.get(`key${at}`)))
    expect(again).toEqual(Array.from({ length: 40 }, (_, at) => `key${at}`))
    expect(server.connections).toBe(2)
  })

  it('exactly between two replies: nothing hangs and nothing becomes a miss', async () => {
    await using server = await ScriptedServer.startReady(cutOnce(whole, end))
    const cache = faultClient(server.address, { coalesceReads: false, timeoutMs: 5000 })
    await cache.connect()
    const calls = [cache.get('a'), cache.get('b'), cache.get('c'), cache.incr('d')]
    const outcomes = await settleAll<unknown>(calls, 10_000)
    if (outcomes[0]!.status === 'fulfilled') expect(outcomes[0]!.value).toBe('a')
    for (const outcome of outcomes.slice(1)) expect(outcome).toMatchObject({ status: 'rejected' })
    await recovers(cache, 'b', 'b')
  })
})

describe('end without any reply', () => {
  it('fails ten calls in flight and recovers', async () => {
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      if (index > 0) return serveCommands(peer)
      await peer.command()
      peer.halfClose()
    })
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.connect()
    const calls = Array.from({ length: 10 }, (_, at) => cache.incr(`k${at}`))
    for (const outcome of await settleAll(calls, 10_000)) {
      expect(outcome).toMatchObject({ reason: expect.any(ConnectionClosedError) as unknown })
    }
    await recovers(cache, 'k', undefined)
  })

  it('in the middle of a multi-key read fails the batch, with what had arrived', async () => {
    await using server = await ScriptedServer.startReady(async (peer) => {
      await peer.command()
      peer.reply('VALUE a 0 1\r\na\r\nVALUE b 0 5\r\nbb')
      peer.halfClose()
    })
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    const error = await rejection(cache.getMany(['a', 'b', 'c']))
    expect(error).toMatchObject({ code: 'MEMLANE_BATCH' })
    expect(error).toHaveProperty('found', new Map([['a', 'a']]))
    expect([...(error as unknown as { failed: Map<string, unknown> }).failed.keys()]).toEqual(['b', 'c'])
  })
})
