import { describe, expect, it } from 'vitest'
import { BatchError, InvalidInputError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import { missingMetaError } from '../capabilities.ts'
import type { Context } from '../context.ts'

const anyByte = Uint8Array.of(0, 32, 10, 13, 127, 255, 65)

export function describeKeys(context: Context): void {
  describe('keys', () => {
    it('takes the same bytes for the same key, text or not', async () => {
      const cache = context.client()
      const key = `${context.key()}ü`
      await cache.set(new TextEncoder().encode(key), 'bytes')
      expect(await cache.get(key)).toBe('bytes')
      expect(await cache.delete(key)).toBe(true)
      expect(await cache.get(new TextEncoder().encode(key))).toBeUndefined()
    })

    it('does not normalize: composed and decomposed letters are different keys', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(`${key}\u00e9`, 'composed')
      await cache.set(`${key}e\u0301`, 'decomposed')
      expect(await cache.get(`${key}\u00e9`)).toBe('composed')
    })

    it('counts bytes: 250 bytes of UTF-8 fit, 252 do not', async () => {
      const cache = context.client()
      await cache.set('é'.repeat(125), 'fits')
      expect(await cache.get('é'.repeat(125))).toBe('fits')
      expect(await rejection(cache.get('é'.repeat(126)))).toBeInstanceOf(InvalidInputError)
    })

    it('gives back every key of 1 and of 250 bytes', async () => {
      const cache = context.client()
      for (const key of ['k', 'x'.repeat(250)]) {
        await cache.set(key, key.length)
        expect(await cache.get(key)).toBe(key.length)
      }
    })

    it('puts the prefix in front on the wire, and keeps it out of results', async () => {
      const cache = context.client({ keyPrefix: 'app:' })
      const key = context.key()
      await cache.set(key, 'v')
      expect(await context.raw().ask(`mg app:${key} v\r\n`, 'v\r\n')).toBe('VA 1\r\nv\r\n')
      expect(await cache.getMany([key])).toEqual(new Map([[key, 'v']]))
      expect(await cache.delete(key)).toBe(true)
    })

    it('counts the prefix: prefix and key share 250 bytes', async () => {
      const cache = context.client({ keyPrefix: 'p'.repeat(50) })
      expect(await cache.set('k'.repeat(200), 1)).toBe(true)
      expect(await rejection(cache.set('k'.repeat(201), 1))).toBeInstanceOf(InvalidInputError)
    })

    context.itNeeds(
      'anyByteKeys',
      'sends keys of any bytes as base64, with every command',
      async () => {
        const cache = context.client()
        expect(await cache.set(anyByte, 10)).toBe(true)
        expect(await cache.get(anyByte)).toBe(10)
        expect((await cache.gets(anyByte))?.value).toBe(10)
        expect(await cache.incr(anyByte, 5)).toBe(15)
        expect(await cache.touch(anyByte, 100)).toBe(true)
        expect([...(await cache.getMany([anyByte])).values()]).toEqual([15])
        const encoded = Buffer.from(anyByte).toString('base64')
        expect(await context.raw().ask(`mg ${encoded} b s\r\n`)).toBe('HD s2\r\n')
        expect(await cache.delete(anyByte)).toBe(true)
      },
      {
        title: 'refuses keys of any bytes with every command, and writes nothing',
        test: async () => {
          const cache = context.client()
          for (const key of [anyByte, 'a b', 'a\r\nflush_all', 'a\tb', 'a\x7f', new Uint8Array(3)]) {
            expect(await rejection(cache.get(key))).toBeInstanceOf(missingMetaError(context.target))
            expect(await rejection(cache.gets(key))).toBeInstanceOf(missingMetaError(context.target))
            expect(await rejection(cache.set(key, 1))).toBeInstanceOf(missingMetaError(context.target))
            expect(await rejection(cache.incr(key))).toBeInstanceOf(missingMetaError(context.target))
            expect(await rejection(cache.touch(key, 1))).toBeInstanceOf(missingMetaError(context.target))
            expect(await rejection(cache.delete(key))).toBeInstanceOf(missingMetaError(context.target))
          }
          expect(await cache.get(context.key())).toBeUndefined()
        },
      },
    )

    context.itNeeds(
      'anyByteKeys',
      'reads plain and base64 keys in one batch',
      async () => {
        const cache = context.client()
        const keys = [context.key(), `${context.key()} with space`, context.key(), `${context.key()}\n`]
        await cache.setMany(keys.map((key, at) => [key, at]))
        expect([...(await cache.getMany(keys))]).toEqual(keys.map((key, at) => [key, at]))
      },
      {
        title: 'refuses the key of any bytes in a batch',
        test: async () => {
          const cache = context.client()
          const [plain, odd] = [context.key(), `${context.key()} with space`]
          const batches = [
            () => cache.setMany({ [plain]: 1, [odd]: 2 }),
            () => cache.getMany([plain, odd]),
            () => cache.deleteMany([odd]),
          ]
          for (const batch of batches) {
            const error = await rejection(batch())
            // Before the first connection `auto` does not know that the key cannot travel: then it fails alone.
            const reason = error instanceof BatchError ? error.failed.get(odd) : error
            expect(reason).toBeInstanceOf(missingMetaError(context.target))
          }
        },
      },
    )

    context.itNeeds(
      'anyByteKeys',
      'takes 186 bytes of any kind, not 187',
      async () => {
        const cache = context.client()
        expect(await cache.set(new Uint8Array(186), 1)).toBe(true)
        expect(await cache.get(new Uint8Array(186))).toBe(1)
        expect(await rejection(cache.get(new Uint8Array(187)))).toBeInstanceOf(InvalidInputError)
      },
      {
        title: 'says that such keys need the meta protocol',
        test: async () => {
          const error = await rejection(context.client().get('with space'))
          expect(error.message).toContain('meta protocol')
        },
      },
    )
  })
}
