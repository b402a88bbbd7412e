import { describe, expect, it } from 'vitest'
import { ConnectError, MemcacheError } from '../../src/errors.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { Gate } from '../support/gate.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const textSet = /set k 0 0 1\r\nv\r\n/

describe('the choice of the protocol', () => {
  it('is meta when the version is new enough and mn is answered', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    expect(await faultClient(server.address, patient).set('k', 'v')).toBe(true)
    expect(server.receivedText).toMatch(/^version\r\nmn\r\nms k 1 /)
  })

  it.each(['1.4.39', '1.5.22', '1.6.9', 'mcrouter', ''])(
    'is text for version %j, and mn is not asked',
    async (version) => {
      await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), { version, mn: 'none' })
      expect(await faultClient(server.address, patient).set('k', 'v')).toBe(true)
      expect(server.receivedText).toMatch(textSet)
      expect(server.receivedText).not.toContain('mn\r\n')
    },
  )

  it('is text when version itself is not known', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      peer.reply('ERROR\r\n')
      await serveCommands(peer)
    })
    expect(await faultClient(server.address, patient).set('k', 'v')).toBe(true)
    expect(server.receivedText).toMatch(textSet)
  })

  it('is text when the backend of a proxy is down, and its words are the answers', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      peer.reply('SERVER_ERROR Host is down\r\n')
      await serveCommands(peer)
    })
    expect(await faultClient(server.address, { ...patient, protocol: 'text' }).set('k', 'v')).toBe(true)
  })

  it('is text when mn is answered with ERROR', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), { mn: 'ERROR' })
    expect(await faultClient(server.address, patient).set('k', 'v')).toBe(true)
    expect(server.receivedText).toMatch(textSet)
    expect(server.connections).toBe(1)
  })

  it('is text when the server closes on mn three times in a row, and that is remembered', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      peer.reply('VERSION 1.6.45\r\n')
      await serveCommands(peer, (command) => {
        if (command.line === 'mn') peer.socket.end()
        return command.line === 'mn' ? '' : undefined
      })
    })
    const cache = faultClient(server.address, patient)
    for (let round = 0; round < 4; round++) {
      expect(await cache.set('k', 'v')).toBe(true)
      await cache.disconnect()
    }
    expect(server.peers.filter((peer) => peer.receivedText.includes('mn\r\n'))).toHaveLength(3)
    expect(server.connections).toBe(3 + 4)
  })

  it('fails with protocol meta on an old server, naming its version', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), {
      version: '1.6.9',
      mn: 'none',
    })
    const error = await rejection(faultClient(server.address, { ...patient, protocol: 'meta' }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('1.6.9')
  })

  it('never asks mn with protocol text', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), { mn: 'none' })
    await faultClient(server.address, { ...patient, protocol: 'text' }).set('k', 'v')
    expect(server.receivedText).not.toContain('mn\r\n')
  })

  it('comes before any storage command', async () => {
    const decision = new Gate()
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      await decision.opened
      peer.reply('VERSION 1.6.45\r\n')
      await peer.expect('mn\r\n')
      peer.reply('ERROR\r\n')
      await serveCommands(peer)
    })
    const cache = faultClient(server.address, patient)
    const stored = cache.set('k', 'flush_all')
    await until(() => server.receivedText.includes('version\r\n'), 'the handshake begins')
    expect(server.receivedText).toBe('version\r\n')
    decision.open()
    expect(await stored).toBe(true)
    expect(server.receivedText).toMatch(/^version\r\nmn\r\nversion\r\nset k 0 0 9\r\nflush_all\r\n/)
  })

  it('follows the version option of a server', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer), { mn: 'none' })
    const { port } = server
    const { Memcache } = await import('../../src/client/memcache.ts')
    await using cache = new Memcache({ host: '127.0.0.1', port, version: '1.5.0' }, patient)
    expect(await cache.set('k', 'v')).toBe(true)
    expect(server.receivedText).toMatch(textSet)
  })

  it('a line in place of MN that is no protocol at all fails or falls back, without a hang', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      peer.reply('VERSION 1.6.45\r\n')
      await peer.expect('mn\r\n')
      peer.reply('220 smtp ready\r\n')
      await serveCommands(peer)
    })
    const error = await rejection(faultClient(server.address, { ...patient, protocol: 'meta' }).get('k'))
    expect(error).toBeInstanceOf(MemcacheError)
  })
})
