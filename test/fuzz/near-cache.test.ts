import { describe, expect, it, onTestFinished } from 'vitest'
import { nearCache } from '../../src/middleware/near/near-cache.ts'
import type { NearCacheOptions } from '../../src/middleware/near/options.ts'
import { MockMemcache } from '../../src/testing/mock-memcache.ts'
import { turns } from '../support/crashes.ts'
import { createFuzz, roundsOf, timeout } from './seed.ts'

const KEYS = 12
const CALLERS = 16
const USUAL_ROUNDS = 400

/** Milliseconds that pass at a time, at most. */
const MOST_MS = 400

/** Stands for no value of a key. */
function nothing(key: number): number {
  return -1 - key
}

/** All that was ever written to a key: each value is the number of its write, so a value says when it was written. */
class History {
  /** Number of the last write of this client that was done, by key. */
  readonly own: number[] = Array.from({ length: KEYS }, () => Number.NEGATIVE_INFINITY)
  /** When each write was replaced by another, by its number. */
  readonly replacedAt: Map<number, number> = new Map()
  #last = 0
  readonly #present: number[] = Array.from({ length: KEYS }, (_, key) => nothing(key))

  next(): number {
    return ++this.#last
  }

  /** Notes that the server has a value by now. */
  stored(key: number, value: number, now: number): void {
    if (value <= this.#present[key]!) return
    this.replacedAt.set(this.#present[key]!, now)
    this.#present[key] = value
  }
}

const SETTINGS: readonly Partial<NearCacheOptions>[] = [
  {},
  { shared: true, admitAfter: 2 },
  { staleWhileRevalidateMs: 300, missTtlMs: 200 },
  { maxBytes: 1500 },
]

describe.each(SETTINGS)('a near cache beside a model, %j', (settings) => {
  it('gives nothing older than an own write, and nothing that was replaced longer ago than its time', {
    timeout,
  }, async () => {
    const random = createFuzz()
    const ttlMs = 1000
    let now = Date.UTC(2030, 0, 1)
    const options = { ttlMs, admitAfter: 1, ...settings }
    const near = new MockMemcache('mock', { nearCache: nearCache(options), timeoutMs: 60_000, now: () => now })
    const far = new MockMemcache('mock', { sharedWith: near, timeoutMs: 60_000 })
    onTestFinished(async () => {
      await Promise.all([near.close(), far.close()])
    })
    const bound = Math.max(ttlMs + (settings.staleWhileRevalidateMs ?? 0), settings.missTtlMs ?? 0)
    const history = new History()
    // Answers come late and in any order.
    const slow = [
      near.slow({ latencyMs: 1, key: /[0-5]$/ }),
      near.slow({ latencyMs: 3, key: /[0369]$/, command: 'reads' }),
      near.slow({ latencyMs: 3, key: /[147]$/, command: 'writes' }),
    ]
    let wrong = 0
    let reads = 0
    const check = (key: number, value: number, own: number, began: number): void => {
      reads++
      // A write of this client that was done when the read began is seen, or a later one.
      if (value < own) wrong++
      const replaced = history.replacedAt.get(value)
      if (replaced !== undefined && began - replaced > bound) wrong++
      expect({ key, value, own, late: replaced === undefined ? 0 : began - replaced, wrong }).toMatchObject({
        wrong: 0,
      })
    }
    const read = async (): Promise<void> => {
      const key = Math.floor(random() * KEYS)
      const [own, began] = [history.own[key]!, now]
      const kind = random()
      if (kind < 0.6) check(key, (await near.get<{ n: number }>(`k${key}`))?.n ?? nothing(key), own, began)
      else if (kind < 0.75) {
        const found = await near.getOrSet<{ n: number } | undefined>(`k${key}`, () => undefined)
        check(key, found?.n ?? nothing(key), own, began)
      } else {
        const owns = [...history.own]
        const keys = Array.from({ length: KEYS }, (_, at) => `k${at}`)
        const found = await near.getMany<{ n: number }>(keys)
        for (const [at, name] of keys.entries()) check(at, found.get(name)?.n ?? nothing(at), owns[at]!, began)
      }
    }
    const writeNear = async (key: number, value: number): Promise<void> => {
      if (random() < 0.2) await near.setMany({ [`k${key}`]: { n: value } })
      else await near.set(`k${key}`, { n: value })
      history.stored(key, value, now)
      history.own[key] = Math.max(history.own[key]!, value)
    }
    const busy = new Set<number>()
    const write = async (): Promise<void> => {
      const key = Math.floor(random() * KEYS)
      // One writer of a key at a time: the order of two on their way is nobody's to know.
      if (busy.has(key)) return
      busy.add(key)
      const value = history.next()
      if (random() < 0.5) await writeNear(key, value)
      else {
        await far.set(`k${key}`, { n: value })
        history.stored(key, value, now)
      }
      busy.delete(key)
    }
    const caller = async (): Promise<void> => {
      for (let round = 0; round < roundsOf(USUAL_ROUNDS); round++) {
        const kind = random()
        if (kind < 0.75) await read()
        else if (kind < 0.95) await write()
        else now += random() * MOST_MS
        if (random() < 0.1) await turns(1)
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    expect(reads).toBeGreaterThan(1000)
    expect(near.nearCache!.hits).toBeGreaterThan(reads / 20)
    expect(near.nearCache!.bytes).toBeLessThanOrEqual(settings.maxBytes ?? 2 ** 24)
    for (const rule of slow) expect(rule.count).toBeGreaterThan(0)
  })
})
