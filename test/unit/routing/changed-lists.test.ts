import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as routing from '../../../src/exports/routing.ts'
import { md5Words } from '../../../src/routing/hash/md5.ts'
import { weightedDigests } from '../../../src/routing/ketama-points.ts'
import { NPM_KETAMA, npmRing } from '../../../src/routing/npm-ring.ts'
import { sortPlaced } from '../../../src/routing/placed-points.ts'
import { type PointWinner, Ring, type RingShape } from '../../../src/routing/ring.ts'
import type { RingPart } from '../../../src/routing/ring-points.ts'
import { WidePoints } from '../../../src/routing/wide-points.ts'
import { serversOf, tenServers } from './vectors.ts'

const { hashes, ketama } = routing

/** A ring with so few places that most points are shared, in other numbers than that of the servers. */
function crowded(places: number, winner: PointWinner): RingShape {
  const source = {
    size: 4,
    digest: (name: string, at: number) => md5Words(`${name}-${at}`).map((word) => (word >>> 0) % places),
  }
  return { source, side: 'atOrAbove', winner }
}

/** Lists of servers, each by its name and its number of digests. */
const anyLists = fc.array(
  fc.uniqueArray(
    fc.record({ name: fc.integer({ min: 0, max: 30 }).map(String), digests: fc.integer({ min: 0, max: 6 }) }),
    {
      selector: ({ name }) => name,
      maxLength: 20,
    },
  ),
  { minLength: 2, maxLength: 6 },
)

function partsOf(list: readonly { readonly name: string; readonly digests: number }[]): RingPart[] {
  return list.map((server, owner) => ({ ...server, owner }))
}

/** The ring by its definition: of the points in order each counts once, for its first or last owner. */
function expectedPoints({ source, winner }: RingShape, parts: readonly RingPart[]): [point: number, owner: number][] {
  const owners = new Map<number, number>()
  for (const { name, owner, digests } of parts) {
    for (let at = 0; at < digests; at++) {
      for (const word of Array.from(source.digest(name, at)).slice(0, source.size)) {
        const point = word >>> 0
        if (winner === 'last' || !owners.has(point)) owners.set(point, owner)
      }
    }
  }
  return [...owners].toSorted(([one], [other]) => one - other)
}

/** Compares every point and owner of a ring with the definition. */
function expectRing(ring: Ring, shape: RingShape, parts: readonly RingPart[]): void {
  const expected = expectedPoints(shape, parts)
  expect([...ring.walk(0)]).toEqual(expected.map(([, owner]) => owner))
  expect(expected.map(([point]) => ring.owner(point))).toEqual(expected.map(([, owner]) => owner))
}

describe.each<PointWinner>(['first', 'last'])('a ring whose shared points belong to the %s server', (winner) => {
  it.each([40, 400, 2 ** 32])('has the same points of %i places, made of the ring before or of nothing', (places) => {
    const shape = crowded(places, winner)
    fc.assert(
      fc.property(anyLists, (lists) => {
        let previous: Ring | undefined
        for (const parts of lists.map(partsOf)) {
          previous = new Ring(shape, parts, previous?.all)
          expectRing(previous, shape, parts)
          expectRing(new Ring(shape, parts), shape, parts)
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** Counts the digests that a ring takes. */
function counting(): { shape: RingShape; taken: () => number } {
  let count = 0
  const digest = (name: string, at: number): Int32Array => {
    count++
    return md5Words(`${name}-${at}`)
  }
  const shape: RingShape = { source: { size: 4, digest }, side: 'atOrAbove', winner: 'first' }
  return { shape, taken: () => count }
}

function counted(names: readonly string[]): RingPart[] {
  const digests = weightedDigests(serversOf(names))
  return names.map((name, owner) => ({ name, owner, digests: digests[owner]! }))
}

describe('a ring', () => {
  it('hashes only the points of a server that is new', () => {
    const { shape, taken } = counting()
    const names = tenServers(30)
    const first = new Ring(shape, counted(names))
    const before = taken()
    const second = new Ring(shape, counted(names.with(7, 'new:11211')), first.all)
    expect(second.all).not.toBe(first.all)
    expect(taken() - before).toBe(40)
  })

  it('hashes one digest of each server where the float32 numbers of libmemcached take one from all', () => {
    const { shape, taken } = counting()
    const names = tenServers(25)
    const first = new Ring(shape, counted(names.slice(1)))
    expect(taken()).toBe(24 * 40)
    const second = new Ring(shape, counted(names), first.all)
    // 24 servers lose a digest, which is hashed to be found; the new one has 39.
    expect(taken()).toBe(24 * 40 + 24 + 39)
    expectRing(second, shape, counted(names))
  })

  it('is made from nothing where the points of the ring before are made in another way', () => {
    const parts = counted(tenServers(3))
    const other = new Ring(crowded(2 ** 32, 'first'), parts)
    const { shape, taken } = counting()
    const second = new Ring(shape, parts, other.all)
    expect(second.all).not.toBe(other.all)
    expect(taken()).toBe(3 * 40)
  })
})

describe("a ring of npm's hashring", () => {
  it('is made from nothing where a server has several parts, before or now', () => {
    const several = [
      { owner: 0, text: 'a', weight: 1 },
      { owner: 0, text: 'b', weight: 2 },
      { owner: 1, text: 'a', weight: 1 },
      { owner: 1, text: 'c', weight: 1 },
    ]
    const plain = several.slice(1, 3).map((part, owner) => ({ ...part, owner }))
    const make = (parts: typeof several, previous?: routing.Router): routing.Router =>
      npmRing(parts, 2, NPM_KETAMA, previous)
    expect(decisions(make(plain, make(several)))).toEqual(decisions(make(plain)))
    expect(decisions(make(several, make(plain)))).toEqual(decisions(make(several)))
    expect(decisions(make(several, make(several)))).toEqual(decisions(make(several)))
  })
})

describe('points with their owners', () => {
  it.each([
    ['few', 100, 2 ** 48],
    ['many', 20_000, 2 ** 48],
    ['many in few buckets', 20_000, 2 ** 34],
  ])('are sorted: %s', (_, length, limit) => {
    let state = 1
    const numbers = Float64Array.from({ length }, () => {
      state = hashes.murmur3(String(state))
      return Math.floor((state / 2 ** 32) * limit)
    })
    // `toEqual` takes a second for so many.
    expect(sortPlaced(numbers.slice()).join()).toBe(numbers.toSorted().join())
  })
})

const KEYS = Array.from({ length: 300 }, (_, index) => `user:${index}`)

/** The servers of the keys; of some keys also those that follow. */
function decisions(router: routing.Router): (number | string)[] {
  return [...KEYS.map((key) => router.pick(key)), ...KEYS.slice(0, 30).map((key) => [...router.order(key)].join(' '))]
}

/** Whether each distribution follows weights. */
const DISTRIBUTIONS: readonly (readonly [name: string, make: () => routing.Distribution, weighted: boolean])[] = [
  ['ketama', () => ketama(), true],
  ['ketama without weights', () => ketama({ weighted: false }), true],
  ['ketama phpMemcached', () => ketama({ flavour: 'phpMemcached' }), true],
  ['ketama libmemcachedSpy', () => ketama({ flavour: 'libmemcachedSpy' }), true],
  ['ketama spymemcached', () => ketama({ flavour: 'spymemcached' }), true],
  ['ketama dalli', () => ketama({ flavour: 'dalli' }), true],
  ['ketama twemproxy', () => ketama({ flavour: 'twemproxy' }), true],
  ['libmemcachedConsistent', () => routing.libmemcachedConsistent({ hash: hashes.crc32 }), true],
  ['hashring', routing.hashring, true],
  ['uhashring', routing.uhashring, true],
  ['uhashringKetama', routing.uhashringKetama, true],
  ['memcachedNpm', routing.memcachedNpm, true],
  ['rendezvous', () => routing.rendezvous(), false],
  ['jump', () => routing.jump(), false],
  ['modula', () => routing.modula({ weighted: true }), true],
]

describe.each(DISTRIBUTIONS)('%s', (_, make, weighted) => {
  it('decides the same after any changes of the list as for a list that it is given first', () => {
    const distribution = make()
    const server = fc.record({
      at: fc.integer({ min: 0, max: 25 }),
      weight: fc.integer({ min: 1, max: weighted ? 9 : 1 }),
    })
    const lists = fc.array(fc.uniqueArray(server, { selector: ({ at }) => at, minLength: 1, maxLength: 14 }), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(lists, (changes) => {
        let previous: routing.Router | undefined
        for (const list of changes) {
          const servers = list.map(({ at, weight }) => ({ name: `10.0.0.${at}:11211`, weight }))
          previous = distribution(servers, previous)
          const fresh = make()(servers)
          expect(decisions(previous)).toEqual(decisions(fresh))
        }
      }),
      { numRuns: 10 },
    )
  })

  it('takes the router of another distribution for no help', () => {
    const servers = serversOf(tenServers(6))
    const fresh = decisions(make()(servers))
    for (const [, other] of DISTRIBUTIONS) {
      const router = make()(servers, other()(serversOf(tenServers(7))))
      expect(decisions(router)).toEqual(fresh)
    }
  })
})

describe('wide points', () => {
  /** Enough for equal heads: among n heads there are about n² / 2³³ pairs. */
  const parts = tenServers(10).map((name, owner) => ({ name, owner, digests: 9000 }))
  const points = new WidePoints(
    parts,
    new WidePoints(
      parts.slice(3).map((part, owner) => ({ ...part, owner })),
      undefined,
    ),
  )

  /** The definition: all digests in order. */
  const expected = parts
    .flatMap(({ name, owner, digests }) =>
      Array.from({ length: digests }, (_, at) => ({ owner, words: bigEndian(`${name}-${at}`) })),
    )
    .toSorted((one, other) => compare(one.words, other.words))

  /** Positions of points whose heads equal those of the points after them. */
  const twins = [...expected.keys()].filter((at) => expected[at]!.words[0] === expected[at + 1]?.words[0])

  it('stand in the order of their whole digests', () => {
    expect(twins.length).toBeGreaterThan(0)
    expect([...points.owners]).toEqual(expected.map(({ owner }) => owner))
    expect(points.heads).toEqual(Uint32Array.from(expected, ({ words }) => words[0]!))
  })

  it('are found by the whole digest of a key', () => {
    for (const at of [...twins, 0, 1, expected.length - 1]) {
      for (const twin of [at, (at + 1) % expected.length]) {
        const { words } = expected[twin]!
        expect(points.positionAbove(words)).toBe((twin + 1) % expected.length)
        expect(points.positionAbove(words.with(3, words[3]! - 1))).toBe(twin)
        expect(points.positionAbove(words.with(3, words[3]! + 1))).toBe((twin + 1) % expected.length)
      }
    }
  })
})

function bigEndian(text: string): Uint32Array {
  const bytes = new DataView(new Uint8Array(new Int32Array(md5Words(text)).buffer).buffer)
  return Uint32Array.from({ length: 4 }, (_, at) => bytes.getUint32(4 * at))
}

function compare(one: Uint32Array, other: Uint32Array): number {
  const at = one.findIndex((word, index) => word !== other[index])
  return at === -1 ? 0 : one[at]! - other[at]!
}
