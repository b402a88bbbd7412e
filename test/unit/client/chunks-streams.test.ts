import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../../src/client/chunks/chunks.ts'
import type { ChunkOptions } from '../../../src/client/chunks/options.ts'
import { getStream } from '../../../src/client/chunks/read-stream.ts'
import { setStream } from '../../../src/client/chunks/write-stream.ts'
import { Memcache } from '../../../src/client/memcache.ts'
import { ChunkLostError, InvalidInputError } from '../../../src/errors.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { rejection } from '../../support/eventually.ts'
import { type MemcacheOptions, patient } from '../../support/memcache-options.ts'

const SMALL: ChunkOptions = { aboveBytes: 4000, chunkBytes: 1500, window: 3 }

interface Setup {
  readonly cache: Memcache
  readonly server: MemcachedServer
}

async function start(options: MemcacheOptions = {}): Promise<Setup> {
  const server = await MemcachedServer.start()
  const cache = new Memcache(server.address, { ...patient, chunks: chunks(SMALL), ...options })
  onTestFinished(async () => {
    cache.destroy()
    await server.close()
  })
  return { cache, server }
}

function bytesOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 255))
}

async function* piecesOf(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function oneByte(): AsyncGenerator<Uint8Array> {
  return piecesOf(bytesOf(1), 1)
}

async function collect(stream: ReadableStream<Uint8Array> | undefined): Promise<Buffer | undefined> {
  if (stream === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('streams of values', () => {
  it.each([1, 999, 1500, 1501, 4000, 100_000])('store pieces of %i bytes, and give them back', async (size) => {
    const { cache } = await start()
    for (const length of [0, 1, 1500, 4000, 4001, 4500, 6000, 20_001]) {
      const bytes = bytesOf(length)
      expect(await setStream(cache, `key:${length}`, piecesOf(bytes, size), { ttl: 60 })).toBe(true)
      expect(bytes.equals((await cache.get<Buffer>(`key:${length}`))!)).toBe(true)
      expect(bytes.equals((await collect(await getStream(cache, `key:${length}`)))!)).toBe(true)
    }
    expect(await getStream(cache, 'none')).toBeUndefined()
  })

  it('store a ReadableStream', async () => {
    const { cache } = await start()
    const bytes = bytesOf(9000)
    const source = new Blob([bytes]).stream() as ReadableStream<Uint8Array>
    expect(await setStream(cache, 'key', source)).toBe(true)
    expect(bytes.equals((await cache.get<Buffer>('key'))!)).toBe(true)
  })

  it('go by namespaces, their generations and their ttl', async () => {
    const { cache } = await start()
    const files = cache.namespace<Uint8Array>('file:', { ttl: 100, generations: true })
    const bytes = bytesOf(9000)
    await setStream(files, '1', piecesOf(bytes, 1000))
    expect(Buffer.from((await files.get('1')) ?? []).equals(bytes)).toBe(true)
    expect((await files.inspect('1'))?.ttl).toBeLessThan(101)
    expect(bytes.equals((await collect(await getStream(files, '1')))!)).toBe(true)
    await files.clear()
    expect(await getStream(files, '1')).toBeUndefined()
  })

  it('give what set has stored, decompressed', async () => {
    const { cache } = await start({ compression: { minBytes: 100 } })
    const noise = Buffer.from(Array.from({ length: 9000 }, (_, at) => (Math.imul(at, 2_654_435_761) >>> 13) & 255))
    const values: [string, Buffer][] = [
      ['small', Buffer.from('x')],
      ['compressed', Buffer.alloc(3000, 'x')],
      ['large', Buffer.concat([noise, noise.toReversed(), Buffer.alloc(9000)])],
    ]
    for (const [key, value] of values) {
      await cache.set(key, value)
      expect(value.equals((await collect(await getStream(cache, key)))!)).toBe(true)
    }
  })

  it('show nothing before the end, and leave the key as it was where the source fails', async () => {
    const { cache, server } = await start()
    await cache.set('key', 'before')
    const seen: unknown[] = []
    async function* failing(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 20; piece++) yield bytesOf(1000)
      seen.push(await cache.get('key'))
      throw new Error('the source broke')
    }
    expect(await rejection(setStream(cache, 'key', failing()))).toMatchObject({ message: 'the source broke' })
    expect(seen).toEqual(['before'])
    expect(await cache.get('key')).toBe('before')
    const stats = (await cache.stats()).get(server.address)
    expect(stats?.['curr_items']).toBe(1)
  })

  it('take no more of the source than the window has room for', async () => {
    const { cache } = await start({
      middleware: [
        (next) => ({
          dispatch: (operation) => {
            if (!String(operation.key).startsWith('~c')) next.dispatch(operation)
          },
        }),
      ],
      timeoutMs: 1_000_000,
    })
    let taken = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        taken++
        yield bytesOf(1500)
      }
    }
    const storing = setStream(cache, 'key', endless())
    storing.catch(() => undefined)
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    // Those of the window, one that waits for it, and those below `aboveBytes`.
    expect(taken).toBeLessThanOrEqual(3 + 1 + 3)
  })

  it('read no more than the window ahead of the reader', async () => {
    let asked = 0
    const { cache } = await start({
      middleware: [
        (next) => ({
          dispatch: (operation) => {
            if (operation.command === 'get' && String(operation.key).startsWith('~c')) asked++
            next.dispatch(operation)
          },
        }),
      ],
    })
    await setStream(cache, 'key', piecesOf(bytesOf(60_000), 5000))
    const reader = (await getStream(cache, 'key'))!.getReader()
    await reader.read()
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toBeLessThanOrEqual(4)
    await reader.cancel()
    expect(asked).toBeLessThanOrEqual(4)
  })

  it('fail where a chunk is lost, after what came before it', async () => {
    const { cache } = await start()
    const keys: string[] = []
    const watching = await start({
      middleware: [
        (next) => ({
          dispatch: (operation) => {
            if (operation.command === 'set') keys.push(String(operation.key))
            next.dispatch(operation)
          },
        }),
      ],
    })
    await watching.cache.set('key', bytesOf(15_000))
    await watching.cache.delete(keys.find((key) => key.endsWith(':5'))!)
    const stream = (await getStream(watching.cache, 'key'))!
    const reader = stream.getReader()
    for (let piece = 0; piece < 5; piece++) expect((await reader.read()).value).toHaveLength(1500)
    expect(await rejection(reader.read())).toBeInstanceOf(ChunkLostError)
    expect(await getStream(cache, 'key')).toBeUndefined()
  })

  it('end with the reason of their signal', async () => {
    const { cache, server } = await start()
    await cache.set('key', bytesOf(15_000))
    const reason = new Error('enough')
    const reading = new AbortController()
    const reader = (await getStream(cache, 'key', { signal: reading.signal }))!.getReader()
    await reader.read()
    reading.abort(reason)
    expect(await rejection(reader.read())).toBe(reason)
    const writing = new AbortController()
    async function* aborting(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; ; piece++) {
        if (piece === 10) writing.abort(reason)
        yield bytesOf(1500)
      }
    }
    expect(await rejection(setStream(cache, 'other', aborting(), { signal: writing.signal }))).toBe(reason)
    expect(await cache.has('other')).toBe(false)
    await cache.delete('key')
    await cache.close()
    const look = new Memcache(server.address, patient)
    expect((await look.stats()).get(server.address)?.['curr_items']).toBe(0)
    await look.close()
  })

  it('refuse clients without chunks, and what is no source', async () => {
    const { cache } = await start()
    const plain = new Memcache('localhost:1')
    const reading = (await start({ chunks: chunks({ write: false }) })).cache
    const texts = (async function* () {
      yield 'text'
    })() as never
    for (const call of [
      () => getStream(plain, 'key'),
      () => setStream(plain, 'key', oneByte()),
      () => setStream(reading, 'key', oneByte()),
      () => getStream({} as never, 'key'),
      () => setStream(cache, 'key', 'text' as never),
      () => setStream(cache, 'key', null as never),
      () => setStream(cache, 'key', texts),
      () => setStream(cache, 'key', oneByte(), { serde: 1 } as never),
      () => setStream(cache, '', oneByte()),
      () => getStream(cache, ' '.repeat(300)),
    ]) {
      expect(await rejection(call())).toBeInstanceOf(InvalidInputError)
    }
    await plain.close()
  })
})
