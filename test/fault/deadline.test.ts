import { describe, expect, it } from 'vitest'
import { TimeoutError } from '../../src/errors.ts'
import { eventually, rejection, settle, settleAll, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { recovers } from '../support/recovers.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

function block(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
}

describe('a deadline', () => {
  it('that passes while the reply is awaited is unknown; the late reply is dropped, the next caller gets its own', async () => {
    let answerLate: (() => void) | undefined
    let held = ''
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        const isSlow = command.line === 'get slow'
        if (command.words[0] !== 'get') return undefined
        if (!isSlow && held === '') return values(command)
        // Replies keep their order: what comes behind the slow one waits with it.
        held += values(command, isSlow ? () => 'late' : undefined)
        answerLate = () => {
          peer.reply(held)
          held = ''
        }
        return ''
      }),
    )
    const cache = faultClient(server.address, { timeoutMs: 5000 })
    await cache.get('warm')
    const error = (await rejection(cache.get('slow', { timeoutMs: 100 }))) as TimeoutError
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.delivery).toBe('unknown')
    const next = cache.get('next')
    await until(() => server.receivedText.includes('get next\r\n') || server.connections > 1, 'the next call is sent')
    answerLate!()
    expect(await next).toBe('next')
    await recovers(cache, 'slow2', 'slow2')
  })

  it('that passes before the command was written: not sent, and never sent later', async () => {
    const handshake = new Gate()
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      await handshake.opened
      peer.reply('VERSION 1.6.45\r\n')
      await peer.expect('mn\r\n')
      peer.reply('MN\r\n')
      await serveCommands(peer)
    })
    const cache = faultClient(server.address, { timeoutMs: 10_000, connectTimeoutMs: 10_000 })
    const patientCall = cache.get('patient')
    const error = (await rejection(cache.set('hasty', 1, { timeoutMs: 60 }))) as TimeoutError
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.delivery).toBe('not-sent')
    handshake.open()
    expect(await patientCall).toBeUndefined()
    await cache.version()
    expect(server.receivedText).not.toContain('hasty')
  })

  it('of each call is its own, in whatever order they were called', async () => {
    await using server = await ScriptedServer.startReady(() => {})
    const cache = faultClient(server.address, { timeoutMs: 30_000 })
    const order: string[] = []
    const note = (name: string) => (): void => void order.push(name)
    const long = cache.get('long', { timeoutMs: 1500 }).catch(note('long'))
    const short = cache.get('short', { timeoutMs: 50 }).catch(note('short'))
    await settleAll([long, short], 10_000)
    expect(order).toEqual(['short', 'long'])
  })

  it('yields to bytes that had arrived while the event loop was blocked', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address, { timeoutMs: 150 })
    await eventually(async () => expect(await cache.set('k', 'v')).toBe(true))
    for (let round = 0; round < 3; round++) {
      const answers = Array.from({ length: 20 }, () => cache.get('k'))
      // After the flush of this turn, before anything can be read.
      process.nextTick(() => process.nextTick(() => block(400)))
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 20 }, () => 'v'))
    }
  })

  it('covers a batch as well', async () => {
    await using server = await ScriptedServer.startReady(() => {})
    const cache = faultClient(server.address, { timeoutMs: 150 })
    const outcomes = await settleAll<unknown>(
      [cache.getMany(['a', 'b']), cache.setMany({ c: 1 }), cache.deleteMany(['d'])],
      10_000,
    )
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected' })
  })

  it('that passes again and again replaces the connection', async () => {
    await using server = await ScriptedServer.startReady(async (peer, index) => {
      if (index > 0) await serveCommands(peer, (command) => (command.words[0] === 'get' ? values(command) : undefined))
    })
    const cache = faultClient(server.address, { timeoutMs: 100 })
    await eventually(async () => {
      const outcome = await settle(cache.get('k'))
      expect(outcome).toEqual({ status: 'fulfilled', value: 'k' })
    }, 15_000)
    await server.peers[0]!.closed
  })
})
