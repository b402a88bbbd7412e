import { describe, expect, it } from 'vitest'
import { secondsLeft } from '../../support/seconds.ts'
import type { MetaContext } from './meta-context.ts'

const nobody = { stale: false, won: false, alreadyWon: false }
const won = { ...nobody, won: true }
const lost = { ...nobody, alreadyWon: true }

export function describeMetaLeases(context: MetaContext): void {
  describe('leases', () => {
    it('let one caller make a value that is missing, and the others wait', async () => {
      const meta = context.client()
      const other = context.client()
      const key = context.key()
      const first = await meta.get(key, { vivify: 30, returnCas: true, returnTtl: true })
      expect(first).toEqual({ status: 'hit', value: undefined, ...won, cas: expect.any(BigInt), ttl: 30 })
      expect(await other.get(key, { vivify: 30 })).toEqual({ status: 'hit', value: undefined, ...lost })
      if (first.status !== 'hit') throw new Error('no hit')
      expect(await meta.cas(key, 'made', first.cas!)).toEqual({ status: 'stored' })
      expect(await other.get(key, { vivify: 30 })).toEqual({ status: 'hit', value: 'made', ...nobody })
    })

    it('are lost by a delete in between', async () => {
      const meta = context.client()
      const key = context.key()
      const lease = await meta.get(key, { vivify: 30, returnCas: true })
      await context.client().delete(key)
      if (lease.status !== 'hit') throw new Error('no hit')
      expect(await meta.cas(key, 'late', lease.cas!)).toEqual({ status: 'notFound' })
    })

    it('elect one caller when little time is left', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'old', { ttl: 50 })
      expect(await meta.get(key, { recache: 10 })).toEqual({ status: 'hit', value: 'old', ...nobody })
      expect(await meta.get(key, { recache: 100 })).toEqual({ status: 'hit', value: 'old', ...won })
      expect(await meta.get(key, { recache: 100 })).toEqual({ status: 'hit', value: 'old', ...lost })
    })

    it('look at the time that was left before it is renewed', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'old', { ttl: 50 })
      expect(await meta.gat(key, 5000, { recache: 100, returnTtl: true })).toEqual({
        status: 'hit',
        value: 'old',
        ...won,
        ttl: secondsLeft(5000),
      })
    })

    it('keep the time of vivify for what is new, and renew what is there', async () => {
      const meta = context.client()
      const key = context.key()
      const options = { vivify: 30, touch: 5000, returnTtl: true } as const
      expect(await meta.get(key, options)).toMatchObject({ won: true, ttl: secondsLeft(30) })
      expect(await meta.get(key, options)).toMatchObject({ alreadyWon: true, ttl: secondsLeft(5000) })
    })

    it('give the stale value to all and the turn to one', async () => {
      const meta = context.client()
      const key = context.key()
      await meta.set(key, 'old', { ttl: 500 })
      expect(await meta.invalidate(key, { ttl: 30 })).toEqual({ status: 'ok' })
      expect(await meta.get(key, { returnTtl: true })).toEqual({
        status: 'hit',
        value: 'old',
        ...won,
        stale: true,
        ttl: secondsLeft(30),
      })
      expect(await meta.get(key)).toEqual({ status: 'hit', value: 'old', ...lost, stale: true })
      expect(await meta.touch(key, 40)).toEqual({ status: 'ok', ...lost, stale: true })
      await meta.invalidate(key)
      expect(await meta.touch(key, 40)).toEqual({ status: 'ok', ...won, stale: true })
      await meta.set(key, 'new')
      expect(await meta.get(key)).toEqual({ status: 'hit', value: 'new', ...nobody })
    })

    it('know an invalidation by its cas number', async () => {
      const meta = context.client()
      const key = context.key()
      expect(await meta.invalidate(key)).toEqual({ status: 'notFound' })
      const stored = await meta.set(key, 'old', { returnCas: true })
      if (stored.status !== 'stored') throw new Error('not stored')
      expect(await meta.invalidate(key, { compareCas: stored.cas! + 1n })).toEqual({ status: 'exists' })
      expect(await meta.invalidate(key, { compareCas: stored.cas! })).toEqual({ status: 'ok' })
      expect(await meta.cas(key, 'late', stored.cas!)).toEqual({ status: 'exists' })
    })

    it('are left by a store with an older cas number, which is stale at once', async () => {
      const meta = context.client()
      const key = context.key()
      const old = await meta.set(key, 'first', { returnCas: true })
      await meta.set(key, 'second')
      if (old.status !== 'stored') throw new Error('not stored')
      expect(await meta.set(key, 'late', { compareCas: old.cas!, invalidate: true })).toEqual({ status: 'stored' })
      expect(await meta.get(key)).toEqual({ status: 'hit', value: 'late', ...won, stale: true })
      const newer = { compareCas: 2n ** 63n, invalidate: true } as const
      expect(await meta.set(key, 'never', newer)).toEqual({ status: 'exists' })
    })

    context.itSince(
      '1.6.27',
      'can drop the value and keep the item for a while',
      async (meta, key) => {
        await meta.set(key, 'old', { clientFlags: 16 })
        return meta.invalidate(key, { ttl: 60, dropValue: true, newCas: 500n })
      },
      async (result, meta, key) => {
        expect(result).toEqual({ status: 'ok' })
        const options = {
          vivify: 30,
          returnCas: true,
          returnTtl: true,
          returnClientFlags: true,
          returnSize: true,
        } as const
        expect(await meta.get(key, options)).toEqual({
          status: 'hit',
          value: undefined,
          ...won,
          stale: true,
          cas: 500n,
          ttl: expect.closeTo(60, -0.5),
          clientFlags: 0,
          size: 0,
        })
      },
    )

    context.itSince(
      '1.6.27',
      'take a cas number of the caller’s own',
      (meta, key) => meta.get(key, { vivify: 30, newCas: 77n, returnCas: true }),
      async (result, meta, key) => {
        expect(result).toEqual({ status: 'hit', value: undefined, ...won, cas: 77n })
        expect(await meta.cas(key, 'made', 77n)).toEqual({ status: 'stored' })
      },
    )
  })
}
