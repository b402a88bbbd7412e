import { describe, expect, it } from 'vitest'
import { settle } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

describe('an answer that comes before a large body has left', () => {
  it.each([
    ['NS', { status: 'fulfilled', value: false }],
    ['HD', { status: 'fulfilled', value: true }],
    ['SERVER_ERROR out of memory storing object', { status: 'rejected', reason: { delivery: 'answered' } }],
  ])(
    '(%s), from a server that then stops reading: the call settles by it and the connection is replaced',
    async (answer, expected) => {
      await using server = await ScriptedServer.startReady(async (peer, index) => {
        if (index > 0)
          return serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
        const line = await peer.line()
        peer.pause()
        peer.reply(`${answer}${answer.startsWith('S') ? '' : / O\d+/.exec(line)![0]}\r\n`)
      })
      const cache = faultClient(server.address, { timeoutMs: 1500 })
      await cache.connect()
      const outcome = await settle(cache.set('big', Buffer.alloc(30_000_000)), 10_000)
      expect(outcome).toMatchObject(expected)
      await recovers(cache, 'own', 'own')
      expect(server.connections).toBe(2)
    },
  )
})
