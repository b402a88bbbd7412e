import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { ByteStream, DialedStream } from '../../src/connection/byte-stream.ts'
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

/** Passes on what a `ByteStream` has, and nothing else. */
function bareStream(stream: Duplex): ByteStream {
  return {
    get writableLength() {
      return stream.writableLength
    },
    get writableNeedDrain() {
      return stream.writableNeedDrain
    },
    get destroyed() {
      return stream.destroyed
    },
    get readable() {
      return stream.readable
    },
    get writable() {
      return stream.writable
    },
    write: (data, encoding, onWritten) => stream.write(data, encoding, onWritten),
    cork: () => stream.cork(),
    uncork: () => stream.uncork(),
    destroy: (error) => stream.destroy(error),
    on: (event: string, listener: (argument: never) => void) => stream.on(event, listener as () => void),
  }
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

  it('may give a stream in an object, and says when the process is to wait for it', async () => {
    await using server = await startMemcached()
    const calls: string[] = []
    const connect = (): Promise<DialedStream> =>
      Promise.resolve({
        stream: tunnelTo(server.port),
        ref: () => calls.push('ref'),
        unref: () => calls.push('unref'),
      })
    const cache = faultClient('behind-the-tunnel', { ...patient, connect })
    await cache.connect()
    expect(calls.at(-1)).toBe('unref')
    const stored = cache.set('k', 1)
    expect(calls.at(-1)).toBe('ref')
    expect(await stored).toBe(true)
    await until(() => calls.at(-1) === 'unref', 'the process is let go of')
  })

  it('is not told so where the connections keep the process alive', async () => {
    await using server = await startMemcached()
    const calls: string[] = []
    const connect = (): Promise<DialedStream> =>
      Promise.resolve({ stream: tunnelTo(server.port), unref: () => calls.push('unref') })
    const cache = faultClient('behind-the-tunnel', { ...patient, connect, keepProcessAlive: true })
    expect(await cache.set('k', 1)).toBe(true)
    expect(calls).toEqual([])
  })

  it('may give what is no stream of Node, as long as it is a ByteStream', async () => {
    await using server = await startMemcached()
    const tunnel = tunnelTo(server.port)
    const connect = (): Promise<ByteStream> => Promise.resolve(bareStream(tunnel))
    const cache = faultClient('behind-the-tunnel', { ...patient, connect })
    const text = 'grüße '.repeat(50_000)
    expect(await cache.set('k', text)).toBe(true)
    expect(await cache.get('k')).toBe(text)
    cache.destroy()
    await until(() => tunnel.destroyed, 'the tunnel is destroyed')
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

  it.each<[form: string, wrap: (stream: Duplex) => Duplex | DialedStream]>([
    ['stream', (stream) => stream],
    ['stream in an object', (stream) => ({ stream, secure: true })],
  ])('is told by its signal when the client no longer waits, and a late %s is destroyed', async (_form, wrap) => {
    let signal: AbortSignal | undefined
    let deliver: ((given: Duplex | DialedStream) => void) | undefined
    const connect = (_server: unknown, options: { signal: AbortSignal }): Promise<Duplex | DialedStream> => {
      signal = options.signal
      return new Promise((resolve) => {
        deliver = resolve
      })
    }
    const cache = faultClient('localhost:11211', { connect, connectTimeoutMs: 100, timeoutMs: 5000 })
    await rejection(cache.get('k'))
    await until(() => signal!.aborted, 'the signal is aborted')
    const late = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
    deliver!(wrap(late))
    await until(() => late.destroyed, 'the late stream is destroyed')
  })
})
