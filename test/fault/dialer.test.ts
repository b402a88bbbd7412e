import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { ConnectError } from '../../src/errors.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { patient } from '../support/memcache-options.ts'
import { startMemcached } from '../support/real-memcached.ts'

/** A stream that is no socket, as a tunnel would give. */
function tunnelTo(port: number): Duplex {
  const socket = connectTcp(port, '127.0.0.1')
  const tunnel = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => socket.write(chunk, done),
    final: (done) => socket.end(done),
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })
  socket.on('data', (chunk: Buffer) => {
    if (!tunnel.push(chunk)) socket.pause()
  })
  socket.on('end', () => tunnel.push(null))
  socket.on('error', (error) => tunnel.destroy(error))
  return tunnel
}

describe('an own dialer', () => {
  it('gives the stream that the client talks through', async () => {
    await using server = await startMemcached()
    const asked: unknown[] = []
    const connect = (address: unknown): Promise<Duplex> => {
      asked.push(address)
      return Promise.resolve(tunnelTo(server.port))
    }
    const cache = faultClient('behind-the-tunnel:11211', { ...patient, connect })
    const text = 'grüße '.repeat(50_000)
    expect(await cache.set('k', text)).toBe(true)
    expect(await cache.get('k')).toBe(text)
    expect(await cache.set('b', new Uint8Array(500_000).fill(3))).toBe(true)
    expect(((await cache.get('b')) as Uint8Array).length).toBe(500_000)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ host: 'behind-the-tunnel', port: 11211 })
  })

  it('that rejects is a ConnectError with that cause', async () => {
    const cause = new Error('tunnel collapsed')
    const cache = faultClient('localhost:11211', { connect: () => Promise.reject(cause) })
    const error = await rejection(cache.get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.cause).toBe(cause)
  })

  it('that throws is a ConnectError with that cause', async () => {
    const cause = new Error('no tunnel')
    const connect = (): never => {
      throw cause
    }
    const error = await rejection(faultClient('localhost:11211', { connect }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.cause).toBe(cause)
  })

  it('is told by its signal when the client no longer waits, and a late stream is destroyed', async () => {
    let signal: AbortSignal | undefined
    let deliver: ((stream: Duplex) => void) | undefined
    const connect = (_server: unknown, options: { signal: AbortSignal }): Promise<Duplex> => {
      signal = options.signal
      return new Promise((resolve) => {
        deliver = resolve
      })
    }
    const cache = faultClient('localhost:11211', { connect, connectTimeoutMs: 100, timeoutMs: 5000 })
    await rejection(cache.get('k'))
    await until(() => signal!.aborted, 'the signal is aborted')
    const late = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
    deliver!(late)
    await until(() => late.destroyed, 'the late stream is destroyed')
  })
})
