import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { FaultProxy } from '../../../src/testing/fault-proxy.ts'
import type { Faults } from '../../../src/testing/faults.ts'
import { rejection, until } from '../../support/eventually.ts'
import { patient } from '../../support/memcache-options.ts'
import { quiesce, startLab } from './tcp-pair.ts'

const long = 'abcdefghij'.repeat(20_000)

/** What half of the chunks a line that drops the others lets through. */
async function survivors(seed: number, noise: boolean): Promise<string> {
  const { open, proxy } = await startLab({ seed })
  proxy.set('toServer', { drop: 0.5 })
  const { client, server } = await open()
  const other = noise ? await open() : undefined
  for (let at = 0; at < 40; at++) {
    client.socket.write(String.fromCharCode(65 + at))
    other?.client.socket.write('noise')
    await quiesce()
  }
  proxy.set('toServer', { drop: 0 })
  client.socket.write('.')
  await until(() => server.text.endsWith('.'), 'the end has arrived')
  return server.text
}

describe('a fault proxy without faults', () => {
  it('passes both directions on, whole and in order', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    client.socket.write(long)
    server.socket.write('reply')
    await server.receives(long)
    await client.receives('reply')
    expect(proxy.connections).toBe(1)
    expect(proxy.openConnections).toBe(1)
  })

  it('passes on what is written before its own connection is made, and the end behind it', async () => {
    const { open } = await startLab()
    const opened = open()
    const { client, server } = await opened
    client.socket.end('last words')
    await server.receives('last words')
    await until(() => server.ended, 'the server sees the end')
    server.socket.end('answer')
    await client.receives('answer')
    await until(() => client.closed && server.closed, 'both are closed')
    expect(client.error).toBeUndefined()
  })

  it('lets one direction go on when the other has ended', async () => {
    const { open } = await startLab()
    const { client, server } = await open()
    server.socket.end('bye')
    await client.receives('bye')
    await until(() => client.ended, 'the client sees the end')
    client.socket.write('still here')
    await server.receives('still here')
  })

  it('tells the client of a server that resets, and the server of a client that does', async () => {
    const { open, proxy } = await startLab()
    const one = await open()
    one.server.socket.resetAndDestroy()
    await until(() => one.client.closed, 'the client is closed')
    expect(one.client.error?.code).toBe('ECONNRESET')
    const two = await open()
    two.client.socket.resetAndDestroy()
    await until(() => two.server.ended || two.server.closed, 'the server sees it')
    await until(() => proxy.openConnections === 0, 'no connection is open')
  })

  it('resets clients while nobody listens behind it', async () => {
    await using server = await MemcachedServer.start()
    await using proxy = await FaultProxy.start(server.address)
    await server.close()
    const cache = new Memcache(proxy.address, patient)
    expect(await rejection(cache.get('key'))).toMatchObject({ delivery: 'not-sent' })
    cache.destroy()
  })

  it('leads to a unix socket and lets TLS be', async () => {
    const path = join(tmpdir(), `memlane-fault-proxy-${process.pid}.sock`)
    await using server = await MemcachedServer.start({ path })
    await using proxy = await FaultProxy.start(server.address)
    await using cache = new Memcache(proxy.address, patient)
    expect(await cache.set('key', 'value')).toBe(true)
    expect(await cache.get('key')).toBe('value')
  })
})

describe('a fault proxy', () => {
  it('splits into pieces that are read one by one', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    // Pieces that wait to be accepted are read together.
    client.socket.write('.')
    await server.receives('.')
    proxy.set('toServer', { splitBytes: 2 })
    client.socket.write('abcdefg')
    await server.receives('.abcdefg')
    expect(server.chunks.map((chunk) => chunk.toString())).toEqual(['.', 'ab', 'cd', 'ef', 'g'])
    server.socket.write('whole')
    await client.receives('whole')
    expect(client.chunks).toHaveLength(1)
  })

  it('joins what comes within coalesceMs into one write', async () => {
    const { open, proxy } = await startLab()
    proxy.set('toServer', { coalesceMs: 50 })
    const { client, server } = await open()
    for (const text of ['one', 'two', 'three']) {
      client.socket.write(text)
      await quiesce()
    }
    await server.receives('onetwothree')
    expect(server.chunks).toHaveLength(1)
  })

  it('delays, and keeps the order whatever the jitter', async () => {
    const { open, proxy } = await startLab()
    proxy.set({ latencyMs: 5, jitterMs: 20 })
    const { client, server } = await open()
    const words = Array.from({ length: 50 }, (_, at) => `${at};`)
    for (const word of words) {
      client.socket.write(word)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await server.receives(words.join(''))
  })

  it('holds nothing back that came before a delay was set, and releases in order when it is taken back', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    client.socket.write('now')
    await server.receives('now')
    proxy.set('toServer', { latencyMs: 50 })
    client.socket.write('later')
    await quiesce()
    expect(server.text).toBe('now')
    proxy.set('toServer', { latencyMs: 0 })
    client.socket.write('last')
    await server.receives('nowlaterlast')
  })

  it('lets so many bytes per second through, and what waits when the limit is lifted', async () => {
    const { open, proxy } = await startLab()
    proxy.set('toServer', { bytesPerSecond: 1 })
    const { client, server } = await open()
    client.socket.write('slow as that')
    await server.receives('s')
    await quiesce()
    expect(server.text).toBe('s')
    proxy.set('toServer', { bytesPerSecond: Number.POSITIVE_INFINITY })
    await server.receives('slow as that')
  })

  it.each([1, 4, 9])('resets after exactly %i bytes', async (bytes) => {
    const { open, proxy } = await startLab()
    proxy.set('toClient', { cutAfterBytes: bytes })
    const { client, server } = await open()
    server.socket.write('abc')
    await client.receives('abc'.slice(0, bytes))
    server.socket.write('defghijkl')
    await until(() => client.closed, 'the client is closed')
    expect(client.text).toBe('abcdefghijkl'.slice(0, bytes))
    expect(client.error?.code).toBe('ECONNRESET')
  })

  it.each(['toServer', 'toClient'] as const)(
    'delivers all of a long message %s before a cut at its end',
    async (direction) => {
      const { open, proxy } = await startLab()
      const { client, server } = await open()
      const [sender, receiver] = direction === 'toClient' ? [server, client] : [client, server]
      const message = 'x'.repeat(16 * 1024 * 1024)
      proxy.set(direction, { cutAfterBytes: message.length })
      receiver.socket.pause()
      sender.socket.write(message)
      sender.socket.write('too much')
      await quiesce()
      receiver.socket.resume()
      await until(() => receiver.ended || receiver.closed, 'the receiver sees the end', 15_000)
      expect(receiver.text.length).toBe(message.length)
    },
  )

  it('counts the bytes of an open connection from when the cut was set', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    server.socket.write('hello')
    await client.receives('hello')
    proxy.set('toClient', { cutAfterBytes: 3 })
    server.socket.write('world')
    await until(() => client.closed, 'the client is closed')
    expect(client.text).toBe('hellowor')
  })

  it('resets open connections and accepts new ones', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    client.socket.write('passed on')
    await server.receives('passed on')
    proxy.reset()
    await until(() => client.closed && server.ended, 'both have seen it')
    expect(client.error?.code).toBe('ECONNRESET')
    const next = await open()
    next.client.socket.write('again')
    await next.server.receives('again')
    expect(proxy.connections).toBe(2)
  })

  it.each(['toClient', 'toServer'] as const)(
    'half-closes %s behind what was sent, and only that',
    async (direction) => {
      const { open, proxy } = await startLab()
      const { client, server } = await open()
      const [sender, receiver] = direction === 'toClient' ? [server, client] : [client, server]
      sender.socket.write('before')
      await receiver.receives('before')
      proxy.halfClose(direction)
      await until(() => receiver.ended, 'the receiver sees the end')
      expect(sender.ended).toBe(false)
      sender.socket.write('lost')
      receiver.socket.write('the other way')
      await sender.receives('the other way')
      expect(receiver.text).toBe('before')
      expect(receiver.error).toBeUndefined()
    },
  )

  it('freezes one direction, keeps the end of the stream back too, and thaws in order', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    proxy.freeze('toServer')
    client.socket.write('one')
    client.socket.end('two')
    server.socket.write('not frozen')
    await client.receives('not frozen')
    await quiesce()
    expect([server.text, server.ended]).toEqual(['', false])
    proxy.thaw('toServer')
    await server.receives('onetwo')
    await until(() => server.ended, 'the server sees the end')
  })

  it('freezes new connections too, and holds resets back', async () => {
    const { open, proxy } = await startLab()
    proxy.freeze()
    const { client, server } = await open()
    server.socket.write('held')
    await quiesce()
    server.socket.resetAndDestroy()
    await quiesce()
    expect([client.text, client.closed]).toEqual(['', false])
    proxy.thaw()
    await until(() => client.closed, 'the client is closed')
    expect(client.error?.code).toBe('ECONNRESET')
  })

  it('delivers late what a client sent before it gave up', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    proxy.freeze()
    client.socket.write('a late write')
    await quiesce()
    client.socket.destroy()
    await until(() => proxy.openConnections === 0 || client.closed, 'the client is gone')
    proxy.thaw()
    await server.receives('a late write')
    await until(() => server.ended, 'the server sees the end')
  })

  it('reads no more from a sender than it may hold while frozen', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    proxy.freeze('toServer')
    const all = 'x'.repeat(32 * 1024 * 1024)
    client.socket.write(all)
    await quiesce()
    expect(client.socket.writableLength).toBeGreaterThan(0)
    proxy.thaw()
    await until(() => server.text.length === all.length, 'everything has arrived', 60_000)
  })

  it.each([
    ['drop', { drop: 1 }, ''],
    ['duplicate', { duplicate: 1 }, 'abcabc'],
    ['transform', { transform: (chunk: Buffer) => Buffer.from(chunk.toString().toUpperCase()) }, 'ABC'],
    ['transform to nothing', { transform: () => Buffer.alloc(0) }, ''],
  ] as const)('%s', async (_name, faults, arrives) => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    proxy.set('toServer', faults)
    client.socket.write('abc')
    // What comes back shows that the request has been through.
    server.socket.write('reply')
    await client.receives('reply')
    await server.receives(arrives)
    await proxy.heal()
    client.socket.write('def')
    await server.receives(`${arrives}def`)
  })

  it('garbles exactly one byte of a chunk', async () => {
    const { open, proxy } = await startLab()
    proxy.set('toServer', { garble: 1 })
    const { client, server } = await open()
    client.socket.write('0123456789')
    await until(() => server.text.length === 10, 'all bytes arrived')
    expect(server.text.split('').filter((character, at) => character !== String(at))).toHaveLength(1)
  })

  it('has the same chances for the same seed, whatever the other connections do, and others for another', async () => {
    const first = await survivors(7, false)
    expect(first.length).toBeGreaterThan(5)
    expect(first.length).toBeLessThan(38)
    expect(await survivors(7, true)).toBe(first)
    expect(await survivors(8, false)).not.toBe(first)
  })

  it('refuses new connections, keeps open ones, and listens again on the same port', async () => {
    const { open, dial, proxy } = await startLab()
    const { client, server } = await open()
    const { port } = proxy
    await proxy.refuse()
    await proxy.refuse()
    const refused = dial()
    await until(() => refused.closed, 'it is refused')
    expect(refused.error?.code).toBe('ECONNREFUSED')
    client.socket.write('still open')
    await server.receives('still open')
    await Promise.all([proxy.accept(), proxy.accept()])
    expect(proxy.port).toBe(port)
    const next = await open()
    next.client.socket.write('hello')
    await next.server.receives('hello')
  })

  it('closes whatever it is doing, once, and does not come back', async () => {
    const { open, proxy } = await startLab()
    const { client, server } = await open()
    proxy.freeze()
    client.socket.write('held')
    await Promise.all([proxy.close(), proxy.close()])
    await until(() => client.closed && (server.ended || server.closed), 'both are closed')
    expect(proxy.openConnections).toBe(0)
    expect(await rejection(proxy.heal())).toBeInstanceOf(InvalidInputError)
  })

  it.each(['close', 'reset'] as const)('ends by %s while the end of a stream is being sent', async (call) => {
    const { open, proxy } = await startLab()
    const { client } = await open()
    proxy.halfClose('toClient')
    await proxy[call]()
    await until(() => client.ended && proxy.openConnections === 0, 'the connection is closed')
    await proxy.close()
  })

  it.each<Record<string, unknown>>([
    { latencyMs: -1 },
    { latencyMs: Number.POSITIVE_INFINITY },
    { jitterMs: Number.NaN },
    { bytesPerSecond: 0 },
    { splitBytes: 0 },
    { splitBytes: 1.5 },
    { coalesceMs: '5' },
    { cutAfterBytes: -1 },
    { drop: 1.1 },
    { duplicate: Number.NaN },
    { garble: -0.1 },
    { transform: 5 },
    { latency: 5 },
    { toString: 5 },
  ])('refuses %j by name and changes nothing', async (faults) => {
    const { proxy } = await startLab()
    const name = Object.keys(faults)[0]!
    expect(() => proxy.set(faults as Partial<Faults>)).toThrow(InvalidInputError)
    expect(() => proxy.set('toClient', faults as Partial<Faults>)).toThrow(name)
  })

  it('refuses directions and options that are none', async () => {
    const { proxy } = await startLab()
    expect(() => proxy.set('upstream' as 'toClient', {})).toThrow(/toServer/)
    expect(() => proxy.set('toClient', undefined as never)).toThrow(InvalidInputError)
    expect(() => proxy.freeze('both' as 'toClient')).toThrow(/both/)
    expect(await rejection(FaultProxy.start('localhost', { seed: 0.5 }))).toBeInstanceOf(InvalidInputError)
  })

  it.each([
    [{ sed: 1 }, 'FaultProxy has no option "sed"; it has host, port, seed'],
    [5, 'the options of FaultProxy must be an object, got 5'],
    [null, 'the options of FaultProxy must be an object, got null'],
  ])('is not started with %j', async (options, message) => {
    const error = await rejection(FaultProxy.start('localhost', options as object))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toBe(message)
  })
})
