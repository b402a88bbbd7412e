import { describe, expect } from 'vitest'
import { BatchError, InvalidInputError, MemcacheError } from '../../../src/errors.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { rejection, settle } from '../../support/eventually.ts'
import { missingMetaError } from '../capabilities.ts'
import type { Context } from '../context.ts'

/** What a server cannot do says so, in the documented way, and does no harm to anything else. */
export function describeLacks(context: Context): void {
  const { itLacks } = context

  describe('where it is missing', () => {
    itLacks('anyByteKeys', 'a key with white space or control characters is refused by every command', async () => {
      const cache = context.client()
      await cache.set(context.key(), 1)
      for (const key of ['two words', Buffer.from([1, 2, 3]), 'tab\tbed']) {
        for (const call of [
          () => cache.get(key),
          () => cache.gets(key),
          () => cache.gat(key, 5),
          () => cache.has(key),
          () => cache.set(key, 1),
          () => cache.add(key, 1),
          () => cache.append(key, 'a'),
          () => cache.cas(key, 1, 5n),
          () => cache.delete(key),
          () => cache.touch(key, 5),
          () => cache.incr(key),
          () => cache.pop(key),
        ]) {
          const error = await rejection(call())
          expect(error).toBeInstanceOf(missingMetaError(context.target))
          expect((error as MemcacheError).delivery).toBe('not-sent')
          expect(error.message).toContain('meta protocol')
        }
      }
      const [good, bad] = [context.key(), 'two words']
      await cache.set(good, 1)
      const error = await rejection(cache.getMany([good, bad]))
      expect(error).toSatisfy((reason) => reason instanceof BatchError || reason instanceof InvalidInputError)
      expect(await cache.get(good)).toBe(1)
    })

    itLacks('meta', 'inspect and invalidate say that they need it', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      for (const call of [() => cache.inspect(key), () => cache.invalidate(key, { staleFor: 5 })]) {
        const error = await rejection(call())
        expect(error).toBeInstanceOf(missingMetaError(context.target))
        expect(error.message).toContain('meta protocol')
      }
      expect(await cache.get(key)).toBe(1)
    })

    itLacks(
      'quietErrors',
      'a quiet value that is too large is dropped, and the old one deleted, without a word',
      async () => {
        const cache = context.client()
        const key = context.key()
        const events = collectCommandErrors(cache)
        await cache.set(key, 'old')
        // Where quiet commands are answered all the same, that costs the connection, and is an event.
        if (context.target.lacks.has('silentNoreply')) return
        await cache.noreply.set(key, context.tooLarge())
        expect(await cache.get(key)).toBeUndefined()
        expect(events).toEqual([])
      },
    )

    itLacks('cas', 'cas, pop and update say so', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      const seen = await cache.gets(key)
      expect(seen?.cas).toBe(0n)
      for (const call of [
        () => cache.cas(key, 2, seen!.cas),
        () => cache.pop(key),
        () => cache.update<number>(key, (value = 0) => value + 1),
      ]) {
        const error = await rejection(call())
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message).toContain('cas numbers')
      }
      expect(await cache.get(key)).toBe(1)
    })

    itLacks(
      'admin',
      'a command to a server ends with a clear error or its answer, and the connection of the others stays',
      async () => {
        const cache = context.client({ timeoutMs: 2000 })
        const key = context.key()
        await cache.set(key, 1)
        for (const call of [
          () => cache.stats(),
          () => cache.flushAll(),
          () => cache.verbosity(0),
          () => cache.cacheMemlimit(64),
        ]) {
          // Proxies carry out some of them.
          const outcome = await settle<unknown>(call())
          if (outcome.status === 'fulfilled') continue
          expect(outcome.reason).toBeInstanceOf(BatchError)
          expect([...(outcome.reason as BatchError).failed.values()][0]).toBeInstanceOf(MemcacheError)
        }
        expect(cache.servers[0]?.connections.open).toBe(1)
        expect(await cache.set(key, 2)).toBe(true)
      },
    )
  })
}
