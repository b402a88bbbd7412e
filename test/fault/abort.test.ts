import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands, values } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const reason = new Error('changed my mind')

describe('an abort', () => {
  it('before the turn ends: the signal’s reason, and nothing is sent', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const cache = faultClient(server.address, patient)
    await cache.get('warm')
    const controller = new AbortController()
    const aborted = cache.set('gone', 1, { signal: controller.signal })
    controller.abort(reason)
    expect(await rejection(aborted)).toBe(reason)
    await cache.get('after')
    expect(server.receivedText).not.toContain('gone')
  })

  it('during connecting: the signal’s reason, and nothing is sent later', async () => {
    const handshake = new Gate()
    await using server = await ScriptedServer.start(async (peer) => {
      await handshake.opened
      await peer.answerHandshake()
      await serveCommands(peer)
    })
    const cache = faultClient(server.address, patient)
    const controller = new AbortController()
    const aborted = cache.set('gone', 1, { signal: controller.signal })
    const other = cache.get('other')
    await until(() => server.connections === 1, 'the connection is made')
    controller.abort(reason)
    expect(await rejection(aborted)).toBe(reason)
    handshake.open()
    await other
    expect(server.receivedText).not.toContain('gone')
  })

  it('after writing: the signal’s reason; the reply is dropped, the next caller gets its own', async () => {
    let answer: (() => void) | undefined
    let held = ''
    await using server = await ScriptedServer.startReady((peer) =>
      serveCommands(peer, (command) => {
        if (command.words[0] !== 'get') return undefined
        if (command.words[1] === 'warm') return values(command)
        // Replies keep their order: what comes behind the slow one waits with it.
        held += command.words[1] === 'slow' ? values(command, () => 'late') : values(command)
        answer = () => peer.reply(held)
        return ''
      }),
    )
    const cache = faultClient(server.address, patient)
    await cache.get('warm')
    const controller = new AbortController()
    const aborted = cache.get('slow', { signal: controller.signal })
    await until(() => server.receivedText.includes('get slow\r\n'), 'the command is sent')
    controller.abort(reason)
    expect(await rejection(aborted)).toBe(reason)
    const next = cache.get('next')
    await until(() => server.receivedText.includes('get next\r\n'), 'the next command is sent')
    answer!()
    expect(await next).toBe('next')
    expect(server.connections).toBe(1)
  })

  it('of a timeout signal rejects with its TimeoutError', async () => {
    await using server = await ScriptedServer.startReady(() => {})
    const error = await rejection(faultClient(server.address, patient).get('k', { signal: AbortSignal.timeout(50) }))
    expect(error.name).toBe('TimeoutError')
    expect(error).toBeInstanceOf(DOMException)
  })

  it('leaves no listener on a signal that is used again and again', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const cache = faultClient(server.address, patient)
    const { signal } = new AbortController()
    const warnings: Error[] = []
    const collect = (warning: Error): void => void warnings.push(warning)
    process.on('warning', collect)
    for (let round = 0; round < 50; round++) await cache.get('k', { signal })
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', collect)
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(warnings).toEqual([])
  })
})
