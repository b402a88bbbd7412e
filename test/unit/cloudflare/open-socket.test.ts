import { describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { cloudflareDialer } from '../../../src/cloudflare/cloudflare-dialer.ts'
import { openSocket } from '../../../src/cloudflare/open-socket.ts'
import { SocketStream } from '../../../src/cloudflare/socket-stream.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import type { TlsOptions } from '../../../src/tls-options.ts'
import { rejection } from '../../support/eventually.ts'
import { FakeRuntime, FakeSocket } from './fake-socket.ts'

const server = { host: 'cache', port: 11_211 }
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const never = (): AbortSignal => new AbortController().signal

function open(): { readonly socket: FakeSocket; readonly stream: SocketStream } {
  const socket = new FakeSocket()
  return { socket, stream: new SocketStream(socket, false) }
}

describe('a socket of a Worker', () => {
  it.each([
    [server, 'cache', 11_211],
    [{ host: '10.0.0.1', port: 1 }, '10.0.0.1', 1],
    [{ host: '::1', port: 1 }, '[::1]', 1],
    [{ host: 'cache' }, 'cache', 11_211],
  ])('is opened to %j', async (address, hostname, port) => {
    const runtime = new FakeRuntime()
    runtime.socket.open()
    await openSocket(runtime.connect, address, { signal: never() })
    expect(runtime.calls).toEqual([
      [
        { hostname, port },
        { secureTransport: 'off', allowHalfOpen: false },
      ],
    ])
  })

  it.each<[tls: TlsOptions | undefined, secureTransport: string, names: string[]]>([
    [undefined, 'off', []],
    [{}, 'on', []],
    [{ rejectUnauthorized: true, ca: undefined }, 'on', []],
    [{ servername: 'other' }, 'starttls', ['other']],
  ])('with the TLS options %j has the transport %s', async (tls, secureTransport, names) => {
    const runtime = new FakeRuntime()
    runtime.socket.open()
    const stream = await openSocket(runtime.connect, server, { signal: never(), tls })
    expect(runtime.calls[0]![1].secureTransport).toBe(secureTransport)
    expect(runtime.socket.tlsNames).toEqual(names)
    expect(stream.encrypted).toBe(tls !== undefined)
  })

  it.each<[what: string, address: object, tls: TlsOptions | undefined]>([
    ['a unix socket', { path: '/run/memcached.sock' }, undefined],
    ['an authority of its own', server, { ca: 'PEM' }],
    ['a client certificate', server, { cert: 'PEM', key: 'PEM' }],
    ['a check of its own', server, { checkServerIdentity: () => undefined }],
    ['any certificate', server, { rejectUnauthorized: false }],
  ])('for %s is refused, and no connection is opened', async (_what, address, tls) => {
    const runtime = new FakeRuntime()
    expect(await rejection(openSocket(runtime.connect, address, { signal: never(), tls }))).toBeInstanceOf(
      InvalidInputError,
    )
    expect(runtime.calls).toEqual([])
  })

  it('that cannot be opened is closed, and its error passed on', async () => {
    const runtime = new FakeRuntime()
    const error = new Error('refused')
    runtime.socket.refuse(error)
    expect(await rejection(openSocket(runtime.connect, server, { signal: never() }))).toBe(error)
    expect(runtime.socket.isClosed).toBe(true)
  })

  it('is closed at once when the time is up', async () => {
    const runtime = new FakeRuntime()
    const controller = new AbortController()
    const opening = rejection(openSocket(runtime.connect, server, { signal: controller.signal }))
    controller.abort(new Error('too late'))
    expect(runtime.socket.isClosed).toBe(true)
    runtime.socket.open()
    expect(await opening).toEqual(new Error('too late'))
  })

  it('is not asked for when the time was up before', async () => {
    const runtime = new FakeRuntime()
    await rejection(openSocket(runtime.connect, server, { signal: AbortSignal.abort() }))
    expect(runtime.calls).toEqual([])
  })
})

describe('the stream of a socket', () => {
  it('gives the bytes as they come, and then the end', async () => {
    const { socket, stream } = open()
    const events: string[] = []
    stream.on('data', (bytes: Buffer) => events.push(bytes.toString()))
    stream.on('end', () => events.push('end'))
    for (const text of ['a', 'bc', undefined]) {
      await turn()
      socket.give(text)
    }
    await turn()
    expect(events).toEqual(['a', 'bc', 'end'])
    expect(socket.isClosed).toBe(true)
  })

  it('never has two reads at a time', async () => {
    const { socket, stream } = open()
    stream.on('data', () => undefined)
    stream.on('error', () => undefined)
    await turn()
    expect(socket.waiting).toBe(1)
    socket.give('a')
    await turn()
    expect(socket.waiting).toBe(1)
  })

  it('joins what is written while the runtime takes earlier bytes', async () => {
    const { socket, stream } = open()
    for (const text of ['a', 'b', 'c']) stream.write(text)
    expect(socket.written).toEqual(['a'])
    socket.writes[0]!.resolve()
    await turn()
    expect(socket.written).toEqual(['a', 'bc'])
  })

  it.each(['write', 'connection'])('ends with the error of the %s', async (what) => {
    const { socket, stream } = open()
    const errors: unknown[] = []
    stream.on('error', (error) => errors.push(error))
    stream.write('a')
    if (what === 'write') socket.writes[0]!.reject(new Error('gone'))
    else socket.fail(new Error('gone'))
    await turn()
    expect(errors).toEqual([new Error('gone')])
    expect(stream.destroyed).toBe(true)
    expect(socket.isClosed).toBe(true)
  })

  it('closes the socket when it is destroyed, though that may throw', () => {
    const { socket, stream } = open()
    socket.close = () => {
      throw new Error('of another request')
    }
    stream.destroy()
    expect(stream.destroyed).toBe(true)
  })
})

describe('cloudflareDialer outside of Workers', () => {
  it('fails the connection and says why', async () => {
    await using cache = new Memcache('cache', { connect: cloudflareDialer })
    const error = await rejection(cache.get('key'))
    expect(error).toMatchObject({ name: 'ConnectError', delivery: 'not-sent' })
    expect(String(error)).toMatch(/this is no Cloudflare Worker/)
  })
})
