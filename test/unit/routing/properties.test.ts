import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as routing from '../../../src/exports/routing.ts'
import { jumpTo } from '../../../src/routing/jump.ts'
import { serversOf, tenServers } from './vectors.ts'

const { hashes, jump, ketama, modula, rendezvous } = routing

/** Every distribution under its name, and whether it follows weights. */
const DISTRIBUTIONS: readonly (readonly [name: string, distribution: routing.Distribution, weighted: boolean])[] = [
  ['ketama', ketama(), true],
  ['ketama without weights', ketama({ weighted: false }), true],
  ['ketama spymemcached', ketama({ flavour: 'spymemcached' }), true],
  ['ketama libmemcachedSpy', ketama({ flavour: 'libmemcachedSpy' }), true],
  ['ketama dalli', ketama({ flavour: 'dalli' }), true],
  ['ketama twemproxy', ketama({ flavour: 'twemproxy', hashTag: '{}' }), true],
  ['rendezvous', rendezvous(), false],
  ['modula', modula(), true],
  ['modula with weights', modula({ weighted: true, hash: hashes.crc32 }), true],
  ['jump', jump(), false],
  ['libmemcachedVirtualBucket', routing.libmemcachedVirtualBucket(), true],
  ['pymemcache with bytes', routing.pymemcache({ keys: 'bytes' }), false],
  ['pythonMemcached', routing.pythonMemcached(), true],
  ['spymemcachedModula', routing.spymemcachedModula(), true],
  ['twemproxyModula', routing.twemproxyModula({ hashTag: '{}' }), true],
  ['gomemcache', routing.gomemcache(), true],
  ['memjs', routing.memjs(), false],
  ['phpMemcache', routing.phpMemcache(), true],
  ['mcrouterCh3', routing.mcrouterCh3(), false],
  ['mcrouterCrc32', routing.mcrouterCrc32(), false],
  ['memcachedNpm', routing.memcachedNpm(), true],
  ['hashring', routing.hashring(), true],
  ['uhashring', routing.uhashring(), true],
  ['uhashringKetama', routing.uhashringKetama(), true],
]

const KEYS = Array.from({ length: 4000 }, (_, index) => `user:${index}:profile`)
/** Lone surrogates among them: they stand for U+FFFD, as where text becomes bytes. */
const anyKey = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constant('\ud800{é}\udc00'))
const anyWeights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 12 })
const bytes = new TextEncoder()

function routerOf(distribution: routing.Distribution, weighted: boolean, weights: readonly number[]): routing.Router {
  return distribution(serversOf(tenServers(weights.length), weighted ? weights : []))
}

describe.each(DISTRIBUTIONS)('%s', (_, distribution, weighted) => {
  it('has a server for every key, text and bytes alike, and then every other server once', () => {
    fc.assert(
      fc.property(anyWeights, fc.array(anyKey, { maxLength: 20 }), (weights, keys) => {
        const subject = routerOf(distribution, weighted, weights)
        for (const key of keys) {
          const server = subject.pick(key)
          const order = [...subject.order(key)]
          expect(order[0]).toBe(server)
          expect(order.toSorted((one, other) => one - other)).toEqual(weights.map((__, index) => index))
          expect(subject.pick(bytes.encode(key))).toBe(server)
          expect([...subject.order(bytes.encode(key))]).toEqual(order)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('decides the same in a second router of the same servers', () => {
    const [one, other] = [
      routerOf(distribution, weighted, [1, 2, 3, 4]),
      routerOf(distribution, weighted, [1, 2, 3, 4]),
    ]
    for (const key of KEYS.slice(0, 200)) {
      expect(other.pick(key)).toBe(one.pick(key))
      expect([...other.order(key)]).toEqual([...one.order(key)])
    }
  })

  it('has any bytes somewhere', () => {
    const router = routerOf(distribution, weighted, [1, 1, 1, 1, 1])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (key) => {
        expect(new Set(router.order(key)).size).toBe(5)
        expect(router.pick(new Uint8Array(key))).toBe(router.pick(key))
      }),
    )
  })

  it('is not disturbed by another key while an order is being read', () => {
    const router = routerOf(distribution, weighted, [1, 2, 1, 3, 1])
    for (const key of KEYS.slice(0, 50)) {
      const whole = [...router.order(key)]
      const slow: number[] = []
      for (const server of router.order(key)) {
        slow.push(server)
        router.pick(`another ${key}`)
      }
      expect(slow).toEqual(whole)
    }
  })
})

/** Names of the keys' servers. */
function places(distribution: routing.Distribution, names: readonly string[], weights?: number[]): string[] {
  const router = distribution(serversOf(names, weights))
  return KEYS.map((key) => names[router.pick(key)]!)
}

describe.each([
  ['ketama', ketama(), true],
  ['ketama without weights', ketama({ weighted: false }), true],
  ['ketama spymemcached', ketama({ flavour: 'spymemcached' }), true],
  ['ketama dalli', ketama({ flavour: 'dalli' }), true],
  ['rendezvous', rendezvous(), true],
  ['hashring', routing.hashring(), true],
  ['uhashring', routing.uhashring(), true],
  ['jump, at the end of the list', jump(), false],
  ['mcrouterCh3, at the end of the list', routing.mcrouterCh3(), false],
] as const)('%s', (_, distribution, anywhere) => {
  const names = tenServers(8)

  it('moves to a new server its share, and nothing between the others', () => {
    const before = places(distribution, names)
    const after = places(distribution, [...names, 'new:11211'])
    const moved = KEYS.filter((__, index) => before[index] !== after[index])
    for (const [index, server] of after.entries()) {
      if (before[index] !== server) expect(server).toBe('new:11211')
    }
    expect(moved.length / KEYS.length).toBeGreaterThan(0.5 / 9)
    expect(moved.length / KEYS.length).toBeLessThan(1.6 / 9)
  })

  it('moves the keys of a server that goes, and no others', () => {
    const before = places(distribution, names)
    for (const gone of anywhere ? names : names.slice(-1)) {
      const after = places(
        distribution,
        names.filter((name) => name !== gone),
      )
      for (const [index, server] of before.entries()) {
        if (server === gone) expect(after[index]).not.toBe(gone)
        else expect(after[index]).toBe(server)
      }
    }
  })
})

describe.each([
  ['ketama', ketama()],
  ['ketama without weights', ketama({ weighted: false })],
  ['ketama spymemcached', ketama({ flavour: 'spymemcached' })],
  ['rendezvous', rendezvous()],
  ['uhashring', routing.uhashring()],
] as const)('%s', (_, distribution) => {
  it('turns to the server that would have the key if the first were not there', () => {
    const names = tenServers(6)
    const router = distribution(serversOf(names))
    for (const key of KEYS.slice(0, 60)) {
      const [first, second] = [...router.order(key)]
      const others = names.filter((__, index) => index !== first)
      expect(others[distribution(serversOf(others)).pick(key)]).toBe(names[second!])
    }
  })
})

describe('the load', () => {
  it.each([
    ['ketama', ketama(), 0.35],
    ['rendezvous', rendezvous(), 0.15],
    ['jump', jump(), 0.15],
    ['modula', modula(), 0.15],
    ['mcrouterCh3', routing.mcrouterCh3(), 0.15],
  ] as const)('of %s is spread over eight servers', (_, distribution, tolerance) => {
    const counts = new Map<string, number>()
    for (const name of places(distribution, tenServers(8))) counts.set(name, (counts.get(name) ?? 0) + 1)
    expect(counts.size).toBe(8)
    for (const count of counts.values()) {
      expect(Math.abs(count / (KEYS.length / 8) - 1)).toBeLessThan(tolerance)
    }
  })

  it('of ketama follows the weights', () => {
    const servers = tenServers(3)
    const names = places(ketama(), servers, [1, 2, 5])
    const shares = servers.map((server) => names.filter((name) => name === server).length / KEYS.length)
    for (const [index, expected] of [1 / 8, 2 / 8, 5 / 8].entries()) {
      expect(Math.abs(shares[index]! - expected)).toBeLessThan(0.06)
    }
  })

  it.each([
    ['modula', modula()],
    ['jump', jump()],
    ['mcrouterCh3', routing.mcrouterCh3()],
  ] as const)('of a server of %s that is down goes to all others', (_, distribution) => {
    const router = distribution(serversOf(tenServers(5)))
    const orders = KEYS.map((key) => [...router.order(key)]).filter(([first]) => first === 2)
    const seconds = [0, 1, 3, 4].map((server) => orders.filter(([, second]) => second === server).length)
    for (const count of seconds) expect(Math.abs(count / (orders.length / 4) - 1)).toBeLessThan(0.25)
  })
})

/** The paper's algorithm in whole numbers of any size. */
function exactJump(key: number, buckets: number): number {
  let [state, bucket, next] = [BigInt(key), -1, 0]
  while (next < buckets) {
    bucket = next
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n)
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)))
  }
  return bucket
}

describe('jump', () => {
  it("has the paper's buckets for the keys 0 to 9 among 10", () => {
    // As memcached's proxy computes them.
    expect(Array.from({ length: 10 }, (_, key) => jumpTo(key, 10))).toEqual([0, 6, 6, 8, 1, 4, 9, 0, 4, 7])
  })

  it('is exact in 64 bits', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.integer({ min: 1, max: 65_536 }), (key, buckets) => {
        expect(jumpTo(key, buckets)).toBe(exactJump(key, buckets))
      }),
      { numRuns: 500 },
    )
  })
})
