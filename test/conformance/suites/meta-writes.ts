import { describe, expect, it } from 'vitest'
import { ClientError, ValueTooLargeError } from '../../../src/errors.ts'
import { rejection } from '../../support/eventually.ts'
import { secondsLeft } from '../../support/seconds.ts'
import type { MetaContext } from './meta-context.ts'

const largest = 2n ** 64n - 1n

export function describeMetaWrites(context: MetaContext): void {
  describe('stores', () => {
    it('set, add and replace, as the item allows', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.replace(key, 1)).toEqual({ status: 'notStored' })
      expect(await meta.add(key, 2, { ttl: 60 })).toEqual({ status: 'stored' })
      expect(await meta.add(key, 3)).toEqual({ status: 'notStored' })
      expect(await meta.replace(key, 4)).toEqual({ status: 'stored' })
      expect(await meta.get(key)).toMatchObject({ value: 4 })
      expect(await meta.set(key, 5, { mode: 'add' })).toEqual({ status: 'notStored' })
      expect(await meta.set(key, 6, { mode: 'replace' })).toEqual({ status: 'stored' })
      expect(await meta.set(key, 7)).toEqual({ status: 'stored' })
      expect(await meta.get(key)).toMatchObject({ value: 7 })
    })

    it('add raw data at either end, and keep flags and time', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.append(key, 'x')).toEqual({ status: 'notStored' })
      await meta.set(key, 'b', { ttl: 1000, clientFlags: 16 })
      expect(await meta.append(key, 'c')).toEqual({ status: 'stored' })
      expect(await meta.prepend(key, Buffer.from('a'))).toEqual({ status: 'stored' })
      expect(await meta.set(key, 'd', { mode: 'append' })).toEqual({ status: 'stored' })
      expect(await meta.set(key, '_', { mode: 'prepend' })).toEqual({ status: 'stored' })
      const result = await meta.get(key, { returnClientFlags: true, returnTtl: true })
      expect(result).toMatchObject({ value: '_abcd', clientFlags: 16, ttl: expect.closeTo(1000, -1.5) })
    })

    it('compare the cas number', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.cas(key, 1, 5n)).toEqual({ status: 'notFound' })
      const first = await meta.set(key, 1, { returnCas: true })
      if (first.status !== 'stored') throw new Error('not stored')
      const second = await meta.cas(key, 2, first.cas!, { returnCas: true })
      expect(second).toEqual({ status: 'stored', cas: expect.any(BigInt) })
      expect(await meta.cas(key, 3, first.cas!)).toEqual({ status: 'exists' })
      expect(await meta.replace(key, 3, { compareCas: largest })).toEqual({ status: 'exists' })
      expect(await meta.append(key, '0', { compareCas: first.cas! })).toEqual({ status: 'exists' })
      expect(await meta.delete(key, { compareCas: first.cas! })).toEqual({ status: 'exists' })
      if (second.status !== 'stored') throw new Error('not stored')
      expect(await meta.append(key, '0', { compareCas: second.cas! })).toEqual({ status: 'stored' })
      expect(await meta.get(key)).toMatchObject({ value: 20 })
    })

    it('remove items', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.delete(key)).toEqual({ status: 'notFound' })
      await meta.set(key, 1)
      expect(await meta.delete(key, { opaque: 1 })).toEqual({ status: 'ok', opaque: 1 })
      expect(await meta.get(key)).toEqual({ status: 'miss' })
    })

    it('say that a value is too large, and that the old one is gone', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'old')
      const error = (await rejection(meta.set(key, 'x'.repeat(1_100_000)))) as ValueTooLargeError
      expect(error).toBeInstanceOf(ValueTooLargeError)
      expect(error.delivery).toBe('answered')
      expect(await meta.get(key)).toEqual({ status: 'miss' })
    })

    it('compress as the client is told to', async () => {
      const meta = context.client({ compression: { minBytes: 100 } })
      const key = context.key()
      const value = 'again and '.repeat(20_000)
      await meta.set(key, value)
      const result = await meta.get(key, { returnSize: true, returnClientFlags: true })
      expect(result).toMatchObject({ value, clientFlags: 8 })
      if (result.status !== 'hit') throw new Error('no hit')
      expect(result.size).toBeLessThan(5000)
    })

    context.itSince(
      '1.6.20',
      'tell the size of what they stored',
      async (meta, key) => [
        await meta.set(key, 'four', { returnSize: true, returnCas: true }),
        await meta.append(key, 'teen', { returnSize: true }),
      ],
      (result) => {
        expect(result).toEqual([
          { status: 'stored', size: 4, cas: expect.any(BigInt) },
          { status: 'stored', size: 8 },
        ])
      },
    )

    context.itSince(
      '1.6.20',
      'append to what is not there yet',
      (meta, key) => meta.append(key, 'a', { vivify: 60, clientFlags: 16 }),
      async (result, meta, key) => {
        expect(result).toEqual({ status: 'stored' })
        expect(await meta.prepend(key, '_', { vivify: 5000 })).toEqual({ status: 'stored' })
        const item = await meta.get(key, { returnTtl: true, returnClientFlags: true })
        expect(item).toMatchObject({ value: '_a', clientFlags: 16, ttl: expect.closeTo(60, -0.5) })
      },
    )

    context.itSince(
      '1.6.27',
      'take a cas number of the caller’s own',
      (meta, key) => meta.set(key, 'v', { newCas: 77n, returnCas: true }),
      async (result, meta, key) => {
        expect(result).toEqual({ status: 'stored', cas: 77n })
        expect(await meta.cas(key, 'w', 77n, { newCas: 78n })).toEqual({ status: 'stored' })
        expect(await meta.append(key, 'x', { newCas: 79n })).toEqual({ status: 'stored' })
        expect(await meta.get(key, { returnCas: true })).toMatchObject({ value: 'wx', cas: 79n })
      },
    )
  })

  describe('counters', () => {
    it('count up and down in bigints', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.incr(key)).toEqual({ status: 'notFound' })
      await meta.set(key, 100)
      expect(await meta.decr(key)).toEqual({ status: 'hit', value: 99n })
      expect(await meta.get(key)).toMatchObject({ value: 99 })
      expect(await meta.incr(key, 2n ** 63n)).toEqual({ status: 'hit', value: 2n ** 63n + 99n })
      expect(await meta.decr(key, largest)).toEqual({ status: 'hit', value: 0n })
    })

    it('begin by themselves, with their own time', async () => {
      const meta = context.client()
      const key = context.key()
      const options = { initial: 10n, initialTtl: 3600, touch: 60, returnTtl: true, returnCas: true } as const
      expect(await meta.incr(key, 5, options)).toEqual({
        status: 'hit',
        value: 10n,
        ttl: secondsLeft(3600),
        cas: expect.any(BigInt),
      })
      expect(await meta.incr(key, 5, options)).toEqual({
        status: 'hit',
        value: 15n,
        ttl: secondsLeft(60),
        cas: expect.any(BigInt),
      })
      expect(await meta.decr(context.key(), 5, { initialTtl: 0, returnTtl: true })).toEqual({
        status: 'hit',
        value: 0n,
        ttl: Number.POSITIVE_INFINITY,
      })
    })

    it('compare the cas number', async () => {
      const meta = context.client()
      const key = context.key()
      const stored = await meta.set(key, 1, { returnCas: true })
      if (stored.status !== 'stored') throw new Error('not stored')
      expect(await meta.incr(key, 1, { compareCas: stored.cas! + 1n })).toEqual({ status: 'exists' })
      expect(await meta.incr(key, 1, { compareCas: stored.cas! })).toEqual({ status: 'hit', value: 2n })
      expect(await meta.incr(key, 1, { compareCas: stored.cas! })).toEqual({ status: 'exists' })
    })

    it('refuse what is no number, with the server’s word', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'text')
      const error = await rejection(meta.incr(key))
      expect(error).toBeInstanceOf(ClientError)
      expect(error.message).toContain('non-numeric')
      expect(await meta.get(key)).toMatchObject({ value: 'text' })
    })

    context.itSince(
      '1.6.27',
      'take a cas number of the caller’s own',
      async (meta, key) => {
        await meta.set(key, 1)
        return meta.incr(key, 1, { newCas: 77n, returnCas: true })
      },
      (result) => expect(result).toEqual({ status: 'hit', value: 2n, cas: 77n }),
    )
  })
}
