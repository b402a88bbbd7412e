import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { Duplex, PassThrough } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { MetaClient } from '../../src/client/meta/client.ts'
import { ConnectError } from '../../src/errors.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { rejection, until } from '../support/eventually.ts'
import { faultClient } from '../support/fault-client.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'

const login = { username: 'ann', password: 'correct-horse' }

/** A stream that is no socket and keeps what is written to it. */
class Tunnel extends Duplex {
  readonly written: Buffer[] = []
  readonly #socket

  constructor(port: number) {
    super()
    this.#socket = connectTcp(port, '127.0.0.1')
    this.#socket.on('data', (chunk: Buffer) => this.push(chunk))
    this.#socket.on('end', () => this.push(null))
    this.#socket.on('error', (error) => this.destroy(error))
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.written.push(Buffer.from(chunk))
    this.#socket.write(chunk, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}

/** The bytes of TLS records: kind 20 to 23, version 3.x, length. Nothing else may be among them. */
function expectRecordsOnly(bytes: Buffer): void {
  let at = 0
  while (at < bytes.length) {
    expect(bytes[at]).toBeGreaterThanOrEqual(20)
    expect(bytes[at]).toBeLessThanOrEqual(23)
    expect(bytes[at + 1]).toBe(3)
    at += 5 + bytes.readUInt16BE(at + 3)
  }
}

function tls(): { ca: Buffer } {
  return { ca: readFileSync(inject('certificates').authority) }
}

/** Options with a dialer whose streams are kept. */
function tunnelled(port: number): { options: MemcacheOptions; tunnels: Tunnel[] } {
  const tunnels: Tunnel[] = []
  const connect = (): Promise<Duplex> => {
    const tunnel = new Tunnel(port)
    tunnels.push(tunnel)
    return Promise.resolve(tunnel)
  }
  return { options: { ...patient, connect }, tunnels }
}

describe('TLS that is asked for, and an own dialer', () => {
  let server: RealMemcached
  let plain: RealMemcached

  beforeAll(async () => {
    server = await startMemcached({ transport: 'tls', login })
    plain = await startMemcached()
  })
  afterAll(async () => {
    await server.stop()
    await plain.stop()
  })

  it.each(['memcacheds://ann:correct-horse@localhost', 'memcached://ann:correct-horse@127.0.0.1'])(
    'no plain byte leaves through it: %s',
    async (address) => {
      const { options, tunnels } = tunnelled(server.port)
      const cache = faultClient(address, { ...options, tls: tls() })
      expect(await cache.set('k', 'v'.repeat(100_000))).toBe(true)
      expect(await cache.get('k')).toBe('v'.repeat(100_000))
      // Each on a connection of its own.
      expect([...(await cache.stats()).values()][0]).toHaveProperty('pid')
      expect((await cache.rawCommand('version')).toString()).toMatch(/^VERSION /)
      expect(tunnels.length).toBeGreaterThanOrEqual(3)
      for (const { written } of tunnels) expectRecordsOnly(Buffer.concat(written))
    },
  )

  it('holds for the options of a server, and for a client of meta commands', async () => {
    const { options, tunnels } = tunnelled(server.port)
    const client = new MetaClient({ host: 'localhost', auth: login, tls: tls() }, options)
    expect(await client.set('k', 'v')).toMatchObject({ status: 'stored' })
    await client.close()
    for (const { written } of tunnels) expectRecordsOnly(Buffer.concat(written))
  })

  it('wraps a socket as well, and the socket ends with the client', async () => {
    const sockets: Duplex[] = []
    const connect = (): Promise<Duplex> => {
      const socket = connectTcp(server.port, '127.0.0.1')
      sockets.push(socket)
      return Promise.resolve(socket)
    }
    const cache = faultClient('memcacheds://localhost', { ...patient, auth: login, tls: tls(), connect })
    expect(await cache.set('k', 1)).toBe(true)
    cache.destroy()
    await until(() => sockets.every((socket) => socket.destroyed), 'the socket is destroyed')
  })

  it('takes a stream that is encrypted already as it is', async () => {
    const secured = connectTls({ host: 'localhost', port: server.port, ...tls() })
    const connect = (): Promise<Duplex> => Promise.resolve(secured)
    const cache = faultClient('memcacheds://localhost', { ...patient, auth: login, connect })
    expect(await cache.set('k', 1)).toBe(true)
  })

  it('leaves a server with tls: false in plain text', async () => {
    const { options, tunnels } = tunnelled(plain.port)
    const cache = faultClient('localhost', options).clone({ tls: false })
    expect(await cache.set('k', 1)).toBe(true)
    cache.destroy()
    expect(Buffer.concat(tunnels[0]!.written).toString()).toMatch(/^version/)
  })

  it('refuses a certificate that does not name the server, before the login', async () => {
    const { certificate, key } = inject('certificates').wrongName
    const other = await MemcachedServer.start({
      host: '127.0.0.1',
      port: 0,
      tls: { cert: readFileSync(certificate), key: readFileSync(key) },
    })
    const { options, tunnels } = tunnelled(other.port)
    const error = await rejection(faultClient('localhost', { ...options, auth: login, tls: tls() }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    expect(`${error.message} ${String(error.cause)}`).toContain('localhost')
    expectRecordsOnly(Buffer.concat(tunnels[0]!.written))
    await until(() => tunnels[0]!.destroyed, 'the stream is destroyed')
    await other.close()
  })

  it('fails without a plain byte where the other end speaks no TLS', async () => {
    const other = await MemcachedServer.start()
    const { options, tunnels } = tunnelled(other.port)
    const error = await rejection(faultClient('localhost', { ...options, auth: login, tls: tls() }).connect())
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain('TLS')
    for (const { written } of tunnels) expectRecordsOnly(Buffer.concat(written))
    await other.close()
  })

  it.each([
    ['in object mode', () => new PassThrough({ objectMode: true })],
    ['that gives text', () => new PassThrough({ encoding: 'utf8' })],
    ['that was destroyed', () => new PassThrough().destroy()],
    ['that has ended', () => new PassThrough().end()],
    ['that is none', () => 'a stream' as unknown as Duplex],
    ['that is nothing', () => undefined as unknown as Duplex],
  ])('fails with a stream %s, and nothing is written', async (_name, open) => {
    const streams: unknown[] = []
    const connect = (): Promise<Duplex> => {
      const stream = open()
      streams.push(stream)
      return Promise.resolve(stream)
    }
    const error = await rejection(faultClient('localhost', { ...patient, auth: login, tls: tls(), connect }).get('k'))
    expect(error).toBeInstanceOf(ConnectError)
    const [stream] = streams
    if (stream instanceof Duplex) expect(stream.read()).toBeNull()
  })

  it('changes nothing for a MockMemcache and clients of its dialer', async () => {
    const mock = new MockMemcache('memcacheds://ann:correct-horse@cache', { tls: tls() })
    expect(await mock.set('k', 1)).toBe(true)
    const other = new MetaClient({ host: 'cache', tls: true, auth: login }, { connect: mock.dialer })
    expect((await other.get('k', { value: true })).status).toBe('hit')
    await other.close()
    await mock.close()
  })
})
