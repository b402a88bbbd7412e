import { describe, expect, it } from 'vitest'
import { settle, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

describe('what a dying connection left over', () => {
  it.each(['reset', 'half-close'] as const)(
    'after disconnect() (%s) is sent before newer commands for the same key',
    async (how) => {
      const stored: string[] = []
      await using server = await ScriptedServer.startReady(async (peer, index) => {
        if (index === 0) {
          await peer.line()
          return peer.pause()
        }
        await serveCommands(peer, ({ words, body }) => {
          if (words[0] === 'ms') stored.push(`${words[1]}=${body!.toString()}`)
          return undefined
        })
      })
      const cache = faultClient(server.address, { timeoutMs: 10_000 })
      await cache.connect()
      const big = settle(cache.set('big', Buffer.alloc(20_000_000)))
      await until(() => server.receivedText.includes('ms big'), 'the large set begins to arrive')
      const first = cache.set('k', 'first')
      const disconnected = cache.disconnect()
      const second = cache.set('k', 'second')
      if (how === 'reset') server.peers[0]!.reset()
      else server.peers[0]!.halfClose()
      expect(await Promise.all([first, second])).toEqual([true, true])
      await disconnected
      expect(await big).toMatchObject({ status: 'rejected', reason: { delivery: 'unknown' } })
      expect(stored).toEqual(['k=first', 'k=second'])
    },
  )
})
