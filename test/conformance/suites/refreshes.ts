import { describe, expect } from 'vitest'
import { LoadError } from '../../../src/errors.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { eventually } from '../../support/eventually.ts'
import { Gate } from '../../support/gate.ts'
import { notCalled } from '../../support/held-load.ts'
import type { Context } from '../context.ts'

export function describeRefreshes(context: Context): void {
  describe('a stale value', () => {
    context.itNeeds('meta', 'stays for plain readers, and is loaded anew by one caller in the background', async () => {
      const [cache, other] = [context.client(), context.client()]
      const key = context.key()
      await cache.set(key, 'old', { ttl: 1000 })
      expect(await cache.invalidate(key, { staleFor: 100 })).toBe(true)
      expect(await cache.get(key)).toBe('old')
      expect((await cache.inspect(key))?.ttl).toBeLessThanOrEqual(100)
      const gate = new Gate()
      const seen: unknown[] = []
      const load = async ({ stale }: { stale?: string }): Promise<string> => {
        seen.push(stale)
        await gate.opened
        return 'new'
      }
      for (const each of [cache, other, cache]) expect(await each.getOrSet(key, load, { ttl: 1000 })).toBe('old')
      expect(seen).toEqual(['old'])
      gate.open()
      await eventually(async () => expect(await other.get(key)).toBe('new'))
      expect(await other.getOrSet(key, notCalled)).toBe('new')
    })

    context.itNeeds('meta', 'is not there when nothing is', async () => {
      expect(await context.client().invalidate(context.key(), { staleFor: 10 })).toBe(false)
    })

    context.itNeeds('meta', 'stays, and is tried again, when its loader fails; the failure is an event', async () => {
      const cache = context.client()
      const events = collectCommandErrors(cache)
      const key = context.key()
      await cache.set(key, 'old', { ttl: 1000 })
      await cache.invalidate(key, { staleFor: 100 })
      const failure = new Error('the database is down')
      expect(await cache.getOrSet(key, () => Promise.reject(failure))).toBe('old')
      await eventually(() => expect(events.length).toBe(1))
      expect(events[0]!.error).toBeInstanceOf(LoadError)
      expect(events[0]!.error.cause).toBe(failure)
      expect(events[0]!.key).toBe(key)
      expect(await cache.getOrSet(key, () => 'new', { ttl: 1000 })).toBe('old')
      await eventually(async () => expect(await cache.get(key)).toBe('new'))
    })

    context.itNeeds('meta', 'goes when the loader says that there is nothing', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'old')
      await cache.invalidate(key, { staleFor: 100 })
      expect(await cache.getOrSet<string | undefined>(key, () => undefined)).toBe('old')
      await eventually(async () => expect(await cache.get(key)).toBeUndefined())
    })

    context.itNeeds(['meta', 'cas'], 'that is deleted while it is loaded anew stays deleted', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 'old')
      await cache.invalidate(key, { staleFor: 100 })
      const gate = new Gate()
      expect(await cache.getOrSet(key, () => gate.opened.then(() => 'new'))).toBe('old')
      await cache.delete(key)
      gate.open()
      await cache.close()
      expect(await context.client().get(key)).toBeUndefined()
    })
  })

  describe('refreshAhead', () => {
    context.itNeeds('meta', 'loads anew what is nearly expired, once, while everybody gets the old value', async () => {
      const [cache, other] = [context.client(), context.client()]
      const [near, far] = [context.key(), context.key()]
      await cache.set(near, 'old', { ttl: 50 })
      await cache.set(far, 'old', { ttl: 500 })
      let loads = 0
      const gate = new Gate()
      const load = async (): Promise<string> => {
        loads++
        await gate.opened
        return 'new'
      }
      const options = { ttl: 500, refreshAhead: 100 }
      for (const each of [cache, other, other]) expect(await each.getOrSet(near, load, options)).toBe('old')
      expect(await cache.getOrSet(far, notCalled, options)).toBe('old')
      gate.open()
      await eventually(async () => expect(await other.get(near)).toBe('new'))
      expect(loads).toBe(1)
    })
  })

  describe('staleOnError', () => {
    context.itNeeds(['meta', 'clock'], 'gives the old value when the loader fails after its time', async () => {
      const cache = context.client()
      const events = collectCommandErrors(cache)
      const key = context.key()
      const options = { ttl: 10, staleOnError: 100 }
      expect(await cache.getOrSet(key, () => 'old', options)).toBe('old')
      expect(await cache.getOrSet(key, notCalled, options)).toBe('old')
      context.advanceSeconds(15)
      expect(await cache.getOrSet(key, failing, options)).toBe('old')
      expect(events.map(({ error }) => error.message)).toEqual([expect.stringContaining('the database is down')])
      context.advanceSeconds(120)
      await expect(cache.getOrSet(key, failing, options)).rejects.toThrow('the database is down')
    })

    context.itNeeds(['meta', 'clock'], 'gives the new value when the loader does not fail', async () => {
      const [cache, other] = [context.client(), context.client()]
      const key = context.key()
      const options = { ttl: 10, staleOnError: 100 }
      await cache.getOrSet(key, () => 'old', options)
      context.advanceSeconds(15)
      const started = new Gate()
      const gate = new Gate()
      let loads = 0
      const load = async (): Promise<string> => {
        loads++
        started.open()
        await gate.opened
        return 'new'
      }
      const calls = [cache, other, cache].map((each) => each.getOrSet(key, load, options))
      await started.opened
      gate.open()
      expect(await Promise.all(calls)).toEqual(['new', 'new', 'new'])
      expect(loads).toBe(1)
    })
  })
}

function failing(): never {
  throw new Error('the database is down')
}
