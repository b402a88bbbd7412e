import { describe, expect, it } from 'vitest'
import { accessOf } from '../../../src/client/client-access.ts'
import type { Memcache } from '../../../src/client/memcache.ts'
import { Mark } from '../../../src/recipes/mark.ts'
import { type OnceOutcome, once } from '../../../src/recipes/once.ts'
import { rateLimit } from '../../../src/recipes/rate-limit.ts'
import { Gate } from '../../support/gate.ts'
import type { Context } from '../context.ts'

function markOf(cache: Memcache, name: string): Mark {
  return new Mark({ access: accessOf(cache)!, name, seconds: 100, acceptSplit: false })
}

export function describeRecipes(context: Context): void {
  describe('rateLimit', () => {
    it('lets just the limit through of calls of several clients at a time', async () => {
      const clients = [context.client(), context.client(), context.client().namespace('')]
      const key = context.key()
      const calls = Array.from({ length: 60 }, async (_, at) =>
        rateLimit(clients[at % 3]!, key, { limit: 25, windowSeconds: 36_000, onFailure: 'deny' }),
      )
      const outcomes = await Promise.all(calls)
      expect(outcomes.map(({ degraded }) => degraded)).toEqual(outcomes.map(() => false))
      expect(outcomes.filter(({ allowed }) => allowed)).toHaveLength(25)
      expect(Math.max(...outcomes.map(({ used }) => used))).toBe(25)
    })

    it('takes one write', async () => {
      const cache = context.client()
      const key = context.key()
      const rule = { limit: 5, windowSeconds: 36_000, onFailure: 'deny' } as const
      // Connects; a text connection takes one more to learn that it is one.
      await rateLimit(cache, key, rule)
      const before = cache.metrics().writes.written
      for (let call = 0; call < 4; call++) expect((await rateLimit(cache, key, rule)).allowed).toBe(true)
      expect(cache.metrics().writes.written - before).toBe(4)
    })
  })

  describe('once', () => {
    it('runs the work of one caller of many, and then of the next', async () => {
      const clients = [context.client(), context.client(), context.client()]
      const name = context.key()
      let runs = 0
      for (let round = 1; round <= 3; round++) {
        const [asked, end] = [new Gate(), new Gate()]
        const work = async (): Promise<number> => {
          runs++
          await end.opened
          return round
        }
        let refused = 0
        const calls = Array.from({ length: 30 }, async (_, at): Promise<OnceOutcome<number>> => {
          const outcome = await once(clients[at % 3]!, name, { ttl: 1000 }, work)
          if (!outcome.ran && ++refused === 29) asked.open()
          return outcome
        })
        await asked.opened
        expect(runs).toBe(round)
        end.open()
        const outcomes = await Promise.all(calls)
        expect(outcomes.filter(({ ran }) => ran)).toEqual([{ ran: true, value: round }])
      }
      expect(await clients[0]!.get(`once:${name}`)).toBeUndefined()
    })

    it('renews and removes its own mark, and never that of another caller', async () => {
      const cache = context.client()
      const name = context.key()
      const [first, second] = [markOf(cache, name), markOf(cache, name)]
      expect(await first.add()).toBe(true)
      expect(await second.add()).toBe(false)
      expect(await second.renew({})).toBe(false)
      await second.release()
      expect((await second.look()).owner).toBe('other')
      expect(await first.renew({})).toBe(true)
      expect(await first.renew({})).toBe(true)
      expect((await first.look()).owner).toBe('us')
      await first.release()
      expect((await first.look()).owner).toBe('none')
      expect(await first.renew({})).toBe(false)
    })

    context.itNeeds('clock', 'keeps a mark that is renewed, and loses one that is not', async () => {
      const cache = context.client()
      const mark = markOf(cache, context.key())
      await mark.add()
      context.advanceSeconds(90)
      expect(await mark.renew({})).toBe(true)
      context.advanceSeconds(90)
      expect((await mark.look()).owner).toBe('us')
      context.advanceSeconds(11)
      expect((await mark.look()).owner).toBe('none')
    })
  })
}
