import { describe, expect, it } from 'vitest'
import { ConnectError, MemcacheError, TimeoutError } from '../../src/errors.ts'
import { eventually, rejection, settle } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

describe('a server that cannot be reached', () => {
  it('refused: rejects with ConnectError, not sent, with the cause', async () => {
    const cache = faultClient(`127.0.0.1:${await freePort()}`)
    const error = (await rejection(cache.set('k', 1))) as ConnectError
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.delivery).toBe('not-sent')
    expect(`${error.message} ${String(error.cause)}`).toContain('ECONNREFUSED')
  })

  it('refused: connect() rejects as well', async () => {
    const cache = faultClient(`127.0.0.1:${await freePort()}`)
    expect(await rejection(cache.connect())).toBeInstanceOf(ConnectError)
  })

  it('refused: the client recovers by itself when the server comes up', async () => {
    const port = await freePort()
    const cache = faultClient(`127.0.0.1:${port}`)
    await rejection(cache.get('k'))
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.answerHandshake()
      await serveCommands(peer)
    }, port)
    await eventually(async () => expect(await cache.get('k')).toBeUndefined(), 15_000)
    expect(server.connections).toBe(1)
  })

  it('a name that does not exist is a ConnectError that names it', async () => {
    const cache = faultClient('no-such-host.invalid:11211', { timeoutMs: 10_000, connectTimeoutMs: 10_000 })
    const error = await rejection(cache.get('k'), 15_000)
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('no-such-host.invalid')
  })

  it('a unix socket that does not exist is a ConnectError that names the path', async () => {
    const error = await rejection(faultClient('/nowhere/at/all.sock').get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('/nowhere/at/all.sock')
  })

  it('accepts and closes: rejects, not sent', async () => {
    await using server = await ScriptedServer.start((peer) => peer.halfClose())
    const error = (await rejection(faultClient(server.address).set('k', 1))) as MemcacheError
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.delivery).toBe('not-sent')
  })

  it('accepts and resets: rejects, not sent', async () => {
    await using server = await ScriptedServer.start((peer) => peer.reset())
    const error = (await rejection(faultClient(server.address).set('k', 1))) as MemcacheError
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.delivery).toBe('not-sent')
  })

  it('accepts and is silent: the timeout of connecting names the stage', async () => {
    await using server = await ScriptedServer.start(() => {})
    const cache = faultClient(server.address, { timeoutMs: 10_000, connectTimeoutMs: 150 })
    const error = (await rejection(cache.set('k', 1))) as TimeoutError
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.delivery).toBe('not-sent')
    expect(error.message).toMatch(/handshake|version/i)
    expect(server.receivedText).toBe('version\r\n')
  })

  it('accepts and is silent: the timeout of the command covers connecting, and names the stage', async () => {
    await using server = await ScriptedServer.start(() => {})
    const cache = faultClient(server.address, { timeoutMs: 150, connectTimeoutMs: 60_000 })
    const error = (await rejection(cache.get('k'))) as TimeoutError
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.delivery).toBe('not-sent')
    expect(error.message).toMatch(/connect|handshake|version/i)
  })

  it('a full server: its banner is the reason', async () => {
    await using server = await ScriptedServer.start((peer) => {
      peer.reply('ERROR Too many open connections\r\n')
      peer.halfClose()
    })
    const error = (await rejection(faultClient(server.address).get('k'))) as ConnectError
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(/too many open connections/i)
    expect(error.delivery).toBe('not-sent')
  })

  it('a web server gets a clear error', async () => {
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.line()
      peer.reply('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      peer.halfClose()
    })
    const outcome = await settle(faultClient(server.address, { protocol: 'meta' }).get('k'))
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(MemcacheError) as unknown })
  })
})
