import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, inject, it, vi } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import type { MemcachedServerOptions } from '../../../src/server/server-options.ts'
import { rejection, until } from '../../support/eventually.ts'
import { askRaw, RawConnection } from '../../support/raw-connection.ts'

const servers: MemcachedServer[] = []

async function start(options?: MemcachedServerOptions): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(options)
  servers.push(server)
  return server
}

afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** Everything that comes until the server ends the connection. */
async function untilClosed(socket: Socket, request = ''): Promise<string> {
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  if (request !== '') socket.write(request)
  await new Promise((resolve) => {
    socket.once('close', resolve)
  })
  return received
}

describe('listening', () => {
  it('takes a free loopback port', async () => {
    const server = await start()
    expect(server.address).toBe(`127.0.0.1:${server.port}`)
    expect(await askRaw({ port: server.port }, 'version\r\n')).toBe('VERSION 1.6.45\r\n')
  })

  it('takes the port it is given, and rejects if somebody else has it', async () => {
    const { port } = await start()
    await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('writes an IPv6 address in brackets', async () => {
    const server = await start({ host: '::1' })
    expect(server.address).toBe(`[::1]:${server.port}`)
  })

  it('takes a unix socket, and removes it', async () => {
    const path = join(inject('temporaryFolder'), 'embedded.sock')
    const server = await start({ path })
    expect([server.address, server.port]).toEqual([path, 0])
    expect(await askRaw({ path }, 'set a 0 0 1\r\nx\r\n')).toBe('STORED\r\n')
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  it('takes the place of a unix socket that a killed process left behind, and of nothing else', async () => {
    const path = join(inject('temporaryFolder'), 'stale.sock')
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', script])
    expect(existsSync(path)).toBe(true)
    const server = await start({ path })
    expect(await askRaw({ path }, 'mn\r\n')).toBe('MN\r\n')
    await expect(start({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await askRaw({ path }, 'mn\r\n')).toBe('MN\r\n')
    await server.close()
    writeFileSync(path, 'a file')
    await expect(start({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(readFileSync(path, 'utf8')).toBe('a file')
  })

  it('speaks TLS', async () => {
    const { authority, server: pair } = inject('certificates')
    const tls = { key: readFileSync(pair.key), cert: readFileSync(pair.certificate) }
    const server = await start({ tls })
    const endpoint = { port: server.port, authority }
    const value = 'v'.repeat(300_000)
    expect(await askRaw(endpoint, `set a 0 0 ${value.length}\r\n${value}\r\n`)).toBe('STORED\r\n')
    expect(await askRaw(endpoint, 'get a\r\n', 'END\r\n')).toBe(`VALUE a 0 ${value.length}\r\n${value}\r\nEND\r\n`)
    expect(await untilClosed(connect(server.port, '127.0.0.1'), 'get a\r\nthis is not TLS\r\n')).not.toContain('VALUE')
  })

  it('asks for a client certificate where it is told to', async () => {
    const { authority, server: pair, client } = inject('certificates')
    const ca = readFileSync(authority)
    const key = readFileSync(pair.key)
    const cert = readFileSync(pair.certificate)
    const server = await start({ tls: { key, cert, ca, requestCert: true, rejectUnauthorized: true } })
    const options = { port: server.port, host: '127.0.0.1', ca, servername: 'localhost' }
    expect(await untilClosed(connectTls(options), 'version\r\n')).toBe('')
    const own = { ...options, key: readFileSync(client.key), cert: readFileSync(client.certificate) }
    expect(await untilClosed(connectTls(own), 'version\r\nquit\r\n')).toBe('VERSION 1.6.45\r\n')
  })

  it.each([
    [{ port: 65_536 }, 'option port must be a whole number from 0 to 65535, got 65536'],
    [{ maxItemBytes: 10 }, 'option maxItemBytes'],
    [{ memoryBytes: Number.NaN }, 'option memoryBytes'],
    [{ memoryBytes: 2047 }, 'option memoryBytes must be a whole number from 2048 '],
    [{ memoryBytes: 4095, maxItemBytes: 2048 }, 'option maxItemBytes must be at most half of the memory'],
    [{ maxItemBytes: 32 * 1024 * 1024 + 1 }, 'which is 67108864 bytes; got 33554433'],
    [{ disableCas: 'yes' }, 'option disableCas must be true or false, got "yes"'],
    [{ prefixDelimiter: '::' }, 'option prefixDelimiter must be one printable ASCII character, got "::"'],
    [{ prefixDelimiter: ' ' }, 'option prefixDelimiter'],
    [{ onWarning: true }, 'option onWarning must be a function, got true'],
    [{ maxConnections: 0 }, 'option maxConnections'],
    [{ idleTimeoutMs: -1 }, 'option idleTimeoutMs'],
    [{ version: 'newest' }, 'option version'],
    [{ dialect: 'aws' }, "option dialect must be 'memcached' or 'elasticache-serverless', got \"aws\""],
    [{ path: '' }, 'option path'],
    [{ auth: [] }, 'option auth'],
    [{ auth: { username: 'a b', password: 'c' } }, 'option auth'],
    [{ auth: null }, 'option auth must be an object with a username and a password'],
    [{ auth: 'secret' }, 'option auth must be an object with a username and a password'],
    [{ auth: [{ username: 'a', password: 'b', pasword: 'c' }] }, 'auth has no option "pasword"; it has username, pass'],
    [{ tls: true }, 'option tls must be an object of TLS options, got true'],
    [{ prt: 5 }, 'MemcachedServer has no option "prt"; it has host, port, path, tls, auth, version, memoryBytes, '],
    [5, 'the options of MemcachedServer must be an object, got 5'],
    [null, 'the options of MemcachedServer must be an object, got null'],
  ])('refuses %j', async (options, message) => {
    const error = await rejection(MemcachedServer.start(options as MemcachedServerOptions))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toContain(message)
    expect(error.message).not.toContain('secret')
  })
})

describe('login', () => {
  const auth = { username: 'user', password: 'pass word' }

  it('is asked of every connection, before anything else', async () => {
    const server = await start({ auth })
    expect(await askRaw({ port: server.port }, 'get a\r\n')).toBe('CLIENT_ERROR unauthenticated\r\n')
    const raw = await RawConnection.open({ port: server.port })
    expect(await raw.ask('set x 0 0 10\r\nuser wrong\r\n')).toBe('CLIENT_ERROR authentication failure\r\n')
    expect(await raw.ask('set x 0 0 14\r\nuser pass word\r\n')).toBe('STORED\r\n')
    expect(await raw.ask('get x\r\n')).toBe('END\r\n')
    const stats = await raw.stats()
    expect([stats.get('auth_cmds'), stats.get('auth_errors')]).toEqual(['2', '1'])
    raw.close()
  })
})

async function openAll(server: MemcachedServer, count: number): Promise<RawConnection[]> {
  const connections: RawConnection[] = []
  for (let index = 0; index < count; index++) {
    const raw = await RawConnection.open({ port: server.port })
    await raw.ask('mn\r\n')
    connections.push(raw)
  }
  return connections
}

describe('connections', () => {
  it('above the limit get a banner and are closed, until there is room', async () => {
    const server = await start({ maxConnections: 1 })
    const first = await RawConnection.open({ port: server.port })
    await first.ask('mn\r\n')
    expect(await untilClosed(connect(server.port, '127.0.0.1'))).toBe('ERROR Too many open connections\r\n')
    expect((await first.stats()).get('rejected_connections')).toBe('1')
    first.close()
    await until(() => server.connections === 0, 'the connection is gone')
    expect(await askRaw({ port: server.port }, 'mn\r\n')).toBe('MN\r\n')
  })

  it('are closed when no command came for long, though half a line did', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const server = await start({ idleTimeoutMs: 1000 })
    const [first, second] = await openAll(server, 2)
    vi.advanceTimersByTime(600)
    first!.write('get')
    await second!.ask('mn\r\n')
    const watcher = await RawConnection.open({ port: server.port })
    await watcher.ask('watch connevents\r\n')
    vi.advanceTimersByTime(600)
    expect(await watcher.ask('', '\n')).toMatch(/type=conn_close .*reason=idle_timeout/)
    expect((await second!.stats()).get('idle_kicks')).toBe('1')
    expect(server.connections).toBe(2)
    for (const raw of [second!, watcher]) raw.close()
  })

  it('are not idle while they watch, or while a value is on its way', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const server = await start({ idleTimeoutMs: 1000 })
    const [watcher, writer, other] = await openAll(server, 3)
    await watcher!.ask('watch fetchers\r\n')
    await writer!.ask('version\r\nset a 0 0 3\r\nx')
    for (let count = 0; count < 5; count++) {
      vi.advanceTimersByTime(900)
      await other!.ask('mn\r\n')
    }
    expect(server.connections).toBe(3)
    expect(await writer!.ask('yz\r\n')).toBe('STORED\r\n')
    vi.advanceTimersByTime(1000)
    await other!.ask('mn\r\n').catch(() => undefined)
    expect(server.connections).toBe(1)
    watcher!.close()
  })

  it('get every reply before a quit, and none after it', async () => {
    const server = await start()
    const request = `${'get a\r\n'.repeat(1000)}quit\r\nget a\r\n`
    expect(await untilClosed(connect(server.port, '127.0.0.1'), request)).toBe('END\r\n'.repeat(1000))
  })

  it('get every reply when they end their side early', async () => {
    const server = await start()
    const socket = connect(server.port, '127.0.0.1')
    const received = untilClosed(socket)
    socket.end(`set a 0 0 3\r\nabc\r\n${'get a\r\n'.repeat(1000)}`)
    expect(await received).toBe(`STORED\r\n${'VALUE a 0 3\r\nabc\r\nEND\r\n'.repeat(1000)}`)
  })

  it('that send endless lines are closed', async () => {
    const server = await start()
    expect(await untilClosed(connect(server.port, '127.0.0.1'), 'x'.repeat(100_000))).toBe('')
  })

  it('survive bodies that come in any pieces', async () => {
    const server = await start({ maxItemBytes: 8 * 1024 * 1024 })
    const value = Array.from({ length: 500_000 }, (_, index) => String(index % 10))
      .join('')
      .repeat(10)
    const raw = await RawConnection.open({ port: server.port })
    expect(await raw.ask(`ms big ${value.length} c\r\n${value}\r\n`)).toMatch(/^HD c\d+\r\n$/)
    const reply = await raw.ask('mg big v\r\nmn\r\n', 'MN\r\n')
    expect(reply === `VA ${value.length}\r\n${value}\r\nMN\r\n`).toBe(true)
    raw.close()
  })

  it('may leave at any time', async () => {
    const server = await start()
    const sockets = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1'))
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    await until(() => server.connections === 20, 'all are accepted')
    for (const [index, socket] of sockets.entries()) {
      socket.write('set a 0 0 100000\r\nhalf of it')
      if (index % 2 === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
    await until(() => server.connections === 0, 'all are gone')
    expect(await askRaw({ port: server.port }, 'get a\r\n')).toBe('END\r\n')
  })
})

describe('a slow reader', () => {
  it('is not sent more than it reads, and misses nothing', async () => {
    const server = await start()
    const value = 'v'.repeat(100_000)
    const side = await RawConnection.open({ port: server.port })
    await side.ask(`set a 0 0 ${value.length}\r\n${value}\r\n`)
    const count = 2000 // 200 MB of replies
    const socket = connect(server.port, '127.0.0.1')
    socket.pause()
    socket.write('get a\r\n'.repeat(count))
    const written = async (): Promise<number> => Number((await side.stats()).get('bytes_written'))
    await until(() => server.connections === 2, 'it is connected')
    let before = -1
    for (let now = await written(); now - before > 10_000; now = await written()) before = now
    expect(await written()).toBeLessThan(50_000_000)
    let received = 0
    const expected = count * `VALUE a 0 ${value.length}\r\n${value}\r\nEND\r\n`.length
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      if (received === expected) socket.end()
    })
    socket.resume()
    await once(socket, 'close')
    expect(received).toBe(expected)
    side.close()
  })
})

describe('close', () => {
  it('ends connections, frees the port, and may be repeated', async () => {
    const server = await start()
    const { port } = server
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const closed = untilClosed(socket)
    await Promise.all([server.close(), server.close()])
    await server.close()
    await closed
    await start({ port })
  })

  it('is what "await using" does', async () => {
    const server = await start()
    await server[Symbol.asyncDispose]()
    await expect(askRaw({ port: server.port }, 'mn\r\n')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('does not wait for a client that does not read', async () => {
    const server = await start()
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(`set a 0 0 900000\r\n${'x'.repeat(900_000)}\r\n${'get a\r\n'.repeat(1000)}`)
    await until(() => server.connections === 1, 'it is connected')
    await server.close()
    socket.destroy()
    expect(server.connections).toBe(0)
  })
})

describe('flush', () => {
  it('drops all items and keeps connections', async () => {
    const server = await start()
    const raw = await RawConnection.open({ port: server.port })
    await raw.ask('set a 0 0 1\r\nx\r\n')
    server.flush()
    expect(await raw.ask('get a\r\n')).toBe('END\r\n')
    expect((await raw.stats()).get('curr_items')).toBe('0')
    raw.close()
  })
})

describe('time', () => {
  it('is the one it is given', async () => {
    let now = 1_000_000_000_000
    const server = await start({ now: () => now })
    const raw = await RawConnection.open({ port: server.port })
    await raw.ask('set a 0 60 1\r\nx\r\n')
    now += 59_999
    expect(await raw.ask('mg a t\r\n')).toBe('HD t1\r\n')
    now += 1
    expect(await raw.ask('mg a t\r\n')).toBe('EN\r\n')
    raw.close()
  })
})

describe('watch', () => {
  it('tells of connections and of commands while they happen', async () => {
    const server = await start()
    const watcher = await RawConnection.open({ port: server.port })
    expect(await watcher.ask('watch connevents fetchers\r\n')).toBe('OK\r\n')
    const other = await RawConnection.open({ port: server.port })
    expect(await watcher.ask('', '\n')).toMatch(/ type=conn_new rip=127\.0\.0\.1 rport=\d+ transport=tcp cfd=\d+\n$/)
    await other.ask('get a\r\n')
    expect(await watcher.ask('', '\n')).toMatch(/ type=item_get key=a status=not_found clsid=0 cfd=\d+ size=0\n$/)
    other.close()
    expect(await watcher.ask('', '\n')).toMatch(/ type=conn_close .* reason=normal cfd=\d+\n$/)
    watcher.close()
    await until(() => server.connections === 0, 'both are gone')
  })
})

describe('shutdown', () => {
  it('is refused where it was not enabled', async () => {
    const server = await start()
    expect(await askRaw({ port: server.port }, 'shutdown\r\n')).toBe('SERVER_ERROR: shutdown not enabled\r\n')
  })

  it.each(['shutdown', 'shutdown graceful'])('%s ends the server, after the replies before it', async (command) => {
    const server = await start({ enableShutdown: true })
    const idle = untilClosed(connect(server.port, '127.0.0.1'))
    const received = await untilClosed(connect(server.port, '127.0.0.1'), `mn\r\n${command}\r\nmn\r\n`)
    expect([received, await idle, await server.closed]).toEqual(['MN\r\n', '', undefined])
    await expect(askRaw({ port: server.port }, 'mn\r\n')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('knows no other mode', async () => {
    const server = await start({ enableShutdown: true })
    expect(await askRaw({ port: server.port }, 'shutdown now\r\n')).toBe('CLIENT_ERROR invalid shutdown mode\r\n')
    expect(await askRaw({ port: server.port }, 'stats settings\r\n', 'END\r\n')).toContain('STAT shutdown_command yes')
  })
})
