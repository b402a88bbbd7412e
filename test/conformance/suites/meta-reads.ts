import { describe, expect, it } from 'vitest'
import { secondsLeft } from '../../support/seconds.ts'
import type { MetaContext } from './meta-context.ts'

const lease = { stale: false, won: false, alreadyWon: false }
const never = Number.POSITIVE_INFINITY

export function describeMetaReads(context: MetaContext): void {
  describe('reads', () => {
    it('give the value through the serde, or a miss', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.get(key)).toEqual({ status: 'miss' })
      for (const value of ['text', 42, 7n, { a: [1] }, Buffer.from([0, 255]), null, '']) {
        expect(await meta.set(key, value)).toEqual({ status: 'stored' })
        expect(await meta.get(key)).toEqual({ status: 'hit', value, ...lease })
      }
    })

    it('give the metadata that was asked for', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'five!', { ttl: 1000, clientFlags: 16 })
      const options = {
        returnCas: true,
        returnTtl: true,
        returnHitBefore: true,
        returnLastAccess: true,
        returnSize: true,
        returnClientFlags: true,
        returnKey: true,
        opaque: 'mine',
      } as const
      const first = await meta.get(key, options)
      expect(first).toEqual({
        status: 'hit',
        value: 'five!',
        ...lease,
        key,
        opaque: 'mine',
        cas: expect.any(BigInt),
        ttl: expect.any(Number),
        hitBefore: false,
        lastAccess: expect.any(Number),
        size: 5,
        clientFlags: 16,
      })
      const second = await meta.get(key, options)
      if (first.status !== 'hit' || second.status !== 'hit') throw new Error('no hit')
      expect(first.ttl).toBeGreaterThan(900)
      expect(first.ttl).toBeLessThanOrEqual(1000)
      expect(second).toMatchObject({ cas: first.cas, hitBefore: true })
    })

    it('say Infinity of what never expires', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 1)
      expect(await meta.get(key, { value: false, returnTtl: true })).toEqual({
        status: 'hit',
        value: undefined,
        ...lease,
        ttl: never,
      })
    })

    it('without the value leave nothing of it', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.get(key, { value: false })).toEqual({ status: 'miss' })
      await meta.set(key, { large: 'x'.repeat(100_000) })
      expect(await meta.get(key, { value: false, returnSize: true })).toMatchObject({ value: undefined, size: 100_012 })
    })

    it('with noLruBump leave no trace', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 1)
      const options = { noLruBump: true, returnHitBefore: true } as const
      await meta.get(key, options)
      expect(await meta.get(key, options)).toMatchObject({ hitBefore: false })
      await meta.get(key)
      expect(await meta.get(key, options)).toMatchObject({ hitBefore: true })
    })

    it('renew the time to live, and tell it as it is then', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'value', { ttl: 50 })
      expect(await meta.get(key, { touch: 5000, returnTtl: true })).toMatchObject({
        value: 'value',
        ttl: secondsLeft(5000),
      })
      expect(await meta.gat(key, 0, { returnTtl: true })).toMatchObject({ value: 'value', ttl: never })
      expect(await meta.touch(key, 70)).toEqual({ status: 'ok', ...lease })
      expect(await context.raw().ask(`mg ${key} t\r\n`)).toMatch(/^HD t(70|69)\r\n$/)
      expect(await meta.gat(context.key(), 5)).toEqual({ status: 'miss' })
      expect(await meta.touch(context.key(), 5)).toEqual({ status: 'notFound' })
    })

    it('take keys of any bytes', async () => {
      const meta = context.client()
      for (const key of [`${context.key()} mg x\r\nflush_all`, 'schlüssel', Uint8Array.of(0, 10, 13, 255), ' ']) {
        expect(await meta.set(key, 'v', { returnKey: true })).toEqual({ status: 'stored', key })
        expect(await meta.get(key, { returnKey: true })).toEqual({ status: 'hit', value: 'v', ...lease, key })
        expect(await meta.delete(key, { returnKey: true })).toEqual({ status: 'ok', key })
        expect(await meta.get(key, { returnKey: true })).toEqual({ status: 'miss', key })
      }
    })

    it('stay in step when a server forgets that a key is in base64', async () => {
      const meta = context.client()
      const key = `${context.key()}\r\nEN O2\r\n`
      const found = await Promise.all([
        meta.get(key, { vivify: 30, returnKey: true }),
        meta.incr(`${key}n`, 1, { initialTtl: 30, returnKey: true }),
        meta.get(key, { returnKey: true }),
        meta.incr(`${key}n`, 1, { returnKey: true }),
      ])
      expect(found.map(({ status }) => status)).toEqual(['hit', 'hit', 'hit', 'hit'])
      expect(await meta.get(key, { returnKey: true })).toMatchObject({ status: 'hit', key })
    })

    it('give large values with their metadata', async () => {
      const meta = context.client()
      const key = context.key()
      const value = Buffer.alloc(900_000, 'large')
      const stored = await meta.set(key, value, { returnCas: true, ttl: 500 })
      if (stored.status !== 'stored') throw new Error('not stored')
      const result = await meta.get(key, { returnCas: true, returnSize: true, returnKey: true })
      expect(result).toMatchObject({ status: 'hit', ...lease, key, cas: stored.cas, size: 900_000 })
      // Byte by byte, the matcher would take seconds.
      expect(result.status === 'hit' && value.equals(result.value as Buffer)).toBe(true)
    })

    it('tell what the server keeps', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.debug(key)).toEqual({ status: 'miss' })
      const stored = await meta.set(key, 'v', { ttl: 1000, returnCas: true })
      if (stored.status !== 'stored') throw new Error('not stored')
      await meta.get(key)
      const result = await meta.debug(key)
      expect(result).toEqual({
        status: 'hit',
        ttl: expect.any(Number),
        lastAccess: expect.any(Number),
        cas: stored.cas,
        fetched: true,
        slabClass: expect.any(Number),
        size: expect.any(Number),
      })
      if (result.status !== 'hit') throw new Error('no hit')
      expect(result.ttl).toBeGreaterThan(900)
      expect(result.ttl).toBeLessThanOrEqual(1000)
      expect(result.size).toBeGreaterThan(key.length)
      await meta.touch(key, 0)
      expect(await meta.debug(key)).toMatchObject({ ttl: never })
    })

    context.itSince(
      '1.6.40',
      'with unlessCas leave out a value that the caller has',
      async (meta, key) => {
        const stored = await meta.set(key, 'v', { returnCas: true })
        if (stored.status !== 'stored') throw new Error('not stored')
        return meta.get(key, { unlessCas: stored.cas!, returnCas: true })
      },
      async (result, meta, key) => {
        expect(result).toEqual({ status: 'hit', value: undefined, ...lease, unchanged: true, cas: expect.any(BigInt) })
        expect(await meta.get(key, { unlessCas: 1n })).toEqual({
          status: 'hit',
          value: 'v',
          ...lease,
          unchanged: false,
        })
      },
    )
  })
}
