import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConnectError, TimeoutError } from '../../src/errors.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { serveCommands } from '../support/scripted-cache.ts'
import { ScriptedServer } from '../support/scripted-server.ts'
import { SilentAddresses } from '../support/silent-addresses.ts'

/** The look-up that the client takes from the runtime. */
const lookup = vi.spyOn(process.getBuiltinModule('node:dns/promises'), 'lookup')

/** Every socket that was made to a name or address, in order. */
const sockets: Socket[] = []
const onSocket = (message: unknown): void => {
  sockets.push((message as { socket: Socket }).socket)
}

function resolveTo(...addresses: string[]): void {
  lookup.mockResolvedValue(addresses.map((address) => ({ address, family: 4 })) as never)
}

function startGood(): Promise<ScriptedServer> {
  return ScriptedServer.startReady((peer) => serveCommands(peer))
}

describe('the addresses of a name', () => {
  beforeEach(() => {
    sockets.length = 0
    subscribe('net.client.socket', onSocket)
  })
  afterEach(() => {
    unsubscribe('net.client.socket', onSocket)
  })

  it('overlap: with two silent ones before a good one, the first call succeeds', async () => {
    await using server = await startGood()
    await using _silent = await SilentAddresses.start(server.port, ['127.0.0.2', '127.0.0.3'])
    resolveTo('127.0.0.2', '127.0.0.3', '127.0.0.1')
    sockets.length = 0
    const cache = faultClient(`cache.test:${server.port}`, patient)
    expect(await cache.set('k', 1)).toBe(true)
    const [first, second, third] = sockets
    await until(() => first!.destroyed && second!.destroyed, 'the losers are destroyed')
    expect(third!.destroyed).toBe(false)

    // The next attempt begins with the good one, and needs no other.
    await cache.disconnect()
    sockets.length = 0
    expect(await cache.set('k', 2)).toBe(true)
    expect(sockets).toHaveLength(1)
    expect(server.connections).toBe(2)
  })

  it('that refuse make way at once, and are no beginning for the next attempt', async () => {
    await using server = await startGood()
    resolveTo('127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.1')
    const cache = faultClient(`cache.test:${server.port}`, { connectTimeoutMs: Number.POSITIVE_INFINITY })
    expect(await cache.set('k', 1)).toBe(true)
    expect(sockets).toHaveLength(4)
    await cache.disconnect()
    expect(await cache.set('k', 1)).toBe(true)
    expect(sockets).toHaveLength(5)
  })

  it('that all refuse are named, each', async () => {
    await using server = await startGood()
    resolveTo('127.0.0.2', '127.0.0.3')
    const error = await rejection(faultClient(`cache.test:${server.port}`).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toMatch(/none of the 2 addresses.*127\.0\.0\.2.*127\.0\.0\.3/)
  })

  it('that are silent or refuse are named when the time is up, and nothing stays open', async () => {
    await using server = await startGood()
    await using _silent = await SilentAddresses.start(server.port, ['127.0.0.2', '127.0.0.3'])
    resolveTo('127.0.0.2', '127.0.0.3', '127.0.0.4')
    sockets.length = 0
    const options = { timeoutMs: 10_000, connectTimeoutMs: 600 }
    const error = await rejection(faultClient(`cache.test:${server.port}`, options).get('k'))
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toMatch(/connecting to 127\.0\.0\.2 .*connecting to 127\.0\.0\.3 .*127\.0\.0\.4/)
    await until(() => sockets.every((socket) => socket.destroyed), 'every socket is destroyed')
    expect(sockets).toHaveLength(3)
  })
})
