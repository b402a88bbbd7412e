import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { FOREVER } from '../../../src/ttl.ts'
import { eventually, rejection } from '../../support/eventually.ts'
import type { Context } from '../context.ts'

const day = 86_400
/** Some seconds may pass on a busy machine, and the server's clock ticks once a second. */
const toleranceSeconds = 60
/** Beyond 30 days a point in time travels, and memcached's own clock is up to 3 seconds late. */
const clockLagSeconds = 3

export function describeTtl(context: Context): void {
  /** Seconds left as the server says; -1 = never expires. */
  async function secondsLeft(key: string): Promise<number> {
    const reply = await context.raw().ask(`mg ${key} t\r\n`)
    return Number(/^HD t(-?\d+)/.exec(reply)?.[1] ?? Number.NaN)
  }

  async function expectLeft(key: string, seconds: number): Promise<void> {
    const left = await secondsLeft(key)
    expect(left).toBeGreaterThan(seconds - toleranceSeconds)
    expect(left).toBeLessThanOrEqual(seconds > 30 * day ? seconds + clockLagSeconds : seconds)
  }

  describe('ttl', () => {
    it('is never by default and with 0', async () => {
      const cache = context.client()
      const [first, second] = [context.key(), context.key()]
      await cache.set(first, 1)
      await cache.set(second, 1, { ttl: 0 })
      expect(await secondsLeft(first)).toBe(-1)
      expect(await secondsLeft(second)).toBe(-1)
    })

    it.each([100, 30 * day, 30 * day + 1, 400 * day])('of %i seconds arrives as that', async (ttl) => {
      const key = context.key()
      await context.client().set(key, 1, { ttl })
      await expectLeft(key, ttl)
    })

    it('of a date is the time until then', async () => {
      const cache = context.client()
      const [near, far] = [context.key(), context.key()]
      await cache.set(near, 1, { ttl: new Date(Date.now() + 99_500) })
      await cache.set(far, 1, { ttl: new Date(Date.now() + 60 * day * 1000) })
      await expectLeft(near, 100)
      await expectLeft(far, 60 * day)
    })

    it('of a date that is nearly there does not become "never"', async () => {
      const key = context.key()
      const cache = context.client()
      // A busy machine may use up the time until the date, and then the call is refused: another one is tried.
      await eventually(() => cache.set(key, 1, { ttl: new Date(Date.now() + 900) }))
      // It may be gone meanwhile, too.
      expect(await secondsLeft(key)).not.toBe(-1)
    })

    it('of a date that has passed is refused', async () => {
      const cache = context.client()
      expect(await rejection(cache.set(context.key(), 1, { ttl: new Date(1) }))).toBeInstanceOf(InvalidInputError)
    })

    it('is set by touch, and made never by touch with 0', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 1)
      await cache.touch(key, 200)
      await expectLeft(key, 200)
      await cache.touch(key, 0)
      expect(await secondsLeft(key)).toBe(-1)
    })

    it('arrives with setMany', async () => {
      const cache = context.client()
      const [one, two] = [context.key(), context.key()]
      await cache.setMany({ [one]: 1, [two]: 2 }, { ttl: 300 })
      await expectLeft(one, 300)
      await expectLeft(two, 300)
    })

    context.itNeeds('cas', 'arrives with cas', async () => {
      const cache = context.client()
      const key = context.key()
      await cache.set(key, 2)
      const current = await cache.gets(key)
      expect(await cache.cas(key, 3, current!.cas, { ttl: 500 })).toBe('stored')
      await expectLeft(key, 500)
    })

    it('defaults to defaultTtl, and a call overrides it', async () => {
      const cache = context.client({ defaultTtl: 700 })
      const [first, second, third] = [context.key(), context.key(), context.key()]
      await cache.set(first, 1)
      await cache.set(second, 1, { ttl: 0 })
      await cache.setMany({ [third]: 1 })
      await expectLeft(first, 700)
      expect(await secondsLeft(second)).toBe(-1)
      await expectLeft(third, 700)
    })

    it('is shortened by up to the jitter, never lengthened, and differs', async () => {
      const cache = context.client({ ttlJitter: 0.5 })
      const keys = Array.from({ length: 40 }, () => context.key())
      await cache.setMany(
        keys.map((key) => [key, 1]),
        { ttl: 10_000 },
      )
      const left: number[] = []
      for (const key of keys) left.push(await secondsLeft(key))
      expect(Math.max(...left)).toBeLessThanOrEqual(10_000)
      expect(Math.min(...left)).toBeGreaterThanOrEqual(5000 - toleranceSeconds)
      expect(new Set(left).size).toBeGreaterThan(5)
    })

    it('must be given with requireTtl, by the call or by its namespace', async () => {
      const cache = context.client({ requireTtl: true })
      const [key, other] = [context.key(), context.key()]
      const users = cache.namespace(`${key}:`, { ttl: 300 })
      for (const refused of [
        () => cache.set(key, 1),
        () => cache.add(key, 1, { clientFlags: 1 }),
        () => cache.setMany({ [key]: 1 }),
        () => cache.incr(key, 1, { initial: 0 }),
        () => cache.update(key, () => 1),
        () => cache.getOrSet(key, () => 1, { lease: 'key' }),
        () => cache.namespace(`${key}:`).set('a', 1),
      ]) {
        const error = await rejection(refused())
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message).toContain('requireTtl')
      }
      expect(await cache.get(key)).toBeUndefined()
      await cache.set(key, 1, { ttl: 200 })
      await cache.set(other, 1, { ttl: FOREVER })
      await users.set('a', 1)
      await expectLeft(key, 200)
      expect(await secondsLeft(other)).toBe(-1)
      await expectLeft(`${key}:a`, 300)
    })

    it('is maxTtl at most, also of what is to live for ever', async () => {
      const cache = context.client({ maxTtl: 500 })
      const [never, far, near, late, touched, counter] = Array.from({ length: 6 }, () => context.key())
      await cache.set(never!, 1)
      await cache.setMany({ [far!]: 1 }, { ttl: 40 * day })
      await cache.set(near!, 1, { ttl: 300 })
      await cache.add(late!, 1, { ttl: new Date(Date.now() + 90 * day * 1000) })
      await cache.set(touched!, 1, { ttl: 10 })
      await cache.touch(touched!, 0)
      await cache.incr(counter!, 1, { initial: 1 })
      for (const key of [never!, far!, late!, touched!, counter!]) await expectLeft(key, 500)
      await expectLeft(near!, 300)
      expect(await cache.append(never!, '0')).toBe(true)
      expect(await cache.get(never!)).toBe(10)
    })

    it('of more than 30 days as maxTtl is a limit too', async () => {
      const key = context.key()
      await context.client({ maxTtl: 60 * day }).set(key, 1)
      await expectLeft(key, 60 * day)
    })

    context.itNeeds(
      'clock',
      'makes the item go when it has passed, and touch renews it',
      async () => {
        const cache = context.client()
        const [short, renewed, immortal] = [context.key(), context.key(), context.key()]
        await cache.set(short, 1, { ttl: 50 })
        await cache.set(renewed, 1, { ttl: 50 })
        await cache.set(immortal, 1)
        await cache.touch(renewed, 100)
        context.advanceSeconds(51)
        expect(await cache.get(short)).toBeUndefined()
        expect(await cache.get(renewed)).toBe(1)
        context.advanceSeconds(100)
        expect(await cache.get(renewed)).toBeUndefined()
        expect(await cache.get(immortal)).toBe(1)
      },
      {
        title: 'makes the item go when it has passed on the server’s own clock, and touch renews it',
        test: async () => {
          const cache = context.client()
          const [short, renewed, immortal] = [context.key(), context.key(), context.key()]
          await cache.set(immortal, 1)
          // It may be over before the machine comes to the touch.
          await eventually(async () => {
            await cache.setMany({ [short]: 1, [renewed]: 1 }, { ttl: 1 })
            expect(await cache.touch(renewed, 100)).toBe(true)
          })
          await eventually(async () => expect(await cache.get(short)).toBeUndefined(), 10_000)
          expect([...(await cache.getMany([short, renewed, immortal]))]).toEqual([
            [renewed, 1],
            [immortal, 1],
          ])
        },
      },
    )
  })
}
