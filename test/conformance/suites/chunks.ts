import { describe, expect, it } from 'vitest'
import { chunks } from '../../../src/client/chunks/chunks.ts'
import type { ChunkOptions } from '../../../src/client/chunks/options.ts'
import type { Memcache } from '../../../src/client/memcache.ts'
import { ClientError, InvalidInputError, SerdeError, ValueTooLargeError } from '../../../src/errors.ts'
import { MANIFEST_FLAGS } from '../../../src/protocol/manifest.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import type { MemcacheOptions } from '../../support/memcache-options.ts'
import type { Context } from '../context.ts'

/** Small, so that values of a few kilobytes are large ones. */
const SMALL: ChunkOptions = { aboveBytes: 4000, chunkBytes: 1500 }

const MANIFEST = /^v1 (\d+) (\d+) (\d+) ([\w-]{16}) [0-9a-f]{8} (\d+)\n$/

function bytesOf(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, at) => (at * seed + (at >> 8)) & 255))
}

function load(text: string): () => string {
  return () => text.repeat(10_000)
}

export function describeChunks(context: Context): void {
  const { itNeeds } = context
  const client = (options?: MemcacheOptions): Memcache => context.client({ chunks: chunks(SMALL), ...options })

  /** The item as the server has it. */
  async function itemOf(key: string): Promise<{ flags: number; data: string } | undefined> {
    const reply = await context.raw().ask(`get ${key}\r\n`, 'END\r\n')
    const match = /^VALUE \S+ (\d+) \d+\r\n(.*)\r\nEND\r\n$/s.exec(reply)
    return match === null ? undefined : { flags: Number(match[1]), data: match[2]! }
  }

  async function chunkKeysOf(key: string): Promise<string[]> {
    const [, , , count, generation] = MANIFEST.exec((await itemOf(key))!.data)!
    return Array.from({ length: Number(count) }, (_, index) => `~c${generation}:${index.toString(36)}`)
  }

  async function areGone(keys: readonly string[]): Promise<void> {
    await eventually(async () => {
      for (const key of keys) expect(await itemOf(key)).toBeUndefined()
    })
  }

  describe('values in chunks', () => {
    it('are stored with a manifest in their key, and come back as they were', async () => {
      const cache = client()
      for (const value of ['x'.repeat(4001), 'ä'.repeat(9000), { list: ['y'.repeat(20_000)] }, bytesOf(30_000, 7)]) {
        const key = context.key('large')
        expect(await cache.set(key, value)).toBe(true)
        const item = (await itemOf(key))!
        expect(item.flags).toBe(MANIFEST_FLAGS)
        expect(item.data).toMatch(MANIFEST)
        expect(await cache.get(key)).toEqual(value)
        expect((await cache.gets(key))?.value).toEqual(value)
        expect(await cache.has(key)).toBe(true)
      }
    })

    itNeeds(
      ['meta', 'cas'],
      'have the cas number of their manifest by sets, and keep their time in update',
      async () => {
        for (const options of [{}, { compression: { algorithm: 'zlib', minBytes: 1 } }] as const) {
          const cache = client(options)
          const key = context.key('large')
          const [first, second] = [bytesOf(20_000, 7), bytesOf(25_000, 11)]
          const written = await cache.sets(key, first, { ttl: 900 })
          expect(await cache.gets(key)).toEqual({ value: first, cas: written.stored && written.cas })
          await cache.update(key, () => second, { ttl: 'keep' })
          expect(await cache.get(key)).toEqual(second)
          const left = (await cache.inspect(key))!.ttl
          expect(left).toBeGreaterThan(800)
          expect(left).toBeLessThanOrEqual(900)
        }
      },
    )

    it('are an item as any other up to the limit', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'x'.repeat(4000))
      expect(await itemOf(key)).toEqual({ flags: 0, data: 'x'.repeat(4000) })
      await cache.set(key, 'x'.repeat(5000), { chunks: false })
      expect((await itemOf(key))?.flags).toBe(0)
    })

    it('may be larger than the server takes', async () => {
      const cache = context.client({ chunks: chunks() })
      const value = bytesOf(context.target.maxItemBytes * 2, 13)
      const key = context.key('huge')
      expect(await cache.set(key, value)).toBe(true)
      const back = await cache.get<Buffer>(key)
      expect(back !== undefined && value.equals(back)).toBe(true)
      await cache.delete(key)
    })

    it('are found in batches, beside other values', async () => {
      const cache = client()
      const [large, other, small, none] = [context.key(), context.key(), context.key(), context.key()]
      await cache.setMany([
        [large, 'a'.repeat(10_000)],
        [small, 'small'],
        [other, 'b'.repeat(12_000)],
      ])
      const found = await cache.getMany<string>([large, other, small, none])
      expect([...found]).toEqual([
        [large, 'a'.repeat(10_000)],
        [other, 'b'.repeat(12_000)],
        [small, 'small'],
      ])
      expect((await cache.getsMany<string>([other])).get(other)?.value).toBe('b'.repeat(12_000))
    })

    it('are added where there is nothing, and replace what is there', async () => {
      const cache = client()
      const key = context.key()
      expect(await cache.replace(key, 'a'.repeat(5000))).toBe(false)
      expect(await cache.add(key, 'b'.repeat(5000))).toBe(true)
      const first = await chunkKeysOf(key)
      expect(await cache.add(key, 'c'.repeat(5000))).toBe(false)
      expect(await cache.replace(key, 'd'.repeat(5000))).toBe(true)
      expect(await cache.get(key)).toBe('d'.repeat(5000))
      await areGone(first)
    })

    itNeeds('cas', 'are compared by the cas number of their manifest', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'a'.repeat(5000))
      const { cas } = (await cache.gets(key))!
      expect(await cache.cas(key, 'b'.repeat(6000), cas)).toBe('stored')
      expect(await cache.cas(key, 'c'.repeat(7000), cas)).toBe('exists')
      expect(await cache.get(key)).toBe('b'.repeat(6000))
      expect(await cache.update<string>(key, (value = '') => value + value)).toBe('b'.repeat(12_000))
      expect(await cache.get(key)).toBe('b'.repeat(12_000))
      expect(await cache.pop(key)).toBe('b'.repeat(12_000))
      expect(await cache.get(key)).toBeUndefined()
    })

    it('go with their chunks when they are deleted or replaced', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'a'.repeat(10_000))
      const first = await chunkKeysOf(key)
      expect(first).toHaveLength(7)
      await cache.set(key, 'b'.repeat(10_000))
      const second = await chunkKeysOf(key)
      await cache.set(key, 'small')
      expect(await cache.get(key)).toBe('small')
      await cache.set(key, 'c'.repeat(10_000))
      const third = await chunkKeysOf(key)
      expect(await cache.delete(key)).toBe(true)
      expect(await cache.get(key)).toBeUndefined()
      if (!isSynchronous(context)) await areGone([...first, ...second, ...third])
    })

    itNeeds('gat', 'are renewed with their chunks', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'a'.repeat(10_000), { ttl: 100 })
      expect(await cache.gat(key, 1000)).toBe('a'.repeat(10_000))
      expect(await cache.touch(key, 2000)).toBe(true)
      expect(await cache.get(key)).toBe('a'.repeat(10_000))
      if (context.target.lacks.has('meta')) return
      for (const chunk of await chunkKeysOf(key)) {
        const [, ttl] = /^HD t(\d+)\r\n$/.exec(await context.raw().ask(`mg ${chunk} t\r\n`))!
        expect(Number(ttl)).toBeGreaterThan(1900)
      }
      expect(await cache.inspect(key)).toMatchObject({ size: 10_000, clientFlags: MANIFEST_FLAGS })
    })

    it('are a miss where a chunk is lost, and the manifest goes too', async () => {
      const cache = client()
      for (const lost of [0, 3, 6]) {
        const key = context.key()
        await cache.set(key, 'a'.repeat(10_000))
        await context.raw().ask(`delete ${(await chunkKeysOf(key))[lost]!}\r\n`)
        expect(await cache.get(key, { default: 'none' })).toBe('none')
        if (!context.target.lacks.has('cas')) expect(await itemOf(key)).toBeUndefined()
        expect((await cache.getMany([key])).size).toBe(0)
      }
    })

    it('are a miss where a chunk is not the one that was stored', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'a'.repeat(10_000))
      const [first, second] = await chunkKeysOf(key)
      const { flags } = (await itemOf(first!))!
      await context.raw().ask(`set ${first} ${flags} 0 1500\r\n${'b'.repeat(1500)}\r\n`)
      expect(await cache.get(key)).toBeUndefined()
      await cache.set(key, `a${'b'.repeat(9999)}`)
      const [other, next] = await chunkKeysOf(key)
      // A whole chunk with its right sum, in the wrong place.
      const moved = (await itemOf(next!))!
      await context.raw().ask(`set ${other} ${moved.flags} 0 1500\r\n${moved.data}\r\n`)
      expect(await cache.get(key)).toBeUndefined()
      expect(second).toBeDefined()
    })

    itNeeds('cas', 'are loaded anew where a chunk is lost', async () => {
      const cache = client()
      const key = context.key()
      expect(await cache.getOrSet(key, load('a'), { ttl: 60 })).toBe('a'.repeat(10_000))
      expect(await cache.getOrSet(key, load('b'), { ttl: 60 })).toBe('a'.repeat(10_000))
      await context.raw().ask(`delete ${(await chunkKeysOf(key))[2]!}\r\n`)
      expect(await cache.getOrSet(key, load('c'), { ttl: 60 })).toBe('c'.repeat(10_000))
      expect(await cache.get(key)).toBe('c'.repeat(10_000))
      const many = await cache.getOrSetMany([key], (keys) => new Map(keys.map((one) => [one, 'none'])))
      expect(many.get(key)).toBe('c'.repeat(10_000))
    })

    it('stay apart by the prefix of a client and of a namespace', async () => {
      const prefix = `${context.key('prefix')}:`
      const cache = client({ keyPrefix: prefix })
      const users = cache.namespace<string>('users:')
      await users.set('1', 'a'.repeat(9000))
      expect(await users.get('1')).toBe('a'.repeat(9000))
      expect((await users.getMany(['1', '2'])).get('1')).toBe('a'.repeat(9000))
      const [first] = await chunkKeysOf(`${prefix}users:1`)
      expect(await itemOf(first!)).toBeUndefined()
      expect((await itemOf(prefix + first!))?.data).toBe('a'.repeat(1500))
      expect(await users.delete('1')).toBe(true)
    })

    it('are compressed first', async () => {
      const cache = client({ compression: { minBytes: 100, asyncBytes: 50_000 } })
      const noise = bytesOf(20_000, 7919).map((byte, at) => (byte ^ (at * at * 31)) & 255)
      for (const value of ['z'.repeat(20_000), noise, Buffer.concat([noise, noise, noise, noise])]) {
        const key = context.key()
        await cache.set(key, value)
        const back = await cache.get<Buffer | string>(key)
        if (typeof value === 'string') expect(back).toBe(value)
        else expect(Buffer.isBuffer(back) && value.every((byte, at) => byte === back[at])).toBe(true)
      }
    })

    it('are an error without the option, which says what to import', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'a'.repeat(9000), { ttl: 100 })
      const other = context.client()
      const error = await rejection(other.get(key))
      expect(error).toBeInstanceOf(SerdeError)
      expect(error).toMatchObject({ command: 'get', key, message: expect.stringContaining("from 'memlane/chunks'") })
      expect(await rejection(other.gets(key))).toBeInstanceOf(SerdeError)
      expect(await rejection(other.getMany([key]))).toMatchObject({ failed: new Map([[key, expect.any(SerdeError)]]) })
      expect(await other.has(key)).toBe(true)
    })

    it('are read, and not stored, with write: false', async () => {
      const cache = client()
      const reading = context.client({ chunks: chunks({ ...SMALL, write: false }) })
      const key = context.key()
      await cache.set(key, 'a'.repeat(9000))
      expect(await reading.get(key)).toBe('a'.repeat(9000))
      await reading.set(key, 'b'.repeat(9000))
      expect((await itemOf(key))?.flags).toBe(0)
      expect(await cache.get(key)).toBe('b'.repeat(9000))
    })

    it('are no counters and no text to extend', async () => {
      const cache = client()
      const key = context.key()
      await cache.set(key, 'a'.repeat(9000))
      if (!context.target.lacks.has('errorsAlone')) expect(await rejection(cache.incr(key))).toBeInstanceOf(ClientError)
      expect(await cache.append(key, 'more')).toBe(true)
      const error = await rejection(cache.get(key))
      expect(error).toBeInstanceOf(SerdeError)
      expect(error).toMatchObject({ message: expect.stringContaining('extended past its manifest') })
      await cache.set(key, 'b'.repeat(9000))
      expect(await cache.prepend(key, 'more')).toBe(true)
      expect(await rejection(cache.get(key))).toBeInstanceOf(SerdeError)
    })

    it('refuse manifests that ask for too much, and ask for no chunk', async () => {
      const cache = client({ maxValueBytes: 100_000 })
      const key = context.key()
      const plant = async (data: string): Promise<void> => {
        await context.raw().ask(`set ${key} ${MANIFEST_FLAGS} 0 ${data.length}\r\n${data}\r\n`)
      }
      await plant('v1 100001 1500 67 qL0xw3v7Zt1mY2aB 03b4c26d 0\n')
      expect(await rejection(cache.get(key))).toBeInstanceOf(ValueTooLargeError)
      for (const data of [
        '',
        'v1',
        'v1 9000 1 9000 qL0xw3v7Zt1mY2aB 03b4c26d 0\n',
        'v1 9000 1500 5 qL0xw3v7Zt1mY2aB 03b4c26d 0\n',
      ]) {
        await plant(data)
        expect(await rejection(cache.get(key))).toBeInstanceOf(SerdeError)
      }
    })

    it('are refused as options where they are not the part', () => {
      for (const bad of [{}, { aboveBytes: 1 }, true, null, 'chunks']) {
        const make = (): Memcache => context.client({ chunks: bad as never })
        expect(make).toThrow(InvalidInputError)
        expect(make).toThrow(/memlane\/chunks/)
      }
    })
  })
}

function isSynchronous({ target }: Context): boolean {
  return target.isUnlisted === true && target.name.startsWith('MemcacheSync')
}
