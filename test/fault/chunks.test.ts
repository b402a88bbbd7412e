import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../src/client/chunks/chunks.ts'
import type { ChunkOptions } from '../../src/client/chunks/options.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { ClosedError, InvalidInputError, TimeoutError, ValueTooLargeError } from '../../src/errors.ts'
import { MANIFEST_FLAGS } from '../../src/protocol/manifest.ts'
import { observe } from '../../src/seam/observe.ts'
import type { Middleware, Operation } from '../../src/seam/operation.ts'
import { raw } from '../../src/serde/raw.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { eventually, rejection } from '../support/eventually.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'

const SMALL: ChunkOptions = { aboveBytes: 3000, chunkBytes: 1100, window: 4 }

async function startServer(options?: Parameters<typeof MemcachedServer.start>[0]): Promise<MemcachedServer> {
  const server = await MemcachedServer.start(options)
  onTestFinished(() => server.close())
  return server
}

function clientOf(servers: string | readonly string[], options: MemcacheOptions = {}): Memcache {
  const cache = new Memcache(servers, { ...patient, chunks: chunks(SMALL), ...options })
  onTestFinished(() => {
    cache.destroy()
  })
  return cache
}

function isAboutChunk({ key }: Operation): boolean {
  return String(key).startsWith('~c')
}

/** Calls `see` with each operation; one that it gives true for is dropped. */
function watching(see: (operation: Operation) => unknown): Middleware {
  return (next) => ({
    dispatch: (operation) => {
      if (see(operation) !== true) next.dispatch(operation)
    },
  })
}

/** A value that tells whether it is whole: one byte, as many times as its first four digits say. */
function makeValue(writer: number, round: number): Buffer {
  const length = 3001 + ((writer * 7919 + round * 104_729) % 6000)
  const value = Buffer.alloc(length, 97 + ((writer * 13 + round) % 26))
  value.write(String(length), 0, 'latin1')
  return value
}

function isWhole(value: Buffer): boolean {
  return Number(value.toString('latin1', 0, 4)) === value.length && value.subarray(4).every((byte) => byte === value[4])
}

async function itemsOf(server: MemcachedServer): Promise<unknown> {
  const look = new Memcache(server.address, patient)
  const stats = (await look.stats()).get(server.address)
  await look.close()
  return stats?.['curr_items']
}

describe('values in chunks', () => {
  it.each(['meta', 'text'] as const)(
    'are never torn, under writers that replace them and chunks that get lost (%s)',
    async (protocol) => {
      const server = await startServer()
      const clients = Array.from({ length: 5 }, () => clientOf(server.address, { protocol }))
      const [first, second, ...readers] = clients
      const keys: string[] = []
      const vandal = clientOf(server.address, {
        middleware: [watching((operation) => void (isAboutChunk(operation) && keys.push(String(operation.key))))],
      })
      const work = { isWriting: true }
      let reads = 0
      const write = async (cache: Memcache, writer: number): Promise<void> => {
        for (let round = 0; round < 60; round++) await cache.set('key', makeValue(writer, round), { ttl: 60 })
      }
      const read = async (cache: Memcache): Promise<void> => {
        while (work.isWriting) {
          const value = await cache.get<Buffer>('key')
          reads++
          if (value !== undefined) expect(isWhole(value)).toBe(true)
        }
      }
      const spoil = async (): Promise<void> => {
        while (work.isWriting) {
          await vandal.get('key')
          const lost = keys.at(-1)
          keys.length = 0
          if (lost !== undefined) await vandal.delete(lost)
        }
      }
      const writers = Promise.all([write(first!, 1), write(second!, 2)]).finally(() => {
        work.isWriting = false
      })
      await Promise.all([writers, ...readers.map(read), spoil()])
      expect(reads).toBeGreaterThan(0)
      await first!.set('key', makeValue(3, 3))
      expect(isWhole((await readers[0]!.get<Buffer>('key'))!)).toBe(true)
    },
  )

  it('travel as many at a time as the window has room for, whatever is read or stored at once', async () => {
    const server = await startServer()
    let underWay = 0
    let most = 0
    let total = 0
    const count: Middleware = (next) => ({
      dispatch: (operation) => {
        if (isAboutChunk(operation)) {
          total++
          most = Math.max(most, ++underWay)
          observe(operation, () => underWay--)
        }
        next.dispatch(operation)
      },
    })
    const cache = clientOf(server.address, { middleware: [count] })
    const values = Array.from({ length: 5 }, (_, at) => Buffer.alloc(50_000 + at, at))
    await cache.setMany(values.map((value, at) => [`key:${at}`, value] as const))
    expect([most, total]).toEqual([4, 5 * 46])
    most = 0
    const reading = Promise.all([cache.getMany(values.map((_, at) => `key:${at}`)), cache.get('key:0')])
    await eventually(() => expect(underWay).toBe(4))
    // What is called now has these before it, and no other part of the values.
    expect(await cache.get('small')).toBeUndefined()
    const [found] = await reading
    expect(found.size).toBe(5)
    expect(most).toBe(4)
  })

  it('keep the order of the calls for their key', async () => {
    const server = await startServer()
    const cache = clientOf(server.address)
    const large = 'x'.repeat(10_000)
    const calls = [
      cache.get('key'),
      cache.set('key', large),
      cache.get('key'),
      cache.add('key', 'y'.repeat(5000)),
      cache.set('key', 'small'),
      cache.get('key'),
      cache.set('key', large + large),
      cache.append('other', 'x'),
      cache.getMany(['key', 'other']),
      cache.delete('key'),
      cache.get('key'),
    ]
    expect(await Promise.all(calls)).toEqual([
      undefined,
      true,
      large,
      false,
      true,
      'small',
      true,
      false,
      new Map([['key', large + large]]),
      true,
      undefined,
    ])
  })

  it('have the bytes of the call, whatever the caller does with them after it', async () => {
    const server = await startServer()
    const cache = clientOf(server.address)
    const expected = makeValue(1, 1)
    const [changed, moved] = [Uint8Array.from(expected), Uint8Array.from(expected)]
    const storing = [cache.set('changed', changed), cache.set('moved', moved)]
    changed.fill(0)
    structuredClone(moved, { transfer: [moved.buffer] })
    expect(await Promise.all(storing)).toEqual([true, true])
    expect(await cache.get('changed')).toEqual(expected)
    expect(await cache.get('moved')).toEqual(expected)
  })

  it('are text of every kind, cut in the middle of characters too', async () => {
    const server = await startServer()
    const cache = clientOf(server.address)
    for (const text of [
      'x'.repeat(5000),
      'é'.repeat(5000),
      `x${'é'.repeat(5000)}`,
      '🍺'.repeat(2000),
      'x'.repeat(3300),
    ]) {
      await cache.set('key', text)
      expect(await cache.get('key')).toBe(text)
    }
  })

  it('are one item where the call says so, whichever call', async () => {
    const server = await startServer()
    const cache = clientOf(server.address)
    const value = 'x'.repeat(5000)
    const options = { chunks: false, ttl: 60 } as const
    await cache.set('set', value, options)
    await cache.setMany([['setMany', value]], options)
    await cache.update('update', () => value, options)
    await cache.getOrSet('getOrSet', () => value, options)
    await cache.getOrSetMany(['getOrSetMany'], () => new Map([['getOrSetMany', value]]), options)
    await cache.close()
    expect(await itemsOf(server)).toBe(5)
  })

  it('that the server refuses fail the call, and leave neither old nor new', async () => {
    const server = await startServer({ maxItemBytes: 4096 })
    const cache = clientOf(server.address, { chunks: chunks({ aboveBytes: 3000, chunkBytes: 5000 }) })
    await cache.set('key', 'old')
    const error = await rejection(cache.set('key', 'x'.repeat(20_000)))
    expect(error).toBeInstanceOf(ValueTooLargeError)
    expect(error).toMatchObject({ command: 'set', key: 'key', delivery: 'answered' })
    expect(await cache.get('key')).toBeUndefined()
    await cache.set('key', 'old')
    expect(await rejection(cache.add('other', 'x'.repeat(20_000)))).toBeInstanceOf(ValueTooLargeError)
    expect(await rejection(cache.setMany([['other', 'x'.repeat(20_000)]]))).toMatchObject({ code: 'MEMLANE_BATCH' })
    expect(await cache.get('key')).toBe('old')
    await cache.close()
    expect(await itemsOf(server)).toBe(1)
  })

  it('leave nothing where the call is aborted, whichever chunk is under way', async () => {
    const server = await startServer()
    for (let at = 0; at < 10; at++) {
      const abort = new AbortController()
      const reason = new Error('enough')
      let seen = 0
      const see = (operation: Operation): void => {
        if (isAboutChunk(operation) && operation.command === 'set' && seen++ === at) abort.abort(reason)
      }
      const cache = clientOf(server.address, { middleware: [watching(see)] })
      await cache.set('key', 'old')
      const storing = cache.set('key', 'x'.repeat(11_000), { signal: abort.signal })
      expect(await rejection(storing)).toBe(reason)
      expect(await cache.get('key')).toBe('old')
      await cache.close()
      expect(await itemsOf(server)).toBe(1)
    }
  })

  it('end within the time of the call where a chunk gets no answer', async () => {
    const server = await startServer()
    const drop = { command: '' }
    const cache = clientOf(server.address, {
      timeoutMs: 200,
      middleware: [watching((operation) => isAboutChunk(operation) && operation.command === drop.command)],
    })
    await cache.set('key', 'x'.repeat(10_000), { timeoutMs: 60_000 })
    drop.command = 'get'
    expect(await rejection(cache.get('key'))).toBeInstanceOf(TimeoutError)
    expect(await rejection(cache.getMany(['key']))).toMatchObject({
      failed: new Map([['key', expect.any(TimeoutError)]]),
    })
    drop.command = 'set'
    expect(await rejection(cache.set('key', 'y'.repeat(10_000)))).toBeInstanceOf(TimeoutError)
    drop.command = ''
    expect(await cache.get('key', { timeoutMs: 60_000 })).toBe('x'.repeat(10_000))
  })

  it('are finished by close, reads and writes, and end with destroy', async () => {
    const server = await startServer()
    const cache = clientOf(server.address)
    await cache.set('key', 'x'.repeat(60_000))
    const pending = [cache.get('key'), cache.set('other', 'y'.repeat(60_000)), cache.delete('key')]
    await cache.close()
    expect(await Promise.all(pending)).toEqual(['x'.repeat(60_000), true, true])
    const other = clientOf(server.address)
    const reading = other.get('other')
    const storing = other.set('key', 'z'.repeat(60_000))
    other.destroy()
    expect(await rejection(reading)).toBeInstanceOf(ClosedError)
    expect(await rejection(storing)).toBeInstanceOf(ClosedError)
  })

  it('are told by the whole number of the client flags, whatever bits others set', async () => {
    const server = await startServer()
    const clients = [clientOf(server.address, { serde: raw }), new Memcache(server.address, { ...patient, serde: raw })]
    const bytes = Buffer.from('v1 9000 1500 6 qL0xw3v7Zt1mY2aB 03b4c26d 0\n')
    const near = Array.from({ length: 32 }, (_, bit) => (MANIFEST_FLAGS ^ (1 << bit)) >>> 0)
    for (const clientFlags of [0, 1, 2, 16, 32, 64, 2048, 4096, 0x6d6c6b00, 0x6d6c6b03, 0xffffffff, ...near]) {
      // The placeholder, which is one bit away, is two bits away from the manifest.
      await clients[0]!.set('key', bytes, { clientFlags })
      for (const cache of clients) expect(await cache.get<Buffer>('key')).toEqual(bytes)
    }
    clients[1]!.destroy()
  })

  it('report a lost chunk as an event, and a miss in the numbers', async () => {
    const server = await startServer()
    const keys: string[] = []
    const cache = clientOf(server.address, {
      middleware: [watching((operation) => void (isAboutChunk(operation) && keys.push(String(operation.key))))],
    })
    const events: unknown[] = []
    cache.on('commandError', (event) => events.push(event))
    await cache.set('key', 'x'.repeat(10_000))
    await cache.delete(keys[3]!)
    expect(await cache.get('key', { default: 'none' })).toBe('none')
    expect(events).toMatchObject([{ key: 'key', error: { code: 'MEMLANE_CHUNK_LOST', command: 'get' } }])
    expect(cache.metrics().calls['get']).toMatchObject({ calls: 1, hits: 0, misses: 1 })
  })

  it('refuse options that cannot be', () => {
    for (const bad of [{ chunkBytes: 1023 }, { window: 0 }, { aboveBytes: -1 }, { write: 1 }, { size: 1 }, 5, null]) {
      expect(() => chunks(bad as never)).toThrow(InvalidInputError)
    }
  })
})

describe('values in chunks in a cluster', () => {
  it('are on the server of their key, all of them', async () => {
    const servers = await Promise.all([startServer(), startServer(), startServer()])
    const cache = clientOf(servers.map(({ address }) => address))
    await cache.set('key', 'x'.repeat(20_000))
    await cache.set('other', 'x'.repeat(20_000), { routingKey: 'user:1' })
    const [home, away] = [cache.serverFor('key')!.name, cache.serverFor('user:1')!.name]
    for (const server of servers) {
      const values = (home === server.address ? 1 : 0) + (away === server.address ? 1 : 0)
      expect(await itemsOf(server)).toBe(values * 20)
    }
    expect(await cache.get('key')).toBe('x'.repeat(20_000))
    expect(await cache.get('other', { routingKey: 'user:1' })).toBe('x'.repeat(20_000))
  })

  it('stay where a stand-in, and not the key’s own server, misses a chunk', async () => {
    const servers = await Promise.all([startServer(), startServer()])
    const addresses = servers.map(({ address }) => address)
    const keys: string[] = []
    const cache = clientOf(addresses, {
      cluster: { failover: 'next' },
      middleware: [watching((operation) => void (isAboutChunk(operation) && keys.push(String(operation.key))))],
    })
    const home = servers.find(({ address }) => address === cache.serverFor('key')!.name)!
    const standIn = servers.find((server) => server !== home)!
    await home.close()
    await eventually(async () => expect(await cache.set('key', 'x'.repeat(10_000)).catch(() => false)).toBe(true))
    expect(await cache.get('key')).toBe('x'.repeat(10_000))
    const door = clientOf(standIn.address)
    await door.delete(keys.at(-1)!)
    expect(await cache.get('key')).toBeUndefined()
    const plain = clientOf(standIn.address, { serde: raw, chunks: chunks() })
    expect(await plain.has('key')).toBe(true)
    expect(await cache.getOrSet('key', () => 'y'.repeat(10_000), { ttl: 60 })).toBe('y'.repeat(10_000))
    expect(await cache.get('key')).toBe('y'.repeat(10_000))
  })

  it('cost their share when a server is out, and no other', async () => {
    const servers = await Promise.all([startServer(), startServer(), startServer()])
    const cache = clientOf(
      servers.map(({ address }) => address),
      { cluster: { failover: 'none' }, failures: 'missReads' },
    )
    const keys = Array.from({ length: 30 }, (_, at) => `key:${at}`)
    await cache.setMany(keys.map((key) => [key, key.padEnd(5000, '.')] as const))
    const lost = servers[1].address
    await servers[1].close()
    const found = await cache.getMany(keys)
    expect([...found.keys()]).toEqual(keys.filter((key) => cache.serverFor(key)?.name !== lost))
  })
})
