import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import type { MemcachedServerOptions } from '../../../src/server/server-options.ts'
import { until } from '../../support/eventually.ts'
import { askRaw } from '../../support/raw-connection.ts'

const servers: MemcachedServer[] = []
const warnings: string[] = []
let now = 1_700_000_000_000

function onWarning(message: string): void {
  warnings.push(message)
}

async function start(options: MemcachedServerOptions = {}): Promise<MemcachedServer> {
  const server = await MemcachedServer.start({ now: () => now, onWarning, ...options })
  servers.push(server)
  return server
}

afterEach(async () => {
  warnings.length = 0
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** A `version` of the binary protocol. */
const BINARY_VERSION = Buffer.alloc(24)
BINARY_VERSION[0] = 0x80
BINARY_VERSION[1] = 0x0b

/** What a server sends until it ends the connection. */
async function untilClosed(port: number, ...chunks: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  for (const chunk of chunks) socket.write(chunk)
  await closed
  return received
}

describe('a client of the binary protocol', () => {
  it.each([
    ['a whole request', [BINARY_VERSION]],
    ['its first byte alone', [BINARY_VERSION.subarray(0, 1)]],
    [
      'a request with a line feed in it',
      [Buffer.from(BINARY_VERSION.map((byte, index) => (index === 20 ? 10 : byte)))],
    ],
  ])('is closed without an answer after %s, and reported', async (_what, chunks) => {
    const server = await start()
    expect(await untilClosed(server.port, ...chunks)).toBe('')
    expect(warnings).toEqual([
      expect.stringMatching(
        /^a client at tcp:127\.0\.0\.1:\d+ speaks the binary protocol, which is not served: set the/,
      ),
    ])
    expect(await askRaw({ port: server.port }, 'mn\r\n')).toBe('MN\r\n')
  })

  it('is closed before a login', async () => {
    const server = await start({ auth: { username: 'user', password: 'pass' } })
    expect(await untilClosed(server.port, BINARY_VERSION)).toBe('')
  })

  it('is reported once in ten seconds, with the number of those that were not', async () => {
    const server = await start()
    for (let count = 0; count < 5; count++) await untilClosed(server.port, BINARY_VERSION)
    now += 9_999
    await untilClosed(server.port, BINARY_VERSION)
    expect(warnings).toHaveLength(1)
    now += 1
    await untilClosed(server.port, BINARY_VERSION)
    now += 10_000
    await untilClosed(server.port, BINARY_VERSION)
    expect(warnings.slice(1)).toEqual([
      expect.stringMatching(/ protocol \(and 5 more like this before\)$/),
      expect.stringMatching(/text protocol$/),
    ])
  })
})

describe('the byte 0x80', () => {
  it('begins a line like any other where it is not the first of the connection', async () => {
    const server = await start()
    const reply = await untilClosed(server.port, Buffer.from('set \x80 0 0 1\r\n\x80\r\n\x80\r\nquit\r\n', 'latin1'))
    expect(reply).toMatch(/^STORED\r\n(?:CLIENT_)?ERROR.*\r\n$/)
    expect(warnings).toEqual([])
  })
})

describe('a client that speaks TLS to a server without', () => {
  it('is told at once that this is no TLS, and reported', async () => {
    const server = await start()
    const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
    const [error] = (await once(socket, 'error').catch((reason: unknown) => [reason])) as [Error]
    expect(error.message).toMatch(/wrong version number|packet length too long/i)
    expect(warnings).toEqual([expect.stringContaining(' speaks TLS to a server without TLS: ')])
  })
})

describe('a client that speaks text to a server with TLS', () => {
  it('is closed, and reported', async () => {
    const { server: pair } = inject('certificates')
    const server = await start({ tls: { key: readFileSync(pair.key), cert: readFileSync(pair.certificate) } })
    await untilClosed(server.port, 'get a\r\nthis is not TLS\r\n')
    await until(() => warnings.length === 1, 'it is reported')
    expect(warnings[0]).toMatch(/^the TLS handshake with a client at tcp:127\.0\.0\.1:\d+ failed: /)
  })
})

describe('a connection above the limit', () => {
  it('is reported', async () => {
    const server = await start({ maxConnections: 1 })
    const first = connect(server.port, '127.0.0.1')
    await until(() => server.connections === 1, 'it is connected')
    expect(await untilClosed(server.port)).toBe('ERROR Too many open connections\r\n')
    expect(warnings).toEqual(['a connection was refused: 1 are open, which is the limit'])
    first.destroy()
  })
})
