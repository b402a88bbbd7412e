import { describe, expect, it } from 'vitest'
import { BatchError, ClientError, InvalidInputError, SerdeError } from '../../../src/errors.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

export function describeFailures(context: Context): void {
  async function storeBrokenJson(key: string): Promise<void> {
    await context.raw().ask(`set ${key} 32 0 1\r\n{\r\n`)
  }

  describe('failures', () => {
    it.each(['missReads', 'miss'] as const)(
      '%s: a value that cannot be decoded is a miss and an event',
      async (failures) => {
        const cache = context.client({ failures })
        const events = collectCommandErrors(cache)
        const [bad, good] = [context.key(), context.key()]
        await storeBrokenJson(bad)
        await cache.set(good, 1)
        expect(await cache.get(bad)).toBeUndefined()
        expect(await cache.get(bad, { default: 'none' })).toBe('none')
        expect(await cache.gets(bad)).toBeUndefined()
        expect([...(await cache.getMany([bad, good]))]).toEqual([[good, 1]])
        expect(events.length).toBe(4)
        for (const event of events) {
          expect(event.error).toBeInstanceOf(SerdeError)
          expect(event.key).toBe(bad)
          expect(event.server).toBe(context.address())
        }
      },
    )

    it('of a call take the place of those of the client', async () => {
      const loud = context.client()
      const quiet = context.client({ failures: 'miss' })
      const events = collectCommandErrors(loud)
      const [bad, text] = [context.key(), context.key()]
      await storeBrokenJson(bad)
      await loud.set(text, 'text')
      expect(await loud.get(bad, { failures: 'missReads' })).toBeUndefined()
      expect(await loud.get(bad, { failures: 'miss', default: 'none' })).toBe('none')
      expect(await loud.getMany([bad], { failures: 'missReads' })).toEqual(new Map())
      expect(await loud.incr(text, 1, { failures: 'miss' })).toBeUndefined()
      expect(await loud.namespace('').get(bad, { failures: 'missReads' })).toBeUndefined()
      expect(events.length).toBe(5)
      expect(await rejection(loud.get(bad))).toBeInstanceOf(SerdeError)
      expect(await rejection(loud.incr(text, 1, { failures: 'missReads' }))).toBeInstanceOf(ClientError)
      expect(await rejection(quiet.get(bad, { failures: 'throw' }))).toBeInstanceOf(SerdeError)
      expect(await rejection(quiet.getMany([bad], { failures: 'throw' }))).toBeInstanceOf(BatchError)
      expect(await rejection(quiet.incr(text, 1, { failures: 'missReads' }))).toBeInstanceOf(ClientError)
    })

    it('of a call are one of three', async () => {
      const cache = context.client()
      const failures = 'ignore' as 'miss'
      for (const call of [
        cache.get(context.key(), { failures }),
        cache.set(context.key(), 1, { failures }),
        cache.getMany([context.key()], { failures }),
        cache.getOrSet(context.key(), () => 1, { failures, lease: 'key' }),
      ]) {
        const error = await rejection(call)
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message).toContain("failures must be 'throw', 'missReads' or 'miss'")
      }
      const typo = await rejection(cache.get(context.key(), { failure: 'miss' } as object))
      expect(typo.message).toContain('failures')
    })

    it('missReads: a write still fails loudly', async () => {
      const cache = context.client({ failures: 'missReads' })
      const key = context.key()
      await cache.set(key, 'text')
      expect(await rejection(cache.incr(key))).toBeInstanceOf(ClientError)
    })

    it('miss: a failed incr is undefined and an event', async () => {
      const cache = context.client({ failures: 'miss' })
      const events = collectCommandErrors(cache)
      const key = context.key()
      await cache.set(key, 'text')
      expect(await cache.incr(key)).toBeUndefined()
      expect(await cache.decr(key)).toBeUndefined()
      expect(events.map((event) => event.error.constructor)).toEqual([ClientError, ClientError])
    })

    it('miss: a set that the server refuses is false, in a batch the key not stored', async () => {
      const cache = context.client({ failures: 'miss' })
      const events = collectCommandErrors(cache)
      const [big, small] = [context.key(), context.key()]
      const tooLarge = context.tooLarge()
      expect(await cache.set(big, tooLarge)).toBe(false)
      expect(await cache.setMany({ [big]: tooLarge, [small]: 1 })).toEqual([big])
      expect(await cache.get(small)).toBe(1)
      expect(events.length).toBe(2)
    })

    it('miss: bad input still throws', async () => {
      const cache = context.client({ failures: 'miss' })
      expect(await rejection(cache.get(''))).toBeInstanceOf(InvalidInputError)
      expect(await rejection(cache.set(context.key(), 1, { ttl: 1.5 }))).toBeInstanceOf(InvalidInputError)
    })
  })
}
