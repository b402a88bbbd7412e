import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { type RateLimitRule, rateLimit } from '../../../src/recipes/rate-limit.ts'
import { fail } from '../../../src/seam/answer.ts'
import type { Middleware } from '../../../src/seam/operation.ts'
import { MockMemcache } from '../../../src/testing/mock-memcache.ts'
import { collectCommandErrors } from '../../support/command-errors.ts'
import { rejection } from '../../support/eventually.ts'

/** The first millisecond of an hour, so that of a window as well. */
const START = Date.UTC(2026, 0, 1)

const rule: RateLimitRule = { limit: 3, windowSeconds: 80, onFailure: 'deny' }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: START })
})

afterEach(() => {
  vi.useRealTimers()
})

function at(seconds: number): void {
  vi.setSystemTime(START + seconds * 1000)
}

async function answers(cache: MockMemcache, calls: number, more: Partial<RateLimitRule> = {}): Promise<boolean[]> {
  const outcomes: boolean[] = []
  for (let call = 0; call < calls; call++) outcomes.push((await rateLimit(cache, 'ada', { ...rule, ...more })).allowed)
  return outcomes
}

describe.each(['meta', 'text'] as const)('rateLimit, protocol %s', (protocol) => {
  it('lets the first calls through, says how many count, and when one more passes', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    expect(await rateLimit(cache, 'ada', rule)).toEqual({ allowed: true, used: 1, resetSeconds: 0, degraded: false })
    expect(await rateLimit(cache, 'ada', rule)).toEqual({ allowed: true, used: 2, resetSeconds: 0, degraded: false })
    // Window and part that the first call is in must pass: nine parts of 10 seconds.
    expect(await rateLimit(cache, 'ada', rule)).toEqual({ allowed: true, used: 3, resetSeconds: 90, degraded: false })
    at(4.5)
    expect(await rateLimit(cache, 'ada', rule)).toEqual({ allowed: false, used: 3, resetSeconds: 86, degraded: false })
    expect((await rateLimit(cache, 'bob', rule)).allowed).toBe(true)
  })

  it('lets a call pass when it said that one would', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    await answers(cache, 2)
    at(25)
    await answers(cache, 1)
    const { allowed, resetSeconds } = await rateLimit(cache, 'ada', rule)
    expect([allowed, resetSeconds]).toEqual([false, 65])
    at(25 + 64.9)
    expect(await answers(cache, 1)).toEqual([false])
    at(25 + 65)
    expect(await answers(cache, 3)).toEqual([true, true, false])
  })

  it('does not count refused calls', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    for (let second = 0; second < 90; second += 3) {
      at(second)
      const allowed = await answers(cache, 5)
      expect(allowed.filter(Boolean)).toHaveLength(second === 0 ? 3 : 0)
    }
    at(90)
    expect(await answers(cache, 5)).toEqual([true, true, true, false, false])
  })

  it('has counters of their own for windows of another length', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    expect(await answers(cache, 4)).toEqual([true, true, true, false])
    expect(await answers(cache, 4, { windowSeconds: 1 })).toEqual([true, true, true, false])
  })

  it('counts for a namespace apart, and anew after it is cleared', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    const names = cache.namespace('n:', { generations: { refreshMs: 1 } })
    const once = { ...rule, limit: 1 }
    expect((await rateLimit(cache, 'ada', once)).allowed).toBe(true)
    expect((await rateLimit(names, 'ada', once)).allowed).toBe(true)
    expect((await rateLimit(names, 'ada', once)).allowed).toBe(false)
    await names.clear()
    expect((await rateLimit(names, 'ada', once)).allowed).toBe(true)
  })

  it('takes one write for a call, and a second one for the first call that is refused', async () => {
    const cache = new MockMemcache(undefined, { protocol })
    // Learns the protocol.
    await rateLimit(cache, 'warm', rule)
    const counts: number[] = []
    for (let call = 0; call < 7; call++) {
      cache.resetMetrics()
      await rateLimit(cache, 'ada', rule)
      // The note of the first refusal is not waited for.
      await cache.get('other')
      counts.push(cache.metrics().writes.written - 1)
    }
    expect(counts).toEqual(
      [1, 1, 1, 2, 1, 1, 1].map((writes, call) => (call === 3 ? expect.toBeOneOf([1, 2]) : writes)),
    )
  })

  it.each([
    ['allow', true],
    ['deny', false],
  ] as const)('with onFailure %s, is degraded while the cache is down, and reports it', async (onFailure, allowed) => {
    const cache = new MockMemcache(undefined, { protocol, failures: 'miss' })
    const errors = collectCommandErrors(cache)
    for (const command of ['incr', 'get'] as const) {
      cache.fail({ command, error: 'down' })
      const outcome = await rateLimit(cache, 'ada', { ...rule, onFailure })
      expect(outcome).toEqual({ allowed, used: 0, resetSeconds: 0, degraded: true })
      cache.heal()
    }
    expect(errors).toHaveLength(2)
    expect((await rateLimit(cache, 'ada', rule)).degraded).toBe(false)
  })

  it('lets too few through, and never too many, when the note of a refusal is lost', async () => {
    let increments = 0
    const lossy: Middleware = (next) => ({
      dispatch: (operation) => {
        // Three calls pass, the fourth is refused, which the next command notes. By text, the first call counts twice.
        if (operation.command === 'incr' && ++increments === (protocol === 'meta' ? 5 : 6))
          fail(operation, new Error('lost'))
        else next.dispatch(operation)
      },
    })
    const cache = new MockMemcache(undefined, { protocol, middleware: [lossy] })
    expect(await answers(cache, 6)).toEqual([true, true, true, false, false, false])
    for (let second = 10; second < 90; second += 10) {
      at(second)
      expect(await answers(cache, 1)).toEqual([false])
    }
  })
})

describe('rateLimit', () => {
  it('takes keys that memcached could not', async () => {
    const cache = new MockMemcache(undefined, { protocol: 'text' })
    for (const key of ['with space\n', 'x'.repeat(1000), '☃'.repeat(100)]) {
      expect((await rateLimit(cache, key, { ...rule, limit: 1 })).allowed).toBe(true)
      expect((await rateLimit(cache, key, { ...rule, limit: 1 })).allowed).toBe(false)
    }
  })

  it('keeps the counters of a key on one server', async () => {
    const servers = ['a:1', 'b:1', 'c:1', 'd:1']
    const cache = new MockMemcache(servers)
    for (const key of ['ada', 'bob', 'eve', 'zoë']) {
      cache.resetMetrics()
      await rateLimit(cache, key, rule)
      const busy = servers.filter((server) => cache.metrics().servers[server]!.bytesOut > 0)
      expect(busy).toHaveLength(1)
    }
  })

  it('rejects once the client is closed', async () => {
    const cache = new MockMemcache()
    await cache.close()
    expect((await rejection(rateLimit(cache, 'ada', rule))).name).toBe('ClosedError')
  })

  it.each<[what: string, key: unknown, more: object, message: RegExp]>([
    ['a limit of 0', 'k', { limit: 0 }, /option limit must be a whole number from 1 to 1000000000, got 0/],
    ['a limit that is not whole', 'k', { limit: 1.5 }, /limit/],
    ['a limit that is text', 'k', { limit: '5' }, /limit/],
    ['a limit that is too large', 'k', { limit: 1e9 + 1 }, /limit/],
    [
      'a window of 0',
      'k',
      { windowSeconds: 0 },
      /option windowSeconds must be a whole number from 1 to 2592000, got 0/,
    ],
    ['a window beyond 30 days', 'k', { windowSeconds: 2_592_001 }, /windowSeconds/],
    ['no onFailure', 'k', { onFailure: undefined }, /option onFailure must be 'allow' or 'deny', got undefined/],
    ['a misspelt option', 'k', { max: 3 }, /rateLimit has no option "max"; it has limit, windowSeconds, onFailure/],
    ['an empty key', '', {}, /the key of rateLimit must be text that is not empty, got ""/],
    ['a key of bytes', new Uint8Array(3), {}, /the key of rateLimit/],
  ])('refuses %s', async (_what, key, more, message) => {
    const error = await rejection(rateLimit(new MockMemcache(), key as string, { ...rule, ...more }))
    expect(error).toBeInstanceOf(InvalidInputError)
    expect(error.message).toMatch(message)
  })

  it('refuses a maxTtl of the client that ends counters too early', async () => {
    const cache = new MockMemcache(undefined, { maxTtl: 60 })
    const error = await rejection(rateLimit(cache, 'ada', { ...rule, windowSeconds: 60 }))
    expect(error.message).toBe("option windowSeconds must be at most 51, because of the client's maxTtl 60, got 60")
    expect((await rateLimit(cache, 'ada', { ...rule, windowSeconds: 51 })).allowed).toBe(true)
  })

  it('refuses what is no client of memlane', async () => {
    for (const cache of [undefined, {}, new Map()]) {
      const error = await rejection(rateLimit(cache as never, 'ada', rule))
      expect(error.message).toMatch(/^rateLimit takes a Memcache or a namespace of one, got /)
    }
  })
})
