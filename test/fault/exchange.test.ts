import { describe, expect, it } from 'vitest'
import {
  AuthError,
  BatchError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  type MemcacheError,
  ServerError,
  TimeoutError,
  ValueTooLargeError,
} from '../../src/errors.ts'
import { eventually, rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { freePort } from '../support/free-port.ts'
import { startMemcached } from '../support/real-memcached.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

/** What went wrong at the one server. */
async function failure(call: Promise<unknown>): Promise<MemcacheError> {
  const error = (await rejection(call)) as BatchError
  expect(error).toBeInstanceOf(BatchError)
  return [...error.failed.values()][0] as MemcacheError
}

/** A server that gives one answer to the line behind the handshake, in pieces, and then does what it is told. */
function answering(pieces: readonly string[], then: 'close' | 'stay' = 'stay'): Promise<ScriptedServer> {
  return ScriptedServer.start(async (peer) => {
    await peer.expect('version\r\n')
    peer.socket.write('VERSION 1.6.18\r\n')
    await peer.line()
    for (const piece of pieces) {
      peer.socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (then === 'close') peer.socket.end()
  })
}

describe('a command to a server', () => {
  it('reads a reply that comes byte by byte', async () => {
    await using server = await answering('STAT a 1\r\nSTAT b two words\r\nEND\r\n'.split(''))
    const cache = faultClient(server.address)
    expect([...(await cache.stats()).values()]).toEqual([{ a: 1, b: 'two words' }])
  })

  it('closes its connection behind the reply, and leaves the shared one alone', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address)
    await cache.set('k', 1)
    for (let at = 0; at < 5; at++) await cache.stats()
    const stats = (await cache.stats()).get(server.address)!
    // The side door of the test, the shared connection, and this one; those before may take a moment to go.
    expect(stats['curr_connections']).toBeLessThan(8)
    expect(cache.servers[0]?.connections.open).toBe(1)
    expect(await cache.get('k')).toBe(1)
  })

  it('fails when the server closes before the end of the reply', async () => {
    await using server = await answering(['STAT a 1\r\nSTA'], 'close')
    const error = await failure(faultClient(server.address).stats())
    expect(error).toBeInstanceOf(ConnectionClosedError)
    expect(error.delivery).toBe('unknown')
  })

  it('fails in time when the server says nothing, and the socket goes', async () => {
    await using server = await answering([])
    const error = await failure(faultClient(server.address, { timeoutMs: 100 }).flushAll())
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.delivery).toBe('unknown')
    await until(() => server.peers[0]!.ended, 'the socket goes')
  })

  it('that is aborted rejects with the signal’s reason', async () => {
    await using server = await answering([])
    const controller = new AbortController()
    const call = faultClient(server.address).stats({ signal: controller.signal })
    await until(() => server.receivedText.includes('stats'), 'the command arrives')
    controller.abort('enough')
    await expect(call).rejects.toBe('enough')
    await expect(faultClient(server.address).stats({ signal: AbortSignal.abort('before') })).rejects.toBe('before')
  })

  it('fails with the words of an error line, whatever end was expected', async () => {
    await using server = await answering(['SERVER_ERROR out of memory\r\n'])
    const error = await rejection(faultClient(server.address).rawCommand('config get cluster', { endToken: 'END\r\n' }))
    expect(error).toBeInstanceOf(ServerError)
    expect(error.message).toContain('out of memory')
  })

  it('fails with an unexpected answer instead of calling it a success', async () => {
    await using server = await answering(['MAYBE\r\n'])
    expect(await failure(faultClient(server.address).flushAll())).toBeInstanceOf(ServerError)
  })

  it('stops reading a reply without end at maxValueBytes', async () => {
    await using server = await answering(Array.from({ length: 50 }, () => 'x'.repeat(1000)))
    const cache = faultClient(server.address, { maxValueBytes: 20_000 })
    expect(await rejection(cache.rawCommand('stream'))).toBeInstanceOf(ValueTooLargeError)
  })

  it('says why there is no connection', async () => {
    const port = await freePort()
    expect(await failure(faultClient(`127.0.0.1:${port}`).stats())).toBeInstanceOf(ConnectError)
    await using server = await startMemcached({ login: { username: 'ann', password: 'right' } })
    expect(await failure(faultClient(server.address).stats())).toBeInstanceOf(AuthError)
    const cache = faultClient(server.address, { auth: { username: 'ann', password: 'right' } })
    expect((await cache.stats()).size).toBe(1)
  })

  it('after close is a ClosedError', async () => {
    await using server = await startMemcached()
    const cache = faultClient(server.address)
    await cache.close()
    const calls = [
      cache.stats(),
      cache.flushAll(),
      cache.verbosity(1),
      cache.version(),
      cache.ping(),
      cache.rawCommand('version'),
    ]
    for (const call of calls) expect(await rejection(call)).toBeInstanceOf(ClosedError)
  })

  it('shutdown takes the close for a yes', async () => {
    await using server = await startMemcached({ args: ['-A'] })
    const cache = faultClient(server.address)
    expect(await cache.shutdown()).toBe(true)
    await eventually(async () => expect(await rejection(cache.connect())).toBeInstanceOf(ConnectError))
  })
})
