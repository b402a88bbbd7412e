import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { CompressionAlgorithm } from '../../../src/client/compression.ts'
import { type BatchError, InvalidInputError, SerdeError, ValueTooLargeError } from '../../../src/errors.ts'
import { raw } from '../../../src/serde/raw.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

const small = 'compressible '.repeat(200)
const large = 'compressible, and large enough for the thread pool '.repeat(4000)

/** Every byte with its neighbour's place: no compression, but somebody's own. */
const reversing: CompressionAlgorithm = {
  compress: (data) => data.toReversed().subarray(1),
  decompress: (data) => new Uint8Array([...data.toReversed(), 0x20]),
}

/** As `toEqual`, which takes a second for the bytes of a large value. */
function expectSame(actual: unknown, expected: unknown): void {
  if (!Buffer.isBuffer(expected)) return expect(actual).toEqual(expected)
  expect(Buffer.isBuffer(actual) && actual.equals(expected)).toBe(true)
}

export function describeCompression(context: Context): void {
  /** Length and client flags as the server has them. */
  async function storedAs(key: string): Promise<{ bytes: number; clientFlags: number }> {
    const reply = await context.raw().ask(`mg ${key} s f\r\n`)
    const [, bytes, clientFlags] = /^HD s(\d+) f(\d+)\r\n$/.exec(reply)!
    return { bytes: Number(bytes), clientFlags: Number(clientFlags) }
  }

  describe('compression', () => {
    it.each(['zlib', 'brotli'] as const)('by %s makes large values smaller and gives them back', async (algorithm) => {
      const cache = context.client({ compression: { algorithm } })
      const flag = { zlib: 8, brotli: 128 }[algorithm]
      const values = [small, large, { list: Array.from({ length: 500 }, () => 'same') }, Buffer.alloc(100_000, 7)]
      const flags = [0, 0, 32, 64]
      for (const [at, value] of values.entries()) {
        const key = context.key()
        expect(await cache.set(key, value)).toBe(true)
        const stored = await storedAs(key)
        expect(stored.clientFlags).toBe(flags[at]! | flag)
        // Bun and Deno have other zlibs than Node, which take 1361 bytes where Node's takes less than 1000.
        expect(stored.bytes).toBeLessThan(2000)
        expectSame(await cache.get(key), value)
        expectSame((await cache.gets(key))?.value, value)
        expectSame((await cache.getMany([key])).get(key), value)
      }
    })

    it('leaves alone what is small, what would not shrink, and counters', async () => {
      const cache = context.client({ compression: { minBytes: 3 } })
      const [tiny, noise, counter] = [context.key(), context.key(), context.key()]
      await cache.set(tiny, 'ab')
      await cache.set(noise, Buffer.from(Array.from({ length: 64 }, (_, at) => (at * 97) % 251)))
      await cache.set(counter, 11_111_111_111_111)
      expect(await storedAs(tiny)).toEqual({ bytes: 2, clientFlags: 0 })
      expect(await storedAs(noise)).toEqual({ bytes: 64, clientFlags: 64 })
      expect(await storedAs(counter)).toEqual({ bytes: 14, clientFlags: 2 })
      expect(await cache.incr(counter)).toBe(11_111_111_111_112)
    })

    it('is chosen per call, and read by every client with a serde of memlane’s own', async () => {
      const cache = context.client()
      const [a, b] = [context.key(), context.key()]
      await cache.set(a, small, { compression: { level: 9 } })
      await context.client({ compression: {} }).set(b, small, { compression: false })
      expect((await storedAs(a)).clientFlags).toBe(8)
      expect((await storedAs(b)).clientFlags).toBe(0)
      expect(await cache.get(a)).toBe(small)
      const [c, d] = [context.key(), context.key()]
      await context.client({ compression: true }).set(c, small)
      await cache.namespace('').set(d, small, { compression: true })
      for (const key of [c, d]) {
        expect((await storedAs(key)).clientFlags).toBe(8)
        expect(await cache.get(key)).toBe(small)
      }
      expect(await cache.get(a, { serde: raw })).toHaveLength((await storedAs(a)).bytes)
    })

    it('keeps the order of commands for a key while the thread pool works', async () => {
      const cache = context.client({ compression: { asyncBytes: 1 } })
      const key = context.key()
      const results = await Promise.all([
        cache.set(key, large),
        cache.get(key),
        cache.set(key, small),
        cache.get(key),
        cache.delete(key),
        cache.get(key),
        cache.set(key, 5),
        cache.incr(key),
      ])
      expect(results).toEqual([true, large, true, small, true, undefined, true, 6])
    })

    it('works in batches and through noreply', async () => {
      const cache = context.client({ compression: {} })
      const [a, b, c] = [context.key(), context.key(), context.key()]
      expect(await cache.setMany({ [a]: large, [b]: small })).toEqual([])
      await cache.noreply.set(c, large)
      expect([...(await cache.getMany([a, b, c])).values()]).toEqual([large, small, large])
      expect((await storedAs(c)).clientFlags).toBe(8)
    })

    it('takes an algorithm of your own, synchronous or not', async () => {
      const key = context.key()
      const patient: CompressionAlgorithm = {
        compress: async (data, about) => reversing.compress(data, about),
        decompress: async (data, maxBytes, about) => reversing.decompress(data, maxBytes, about),
      }
      for (const algorithm of [reversing, patient]) {
        const cache = context.client({ compression: { algorithm } })
        await cache.set(key, small)
        expect((await storedAs(key)).clientFlags).toBe(1024)
        expect(await cache.get(key)).toBe(small)
      }
      expect(await rejection(context.client().get(key))).toBeInstanceOf(SerdeError)
    })

    it('tells an algorithm of your own the same whole key, whatever the call', async () => {
      const seen: string[] = []
      const algorithm: CompressionAlgorithm = {
        compress: (data, { key }) => {
          seen.push(`to ${key}`)
          return reversing.compress(data, { key })
        },
        decompress: (data, maxBytes, { key }) => {
          seen.push(`from ${key}`)
          return reversing.decompress(data, maxBytes, { key })
        },
      }
      const prefix = `${context.key('größe')}:`
      const cache = context.client({ keyPrefix: prefix, compression: { algorithm } })
      const users = cache.namespace<string>('user:')
      await cache.set('user:1', small)
      expect(await users.get('1')).toBe(small)
      expect((await users.getMany(['1'])).get('1')).toBe(small)
      expect((await cache.getMany(['1'], { keyPrefix: 'user:' })).get('1')).toBe(small)
      await users.setMany({ 1: small })
      await cache.setMany({ 1: small }, { keyPrefix: 'user:' })
      await users.getOrSetMany(['2'], () => new Map([['2', small]]), { lease: 'key', ttl: 60 })
      expect(await cache.get('user:2')).toBe(small)
      expect(seen).toEqual([
        `to ${prefix}user:1`,
        `from ${prefix}user:1`,
        `from ${prefix}user:1`,
        `from ${prefix}user:1`,
        `to ${prefix}user:1`,
        `to ${prefix}user:1`,
        `to ${prefix}user:2`,
        `from ${prefix}user:2`,
      ])
    })

    it('is bounded on reading: a bomb is refused before it is allocated', async () => {
      const key = context.key()
      await context.client({ compression: {} }).set(key, 'x'.repeat(900_000))
      const careful = context.client({ maxValueBytes: 100_000, failures: 'throw' })
      expect(await rejection(careful.get(key))).toBeInstanceOf(ValueTooLargeError)
      const absorbing = context.client({ maxValueBytes: 100_000, failures: 'missReads' })
      expect(await absorbing.get(key)).toBeUndefined()
    })

    it('that fails is a SerdeError of its own value', async () => {
      const failing: CompressionAlgorithm = {
        compress: () => Promise.reject(new Error('no')),
        decompress: (data) => data,
      }
      const cache = context.client({ compression: { algorithm: failing } })
      const [a, b] = [context.key(), context.key()]
      expect(await rejection(cache.set(a, large))).toBeInstanceOf(SerdeError)
      expect(await cache.set(b, 'small')).toBe(true)
      await context.raw().ask(`set ${a} 8 0 4\r\njunk\r\n`)
      expect(await rejection(cache.get(a))).toBeInstanceOf(SerdeError)
      expect(await rejection(context.client().get(a))).toBeInstanceOf(SerdeError)
    })

    it.each(['append', 'prepend'] as const)(
      'an %s to a compressed value is an error to every reader',
      async (extend) => {
        const algorithms = ['zstdCompress' in zlib ? 'zstd' : 'zlib', 'zlib', 'brotli'] as const
        for (const [at, algorithm] of algorithms.entries()) {
          // At once and on the thread pool.
          const cache = context.client({
            compression: { algorithm, asyncBytes: at === 1 ? 1 : 65_536 },
            failures: 'throw',
          })
          const key = context.key()
          await cache.set(key, small)
          expect(await cache[extend](key, 'more')).toBe(true)
          const error = await rejection(cache.get(key))
          expect(error).toBeInstanceOf(SerdeError)
          expect(error.message).toMatch(/append/)
          expect(await rejection(cache.gets(key))).toBeInstanceOf(SerdeError)
          expect(await rejection(context.client({ failures: 'throw' }).get(key))).toBeInstanceOf(SerdeError)
          const failure = await rejection(cache.getMany([key]))
          expect((failure as BatchError).failed.get(key)).toBeInstanceOf(SerdeError)
          expect(await context.client().get(key, { serde: raw })).toHaveLength((await storedAs(key)).bytes)
        }
      },
    )

    context.itNeeds('gat', 'an append to a compressed value is an error to gat as well', async () => {
      const cache = context.client({ compression: { algorithm: 'zlib' }, failures: 'throw' })
      const key = context.key()
      await cache.set(key, small)
      await cache.append(key, 'more')
      expect(await rejection(cache.gat(key, 100))).toBeInstanceOf(SerdeError)
    })

    it('gives an algorithm of your own all that append has left', async () => {
      const seen: string[] = []
      const algorithm: CompressionAlgorithm = {
        compress: (data) => data.subarray(1),
        decompress(data) {
          seen.push(Buffer.from(data).toString())
          return data
        },
      }
      const cache = context.client({ compression: { algorithm, minBytes: 3 } })
      const key = context.key()
      await cache.set(key, 'abcd')
      await cache.append(key, 'more')
      expect(await cache.get(key)).toBe('bcdmore')
      expect(seen).toEqual(['bcdmore'])
    })

    it('refuses options that cannot be meant', () => {
      for (const compression of [
        { level: 11 },
        { minBytes: 0 },
        { algorithm: 'lzma' },
        { size: 3 },
        'zlib',
      ] as object[]) {
        expect(() => context.client({ compression })).toThrow(InvalidInputError)
      }
    })
  })
}
