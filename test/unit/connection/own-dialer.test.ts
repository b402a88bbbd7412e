import { connect as connectTcp, Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Attempt } from '../../../src/connection/attempt.ts'
import type { ByteStream } from '../../../src/connection/byte-stream.ts'
import type { Dialer } from '../../../src/connection/options.ts'
import { callDialer } from '../../../src/connection/own-dialer.ts'
import type { Transport } from '../../../src/connection/transport.ts'
import { ConnectError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { parseServerSpec } from '../../../src/server-address.ts'
import type { TlsOptions } from '../../../src/tls-options.ts'
import { rejection } from '../../support/eventually.ts'

/** What a dialer gives is taken for. */
function take(given: unknown, tls?: TlsOptions): Promise<Transport> {
  const connect: Dialer = () => Promise.resolve(given as ByteStream)
  return callDialer(parseServerSpec('cache'), connect, tls, new Attempt())
}

/** A stream that notes whether the process waits for it. */
class HeldStream extends PassThrough {
  readonly calls: string[] = []

  ref(): void {
    this.calls.push('ref')
  }

  unref(): void {
    this.calls.push('unref')
  }
}

describe('a dialer', () => {
  it.each<[title: string, tls: TlsOptions | undefined]>([
    ['the TLS options that hold for the server', { servername: 'other' }],
    ['none without TLS', undefined],
  ])('is given %s', async (_title, tls) => {
    const given: unknown[] = []
    const connect: Dialer = (_server, context) => {
      given.push(context.tls)
      return Promise.resolve(Object.assign(new PassThrough(), { encrypted: true }))
    }
    await callDialer(parseServerSpec('cache'), connect, tls, new Attempt())
    expect(given).toEqual([tls])
  })
})

describe('a stream that a dialer gives', () => {
  it.each<[title: string, given: () => unknown]>([
    ['by itself', () => new PassThrough()],
    ['in an object', () => ({ stream: new PassThrough() })],
    ['in an object that says that it is not secure', () => ({ stream: new PassThrough(), secure: false })],
    ['with a property encrypted that is not true', () => Object.assign(new PassThrough(), { encrypted: 'no' })],
  ])('%s has no TLS records to keep', async (_title, given) => {
    expect((await take(given())).keepsRecords).toBe(false)
  })

  it.each<[title: string, given: () => unknown]>([
    ['that says that it is encrypted', () => Object.assign(new PassThrough(), { encrypted: true })],
    ['that says so in an object', () => ({ stream: Object.assign(new PassThrough(), { encrypted: true }) })],
    ['with secure: true', () => ({ stream: new PassThrough(), secure: true })],
    ['that is a socket of node:tls', () => new TLSSocket(new Socket())],
  ])('%s is not wrapped in TLS, and each write becomes records of its own', async (_title, open) => {
    const given = open()
    const transport = await take(given, {})
    expect([given, (given as { stream?: unknown }).stream]).toContain(transport.stream)
    expect(transport.keepsRecords).toBe(true)
    transport.destroy()
  })

  it('is told to hold the process, or not, by its own methods', async () => {
    const stream = new HeldStream()
    const transport = await take({ stream, secure: true })
    transport.ref()
    transport.unref()
    expect(stream.calls).toEqual(['ref', 'unref'])
  })

  it('is told so by the functions that came with it, where there is one', async () => {
    const stream = new HeldStream()
    const calls: string[] = []
    const transport = await take({ stream, unref: () => calls.push('given unref') })
    transport.ref()
    transport.unref()
    expect(calls).toEqual(['given unref'])
    expect(stream.calls).toEqual([])
  })

  it.each(['ref', 'unref'] as const)(
    'may throw at %s: that breaks off nothing, and is thrown again later',
    async (name) => {
      const error = new Error('not now')
      const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined)
      onTestFinished(() => later.mockRestore())
      const transport = await take({
        stream: new PassThrough(),
        [name]: () => {
          throw error
        },
      })
      transport[name]()
      expect(transport.stream.destroyed).toBe(false)
      expect(later.mock.calls.map(([rethrow]) => rethrow)).toHaveLength(1)
      expect(later.mock.calls[0]![0]).toThrow(error)
    },
  )

  it('is told nothing where there are none', async () => {
    const transport = await take(new PassThrough())
    transport.ref()
    transport.unref()
    expect(transport.stream.destroyed).toBe(false)
  })

  it('may be a socket of node:net in an object, whose bytes are not copied', async () => {
    await using server = await MemcachedServer.start()
    const socket = connectTcp(server.port, '127.0.0.1')
    const transport = await take({ stream: socket })
    const given: unknown[] = []
    socket.write = (data: unknown): boolean => {
      given.push(data)
      return true
    }
    const data = new Uint8Array(10)
    transport.write([{ data, encoding: 'latin1', onReleased: undefined }])
    expect(given[0]).toBe(data)
    transport.destroy()
  })
})

describe('what is no stream', () => {
  it.each<[title: string, given: unknown]>([
    ['nothing', undefined],
    ['a text', 'stream'],
    ['an empty object', {}],
    ['an object with something else for a stream', { stream: 'stream' }],
    ['a stream in an object in an object', { stream: { stream: new PassThrough() } }],
  ])('is refused with what it is: %s', async (_title, given) => {
    const error = await rejection(take(given))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error).toMatchObject({ delivery: 'not-sent', cause: { message: expect.stringMatching(/^it resolved to/) } })
  })

  it.each<[option: string, value: unknown]>([
    ['secure', 'yes'],
    ['secure', null],
    ['ref', true],
    ['unref', {}],
  ])('is refused with its stream destroyed: %s is %j', async (option, value) => {
    const stream = new PassThrough()
    const error = await rejection(take({ stream, [option]: value }))
    expect(error).toBeInstanceOf(ConnectError)
    expect(error.message).toContain(option)
    expect(stream.destroyed).toBe(true)
  })
})
