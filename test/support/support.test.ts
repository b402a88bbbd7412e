import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, inject, it } from 'vitest'
import { eventually, rejection, settleAll, until } from './eventually.ts'
import { faultClient } from './fault-client.ts'
import { askRaw, RawConnection } from './raw-connection.ts'
import { startMemcached } from './real-memcached.ts'
import { serveCommands } from './scripted-cache.ts'
import { ScriptedServer } from './scripted-server.ts'

const login = { username: 'ann', password: 'secret' }

describe('certificates', () => {
  it('are signed by the authority and carry the names', () => {
    const files = inject('certificates')
    const authority = new X509Certificate(readFileSync(files.authority))
    const server = new X509Certificate(readFileSync(files.server.certificate))
    expect(server.verify(authority.publicKey)).toBe(true)
    expect(server.checkHost('localhost')).toBe('localhost')
    const wrong = new X509Certificate(readFileSync(files.wrongName.certificate))
    expect(wrong.checkHost('localhost')).toBeUndefined()
  })
})

describe('real memcached', () => {
  it.each([
    ['tcp', {}],
    ['unix', { transport: 'unix' }],
    ['tls', { transport: 'tls' }],
    ['login', { login }],
  ] as const)('answers over %s', async (_name, setup) => {
    await using server = await startMemcached(setup)
    const raw = await RawConnection.open(server.endpoint)
    expect(await raw.ask('version\r\n')).toMatch(/^VERSION \d/)
    expect((await raw.stats()).get('pid')).toBe(String(server.pid))
    raw.close()
  })

  it('is empty after a restart at the same port', async () => {
    await using server = await startMemcached()
    const pid = server.pid
    await askRaw(server.endpoint, 'set k 0 0 1\r\nx\r\n')
    await server.restart()
    expect(server.pid).not.toBe(pid)
    expect(await askRaw(server.endpoint, 'get k\r\n')).toBe('END\r\n')
  })

  it('is silent while frozen and answers when thawed', async () => {
    await using server = await startMemcached()
    const raw = await RawConnection.open(server.endpoint)
    server.freeze()
    const answer = raw.ask('version\r\n')
    await expect(settleAll([answer], 50)).rejects.toThrow('have not settled')
    server.thaw()
    expect(await answer).toMatch(/^VERSION/)
    raw.close()
  })

  it('is gone after stop, even when frozen', async () => {
    const server = await startMemcached()
    const { pid } = server
    server.freeze()
    await server.stop()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})

describe('scripted server', () => {
  it('answers the handshake, captures bytes and counts connections', async () => {
    await using server = await ScriptedServer.startReady((peer) => serveCommands(peer))
    const raw = await RawConnection.open({ port: server.port })
    expect(await raw.ask('version\r\n')).toBe('VERSION 1.6.45\r\n')
    expect(await raw.ask('mn\r\n')).toBe('MN\r\n')
    expect(await raw.ask('ms key 3 O7\r\nabc\r\n')).toBe('HD O7\r\n')
    expect(server.connections).toBe(1)
    expect(server.receivedText).toBe('version\r\nmn\r\nms key 3 O7\r\nabc\r\n')
    raw.close()
  })

  it('gives its answer to each question of a client that has asked again', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.expect('version\r\n')
      await until(() => peer.receivedText === 'version\r\n'.repeat(3), 'the client has lost patience')
      peer.reply('VERSION 1.6.45\r\n')
      await peer.expect('mn\r\n')
      peer.reply('MN\r\n')
      await serveCommands(peer)
    })
    expect(await faultClient(server.address).get('k')).toBeUndefined()
    expect(server.receivedText).toBe('version\r\nmn\r\nget k\r\n')
  })

  it('throws on close what a script threw', async () => {
    const server = await ScriptedServer.start(() => {
      throw new Error('script failed')
    })
    const raw = await RawConnection.open({ port: server.port })
    await eventually(() => expect(server.connections).toBe(1))
    raw.close()
    expect((await rejection(server.close())).message).toBe('script failed')
  })
})
