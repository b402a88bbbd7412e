import { describe, expect, it, onTestFinished } from 'vitest'
import { chunks } from '../../src/client/chunks/chunks.ts'
import type { ChunkOptions } from '../../src/client/chunks/options.ts'
import { getStream } from '../../src/client/chunks/read-stream.ts'
import { Memcache } from '../../src/client/memcache.ts'
import { MANIFEST_FLAGS } from '../../src/protocol/manifest.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { eventually } from '../support/eventually.ts'
import { type MemcacheOptions, patient } from '../support/memcache-options.ts'

const SMALL: ChunkOptions = { aboveBytes: 3000, chunkBytes: 1100, window: 4 }

/** Ten chunks. */
const LARGE = 'x'.repeat(10_500)
const ITEMS = 11

interface Lab {
  readonly first: MemcachedServer
  readonly older: MemcachedServer
  /** A client of both, which copies what it finds in the older one. */
  readonly cache: Memcache
  readonly clientOf: (server: MemcachedServer) => Memcache
  readonly itemsOf: (server: MemcachedServer) => Promise<unknown>
}

async function startLab(protocol: 'meta' | 'text'): Promise<Lab> {
  const [first, older] = await Promise.all([MemcachedServer.start(), MemcachedServer.start()])
  const make = (address: string, options: MemcacheOptions): Memcache => {
    const cache = new Memcache(address, { ...patient, protocol, chunks: chunks(SMALL), ...options })
    onTestFinished(() => {
      cache.destroy()
    })
    return cache
  }
  onTestFinished(async () => {
    await Promise.all([first.close(), older.close()])
  })
  return {
    first,
    older,
    cache: make(first.address, { fallback: [[older.address]], refill: true }),
    clientOf: (server) => make(server.address, {}),
    itemsOf: async ({ address }) => (await make(address, {}).stats()).get(address)?.['curr_items'],
  }
}

async function lengthOf(stream: ReadableStream<Uint8Array> | undefined): Promise<number> {
  let bytes = 0
  for await (const piece of stream!) bytes += piece.length
  return bytes
}

describe.each(['meta', 'text'] as const)('values in chunks in an older cluster, protocol %s', (protocol) => {
  it('are read from there by every read, and copied whole where items are', async () => {
    const { first, older, cache, clientOf, itemsOf } = await startLab(protocol)
    await clientOf(older).setMany({ one: LARGE, two: LARGE, three: LARGE }, { ttl: 1000 })
    expect(await cache.get('one')).toBe(LARGE)
    expect(await cache.getMany(['two', 'none'])).toEqual(new Map([['two', LARGE]]))
    expect(await lengthOf(await getStream(cache, 'three'))).toBe(LARGE.length)
    // The classic protocol does not give the ttl of an item: nothing is copied.
    const copied = protocol === 'meta' ? 3 * ITEMS : 0
    await eventually(async () => expect(await itemsOf(first)).toBe(copied))
    await older.close()
    const alone = clientOf(first)
    for (const key of ['one', 'two', 'three']) {
      expect(await alone.get(key)).toBe(protocol === 'meta' ? LARGE : undefined)
      if (protocol === 'meta') expect(await alone.inspect(key)).toMatchObject({ clientFlags: MANIFEST_FLAGS })
    }
  })

  it('are replaced by what is stored, and deleted in both', async () => {
    const { first, older, cache, clientOf } = await startLab(protocol)
    await clientOf(older).setMany({ replaced: LARGE, deleted: LARGE }, { ttl: 1000 })
    await cache.set('replaced', LARGE.toUpperCase(), { ttl: 1000 })
    expect(await cache.get('replaced')).toBe(LARGE.toUpperCase())
    expect(await clientOf(first).get('replaced')).toBe(LARGE.toUpperCase())
    expect(await cache.get('deleted')).toBe(LARGE)
    expect(await cache.delete('deleted')).toBe(true)
    expect(await cache.get('deleted')).toBeUndefined()
    expect(await clientOf(older).get('deleted')).toBeUndefined()
  })

  it('are a miss where a chunk is lost, and loaded by getOrSet', async () => {
    const { first, older, cache, clientOf } = await startLab(protocol)
    const writer = clientOf(older)
    const keys: string[] = []
    const spy = new Memcache(older.address, {
      ...patient,
      protocol,
      chunks: chunks(SMALL),
      middleware: [
        (next) => ({
          dispatch: (operation) => {
            keys.push(String(operation.key))
            next.dispatch(operation)
          },
        }),
      ],
    })
    await writer.set('key', LARGE, { ttl: 1000 })
    expect(await spy.get('key')).toBe(LARGE)
    await writer.delete(keys.at(-1)!)
    await spy.close()
    expect(await cache.get('key')).toBeUndefined()
    expect(await cache.getOrSet('key', () => LARGE.toUpperCase(), { ttl: 60 })).toBe(LARGE.toUpperCase())
    // Without a copy of the manifest there is no cas number in the first cluster that the loaded value could replace.
    const stored = protocol === 'meta' ? LARGE.toUpperCase() : undefined
    expect(await cache.get('key')).toBe(stored)
    expect(await clientOf(first).get('key')).toBe(stored)
    await cache.set('key', LARGE, { ttl: 60 })
    expect(await cache.get('key')).toBe(LARGE)
  })
})
