import { describe, expect, it } from 'vitest'
import { turns } from '../support/crashes.ts'
import { until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import type { Peer } from '../support/peer.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { skipTime } from '../support/skip-time.ts'

describe('the question whether an idle connection lives', () => {
  it.each(['SERVER_ERROR Host is down', 'ERROR', 'CLIENT_ERROR what is this'])(
    'is answered by the line %s too',
    async (line) => {
      await using server = await ScriptedServer.start((peer) =>
        serveCommands(peer, ({ words }) => {
          if (words[0] === 'version') return `${line}\r\n`
          return words[0] === 'incr' ? '5\r\n' : undefined
        }),
      )
      const cache = faultClient(server.address, { timeoutMs: 2000, validateAfterIdleMs: 1 })
      expect(await cache.incr('n')).toBe(5)
      skipTime(20)
      expect(await cache.incr('n')).toBe(5)
      skipTime(20)
      expect(await Promise.all([cache.incr('n'), cache.get('a'), cache.incr('n')])).toEqual([5, undefined, 5])
      expect(server.connections).toBe(1)
      expect(server.receivedText.match(/version\r\n/g)).toHaveLength(3)
    },
  )

  it('goes out with reads; a later command that must not be repeated waits for the answer', async () => {
    const answer = new Gate()
    let answered = false
    const order: string[] = []
    const answerAll = async (peer: Peer): Promise<void> => {
      await answer.opened
      answered = true
      peer.reply('VERSION 1.6.45\r\n')
      peer.reply('END\r\n')
    }
    await using server = await ScriptedServer.startReady(async (peer) => {
      for (let commands = 0; ; commands++) {
        const { words, line } = await peer.command()
        order.push(answered ? `${words[0]} behind the answer` : words[0]!)
        if (words[0] === 'version') {
          void answerAll(peer)
        } else if (words[0] === 'ma') peer.reply(`NF ${/O\d+/.exec(line)![0]}\r\n`)
        else if (commands === 0) peer.reply('END\r\n')
      }
    })
    const cache = faultClient(server.address, { timeoutMs: 5000, validateAfterIdleMs: 1 })
    await cache.get('a')
    skipTime(20)
    const read = cache.get('a')
    await until(() => order.length === 3, 'the question and the read arrive')
    const counted = cache.incr('n')
    await turns(20)
    answer.open()
    expect(await read).toBeUndefined()
    expect(await counted).toBeUndefined()
    expect(order).toEqual(['get', 'version', 'get', 'ma behind the answer'])
  })
})

describe('a server that closes an idle connection just when gat is written', () => {
  it('is asked again, and is not taken for one that does not know gat', async () => {
    await using server = await ScriptedServer.startReady(
      (peer, index) =>
        serveCommands(peer, ({ words }) => {
          if (words[0] !== 'gat') return undefined
          if (index === 0) {
            peer.halfClose()
            return ''
          }
          return `VALUE ${words[2]} 0 1\r\nx\r\nEND\r\n`
        }),
      { version: 'mcrouter 1.0.0', mn: 'none' },
    )
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.get('a')
    await turns()
    for (let at = 0; at < 3; at++) expect(await cache.gat('a', 5)).toBe('x')
    expect(server.connections).toBe(2)
  })
})
