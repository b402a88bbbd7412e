import { describe, expect, it } from 'vitest'
import { Memcache } from '../../src/client/memcache.ts'
import { BatchError, ConnectError, type MemcacheError, UnknownCommandError } from '../../src/errors.ts'
import { collectCommandErrors } from '../support/command-errors.ts'
import { turns } from '../support/crashes.ts'
import { eventually, rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { skipTime } from '../support/skip-time.ts'

/** A server that speaks meta; its first connections are reset between `version` and the answer to `mn`. */
function resetting(connections: number): Promise<ScriptedServer> {
  return ScriptedServer.start(async (peer, index) => {
    if (index >= connections) return serveCommands(peer)
    await peer.answerHandshake({ mn: 'none' })
    await peer.expect('mn\r\n')
    peer.reset()
  })
}

describe('one reset between version and mn', () => {
  it.each(['auto', 'meta'] as const)('is no refusal of meta: protocol %s asks again at once', async (protocol) => {
    await using server = await resetting(1)
    const cache = faultClient(server.address, { ...patient, protocol })
    // Only the meta protocol carries such a key.
    expect(await cache.set('with space', 1)).toBe(true)
    expect(server.connections).toBe(2)
  })

  it('is as little of one when it happens twice in a row', async () => {
    await using server = await resetting(2)
    expect(await faultClient(server.address, patient).set('with space', 1)).toBe(true)
    expect(server.connections).toBe(3)
  })
})

describe('three resets between version and mn', () => {
  it('have protocol auto speak text for a minute; what is missing for that reason is no bad input', async () => {
    await using server = await resetting(3)
    const cache = faultClient(server.address, patient)
    expect(await cache.set('a', 1)).toBe(true)
    expect(server.connections).toBe(4)
    const calls = [
      () => cache.inspect('a'),
      () => cache.invalidate('a', { staleFor: 5 }),
      () => cache.set('with space', 1),
    ]
    for (const call of calls) {
      const error = (await rejection(call())) as UnknownCommandError
      expect(error).toBeInstanceOf(UnknownCommandError)
      expect(error.delivery).toBe('not-sent')
      expect(error.message).toMatch(/needs the meta protocol.*closed the connection on "mn" 3 times in a row/)
    }
    // On the same connection until then, without a disconnect.
    skipTime(61_000)
    expect(await cache.set('with space', 1)).toBe(true)
    expect(server.connections).toBe(5)
  })

  it('fail protocol meta, which asks again at the next attempt', async () => {
    await using server = await resetting(3)
    const cache = faultClient(server.address, { ...patient, protocol: 'meta' })
    expect(await rejection(cache.get('a'))).toBeInstanceOf(ConnectError)
    expect(server.connections).toBe(3)
    await eventually(async () => expect(await cache.get('a')).toBeUndefined(), 10_000)
    expect(await cache.set('with space', 1)).toBe(true)
  })

  it('teach nothing when a connection failed in another way in between', async () => {
    await using server = await ScriptedServer.start(async (peer, index) => {
      if (index === 2) return peer.reset()
      if (index > 4) return serveCommands(peer)
      await peer.answerHandshake({ mn: 'none' })
      await peer.expect('mn\r\n')
      peer.reset()
    })
    const cache = faultClient(server.address, patient)
    await eventually(async () => expect(await cache.set('with space', 1)).toBe(true), 10_000)
    expect(server.receivedText).not.toMatch(/set |get /)
  })

  it('let what is under way come in before the server is asked again', async () => {
    const gate = new Gate()
    await using server = await ScriptedServer.start(async (peer, index) => {
      if (index > 3) return serveCommands(peer)
      await peer.answerHandshake({ mn: 'none' })
      if (index < 3) {
        await peer.expect('mn\r\n')
        return peer.reset()
      }
      await peer.expect('get slow\r\n')
      await gate.opened
      peer.reply('END\r\n')
      await serveCommands(peer)
    })
    const cache = faultClient(server.address, { timeoutMs: 300_000, connectTimeoutMs: 10_000 })
    const slow = cache.get('slow')
    await until(() => server.receivedText.includes('get slow'), 'the slow read is under way')
    skipTime(61_000)
    const behind = cache.set('with space', 1)
    await turns()
    expect(server.connections).toBe(4)
    gate.open()
    expect(await slow).toBeUndefined()
    expect(await behind).toBe(true)
    expect(server.connections).toBe(5)
  })
})

describe('a refusal of mn', () => {
  it.each([true, false])('loses no write, when the server closes behind it: %s', async (closes) => {
    // As mcrouter does: CLIENT_ERROR, and then the end.
    await using server = await ScriptedServer.start((peer) =>
      serveCommands(peer, ({ line }) => {
        if (line !== 'mn') return line === 'version' ? 'VERSION 37.0.0 mcrouter\r\n' : undefined
        if (closes) peer.socket.end('CLIENT_ERROR malformed request\r\n')
        else peer.reply('CLIENT_ERROR malformed request\r\n')
        return ''
      }),
    )
    const cache = faultClient(server.address, patient)
    const writes = Array.from({ length: 20 }, (_, at) => cache.set(`k${at}`, at))
    expect(await Promise.all(writes)).toEqual(writes.map(() => true))
    expect(server.connections).toBe(closes ? 2 : 1)
    const error = await rejection(cache.inspect('k0'))
    expect(error).toBeInstanceOf(UnknownCommandError)
    expect(error.message).toContain('CLIENT_ERROR malformed request')
    // An answer teaches at once: the next connection does not ask.
    await cache.disconnect()
    expect(await cache.set('k', 1)).toBe(true)
    expect(server.receivedText.match(/mn\r\n/g)).toHaveLength(1)
  })
})

/** As twemproxy up to 0.4.1 does. */
function closingOnVersion(): Promise<ScriptedServer> {
  return ScriptedServer.start((peer) =>
    serveCommands(peer, ({ line }) => {
      if (line !== 'version') return undefined
      peer.socket.end()
      return ''
    }),
  )
}

describe('a server that closes on version', () => {
  it.each([undefined, '1.4.39'])('is spoken to in text from the first call on, version given: %s', async (version) => {
    await using server = await closingOnVersion()
    const { port } = server
    await using cache = new Memcache(
      { host: '127.0.0.1', port, ...(version !== undefined && { version }) },
      { ...patient, protocol: 'text' },
    )
    expect(await cache.set('k', 1)).toBe(true)
    expect(await cache.getMany(['a', 'b'])).toEqual(new Map())
    expect(server.connections).toBe(2)
  })

  it('is not asked any more once it has closed three times in a row, for a minute', async () => {
    await using server = await closingOnVersion()
    const cache = faultClient(server.address, { ...patient, protocol: 'text' })
    for (let round = 0; round < 5; round++) {
      expect(await cache.set('k', 1)).toBe(true)
      await cache.disconnect()
    }
    expect(server.receivedText.match(/version\r\n/g)).toHaveLength(3)
    skipTime(61_000)
    expect(await cache.set('k', 1)).toBe(true)
    expect(server.receivedText.match(/version\r\n/g)).toHaveLength(4)
  })

  it('is spoken to in text by protocol auto behind three closes in a row', async () => {
    await using server = await closingOnVersion()
    const cache = faultClient(server.address, patient)
    await eventually(async () => expect(await cache.set('k', 1)).toBe(true), 10_000)
    expect(server.receivedText.match(/version\r\n/g)).toHaveLength(3)
    expect(server.connections).toBe(4)
    expect(await rejection(cache.inspect('k'))).toBeInstanceOf(UnknownCommandError)
  })

  it('is asked for a key where a quiet run or an idle connection asks for a sign of life', async () => {
    await using server = await closingOnVersion()
    const cache = faultClient(server.address, { ...patient, protocol: 'text', validateAfterIdleMs: 5000 })
    const errors = collectCommandErrors(cache)
    await cache.noreply.set('k', 1)
    expect(await cache.get('k')).toBeUndefined()
    skipTime(6000)
    expect(await cache.set('k', 1)).toBe(true)
    expect([...(await cache.ping()).keys()]).toEqual([server.address])
    expect(server.connections).toBe(2)
    expect(errors).toEqual([])
    expect(await rejection(cache.version())).toBeInstanceOf(BatchError)
  })

  it('is no reason to write anything to a server that closes on everything', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.line()
      peer.socket.end()
    })
    const cache = faultClient(server.address, patient)
    const deliveries: string[] = []
    while (server.connections < 8) {
      const error = (await rejection(cache.set('k', 'v'))) as MemcacheError
      deliveries.push(error.delivery)
    }
    expect(new Set(deliveries)).toEqual(new Set(['not-sent']))
    expect(server.receivedText).not.toContain('set ')
  })
})
