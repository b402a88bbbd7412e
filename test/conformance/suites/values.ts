import { describe, expect, it } from 'vitest'
import { type BatchError, MemcacheError, SerdeError } from '../../../src/errors.ts'
import { raw } from '../../../src/serde/raw.ts'
import type { Serde, SerializedValue } from '../../../src/serde/serde.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic

const sameValues: readonly (readonly [name: string, value: unknown])[] = [
  ['text', 'hello'],
  ['empty text', ''],
  ['text that looks like a number', '12'],
  ['text with spaces at its end', 'padded  '],
  ['non-ASCII text', 'grüße, 日本語, 🎉'],
  ['text with line ends', 'a\r\nb\nc\r\n'],
  ['text that looks like the end of a reply', 'END\r\n'],
  ['text that looks like a reply', '\r\nEND\r\nVALUE x 0 1\r\ny\r\nEND\r\nHD O1\r\n'],
  ['text with NUL', 'a\0b'],
  ['latin1 text', 'é'.repeat(3000)],
  ['zero', 0],
  ['a negative integer', -7],
  ['the largest safe integer', Number.MAX_SAFE_INTEGER],
  ['a fraction', 1.5],
  ['a bigint', 12n],
  ['a bigint beyond 64 bits', -(2n ** 70n)],
  ['true', true],
  ['false', false],
  ['null', null],
  ['an array', [1, 'two', null]],
  ['an object', { a: { b: ['ü', { c: '\r\nEND\r\n' }] } }],
  ['100 kB of text', 'x'.repeat(100_000)],
  ['900 kB of text', 'y'.repeat(900_000)],
  ['900 kB of non-ASCII text', 'é'.repeat(450_000)],
]

const refusedValues: readonly (readonly [name: string, value: unknown])[] = [
  ['undefined', undefined],
  ['a function', () => 1],
  ['a symbol', Symbol('s')],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['a cycle', cyclic],
  ['a lone surrogate', 'a\ud800b'],
]

const flagsOf: readonly (readonly [name: string, value: unknown, clientFlags: number])[] = [
  ['text', 'a', 0],
  ['an integer', 5, 2],
  ['a bigint', 5n, 4],
  ['JSON', { a: 1 }, 32],
  ['bytes', Uint8Array.of(1), 64],
]

const foreignItems: readonly (readonly [name: string, flags: number, data: string, value: unknown])[] = [
  ['explicit text', 16, 'abc', 'abc'],
  ['a padded counter', 2, '99 ', 99],
  ['a padded bigint', 4, '99 ', 99n],
  ['an integer that a number cannot hold', 2, '9007199254740993', 9007199254740993n],
]

const undecodable: readonly (readonly [name: string, flags: number, data: string])[] = [
  ['bytes that are not UTF-8', 0, '\xff\xfe'],
  ['an integer that is none', 2, 'abc'],
  ['a bigint that is none', 4, '1.5'],
  ['broken JSON', 32, '{"a":'],
]

export function describeValues(context: Context): void {
  describe('values', () => {
    it.each(sameValues)('gives back %s', async (_name, value) => {
      const cache = context.client()
      const key = context.key()
      expect(await cache.set(key, value)).toBe(true)
      expect(await cache.get(key)).toStrictEqual(value)
      expect((await cache.gets(key))?.value).toStrictEqual(value)
      expect(await cache.getMany([key])).toStrictEqual(new Map([[key, value]]))
    })

    it.each([0, 1, 4096, 100_000, 900_000])('gives back %i bytes', async (size) => {
      const cache = context.client()
      const key = context.key()
      const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31) % 256)
      await cache.set(key, bytes)
      const result = await cache.get(key)
      expect(result).toBeInstanceOf(Uint8Array)
      expect(Buffer.compare(result as Uint8Array, bytes)).toBe(0)
    })

    it('keeps bytes that it gave away, whatever arrives later', async () => {
      const cache = context.client()
      const [first, second] = [context.key(), context.key()]
      await cache.set(first, new Uint8Array(1000).fill(1))
      await cache.set(second, new Uint8Array(1000).fill(2))
      const kept = await cache.get(first)
      await Promise.all(Array.from({ length: 50 }, () => cache.get(second)))
      expect(Buffer.compare(kept as Uint8Array, new Uint8Array(1000).fill(1))).toBe(0)
    })

    it.each(refusedValues)('refuses %s and writes nothing', async (_name, value) => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'old')
      const error = (await rejection(cache.set(key, value))) as MemcacheError
      expect(error).toBeInstanceOf(MemcacheError)
      expect(['MEMLANE_SERDE', 'MEMLANE_INVALID_INPUT']).toContain(error.code)
      expect(error.delivery).toBe('not-sent')
      expect(await cache.get(key)).toBe('old')
    })

    it.each(flagsOf)(
      'stores %s with client flags that the documentation promises',
      async (_name, value, clientFlags) => {
        const key = context.key()
        await context.client().set(key, value)
        expect(await context.raw().ask(`mg ${key} f\r\n`)).toBe(`HD f${clientFlags}\r\n`)
      },
    )

    it.each(foreignItems)('reads %s', async (_name, flags, data, value) => {
      const key = context.key()
      await context.raw().ask(`set ${key} ${flags} 0 ${data.length}\r\n${data}\r\n`)
      expect(await context.client().get(key)).toBe(value)
    })

    it.each<[name: string, form: unknown]>([
      ['nothing', undefined],
      ['null', null],
      ['a lone surrogate', { data: 'a\ud800', clientFlags: 0 }],
    ])('fails the key alone whose value a serde makes %s of', async (_name, form) => {
      const cache = context.client()
      const [good, bad] = [context.key(), context.key()]
      const serde: Serde = {
        serialize: (value) => (value === 'bad' ? (form as SerializedValue) : { data: String(value), clientFlags: 0 }),
        deserialize: (data) => Buffer.from(data).toString(),
      }
      expect(await rejection(cache.set(bad, 'bad', { serde }))).toBeInstanceOf(SerdeError)
      const error = (await rejection(cache.setMany({ [good]: 'good', [bad]: 'bad' }, { serde }))) as BatchError
      expect([...error.failed.keys()]).toEqual([bad])
      expect([...(await cache.getMany([good, bad], { serde }))]).toEqual([[good, 'good']])
    })

    it.each(undecodable)('rejects %s with SerdeError and carries on', async (_name, flags, data) => {
      const cache = context.client()
      const [key, other] = [context.key(), context.key()]
      await cache.set(other, 'fine')
      await context.raw().ask(Buffer.from(`set ${key} ${flags} 0 ${data.length}\r\n${data}\r\n`, 'latin1'))
      const [bad, good] = await Promise.allSettled([cache.get(key), cache.get(other)])
      expect(bad).toMatchObject({ status: 'rejected', reason: expect.any(SerdeError) as unknown })
      expect(good).toEqual({ status: 'fulfilled', value: 'fine' })
    })

    it('gives and takes plain bytes with the raw serde', async () => {
      const cache = context.client({ serde: raw })
      const key = context.key()
      await cache.set(key, Buffer.from('\xff\r\n', 'latin1'))
      expect(await context.raw().ask(`mg ${key} f s\r\n`)).toBe('HD f0 s3\r\n')
      expect(Buffer.from((await cache.get(key)) as Uint8Array).toString('latin1')).toBe('\xff\r\n')
    })

    it('gives the key as the caller wrote it to a serde of the user', async () => {
      const seen: unknown[] = []
      const serde = {
        serialize: (value: unknown, key: unknown) => {
          seen.push(key)
          return { data: `<${String(value)}>`, clientFlags: 77 }
        },
        deserialize: (data: Uint8Array, clientFlags: number, key: unknown) => {
          seen.push(key)
          return `${clientFlags}${Buffer.from(data).toString()}`
        },
      }
      const cache = context.client({ serde, keyPrefix: 'p:' })
      const key = context.key()
      await cache.set(key, 'v')
      expect(await cache.get(key)).toBe('77<v>')
      expect(seen).toEqual([key, key])
    })
  })
}
