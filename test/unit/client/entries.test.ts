import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkKeys, entriesOf } from '../../../src/client/entries.ts'
import type { Memcache } from '../../../src/client/memcache.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import { MockMemcache } from '../../../src/testing/mock-memcache.ts'
import { rejection, settleAll } from '../../support/eventually.ts'
import { withThen } from '../../support/with-then.ts'

function fail(): never {
  throw new Error('no a')
}

class Settings {
  theme = 'dark'
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

async function* later(): AsyncGenerator<[string, number]> {
  yield ['a', 1]
}

function* broken(): Generator<[string, number]> {
  yield ['a', 1]
  throw new RangeError('the source of the entries failed')
}

/** What is neither a plain object nor an iterable, or cannot be read: name, value, part of the message. */
const UNREADABLE: readonly (readonly [name: string, make: () => unknown, message: string])[] = [
  ['a promise', () => Promise.resolve({ a: 1 }), 'await it first'],
  ['a thenable', () => withThen(() => undefined), 'await it first'],
  ['an async iterable', () => later(), 'collect it first'],
  ['a Date', () => new Date(), 'a Date'],
  ['a WeakMap', () => new WeakMap(), 'a WeakMap'],
  ['a RegExp', () => /a/, 'a RegExp'],
  ['an Error', () => new Error('no'), 'an Error'],
  ['an ArrayBuffer', () => new ArrayBuffer(8), 'an ArrayBuffer'],
  ['an instance of a class', () => new Settings(), 'an object'],
  ['a function', () => () => ({ a: 1 }), 'a function'],
  ['text', () => 'ab', '"ab"'],
  ['null', () => null, 'null'],
  ['undefined', () => undefined, 'undefined'],
  ['a number', () => 5, '5'],
  ['a revoked proxy', revoked, 'cannot be read'],
  ['a generator that throws', broken, 'the source of the entries failed'],
]

const NO_ENTRIES: typeof UNREADABLE = [
  ...UNREADABLE,
  ['an object whose getter throws', () => Object.defineProperty({}, 'a', { enumerable: true, get: fail }), 'no a'],
  ['bytes', () => Buffer.from('ab'), '97'],
  ['a Set of text', () => new Set(['ab']), '"ab"'],
  ['an array of text', () => ['ab'], '"ab"'],
  ['pairs of one', () => [['a']], 'an Array of 1'],
  ['pairs of three', () => [['a', 1, 60]], 'an Array of 3'],
  ['pairs that are typed arrays', () => [new Uint8Array(2)], 'Uint8Array'],
  ['pairs that are revoked proxies', () => [revoked()], 'cannot be read'],
]

const NO_KEYS: typeof UNREADABLE = [
  ...UNREADABLE,
  ['bytes', () => Buffer.from('ab'), 'Uint8Array'],
  ['an object', () => ({ a: 1 }), 'an object'],
]

/** The batches about keys, of a client or a namespace. */
interface KeyBatches {
  getMany(keys: never): Promise<unknown>
  getsMany(keys: never): Promise<unknown>
  deleteMany(keys: never): Promise<unknown>
  incrMany(keys: never): Promise<unknown>
  getOrSetMany(keys: never, loader: () => never): Promise<unknown>
  readonly noreply: { deleteMany(keys: never): Promise<unknown> }
}

describe.each(NO_ENTRIES)('%s in the place of entries', (_, make, message) => {
  it('is refused by every batch of writes, and nothing is sent', async () => {
    const cache = new MockMemcache()
    const plain = cache.namespace('p:')
    const withGenerations = cache.namespace('g:', { generations: true })
    const stores = [cache, cache.noreply, plain, plain.noreply, withGenerations, withGenerations.noreply]
    for (const store of stores) {
      for (const command of ['setMany', 'addMany'] as const) {
        const error = await rejection(store[command](make() as never))
        expect(error).toBeInstanceOf(InvalidInputError)
        expect(error.message).toContain(message)
      }
    }
    expect(cache.connections).toBe(0)
  })
})

describe.each(NO_KEYS)('%s in the place of keys', (_, make, message) => {
  it('is refused by every batch about keys, and nothing is sent', async () => {
    const cache = new MockMemcache()
    const stores: readonly KeyBatches[] = [cache, cache.namespace('p:'), cache.namespace('g:', { generations: true })]
    const calls = stores.flatMap((store) => [
      store.getMany(make() as never),
      store.getsMany(make() as never),
      store.deleteMany(make() as never),
      store.incrMany(make() as never),
      store.getOrSetMany(make() as never, () => new Map() as never),
      store.noreply.deleteMany(make() as never),
    ])
    for (const outcome of await settleAll(calls, 5000)) {
      expect(outcome).toEqual({ status: 'rejected', reason: expect.any(InvalidInputError) as unknown })
      expect((outcome as PromiseRejectedResult).reason).toHaveProperty('message', expect.stringContaining(message))
    }
    expect(cache.connections).toBe(0)
  })
})

describe('entries', () => {
  const pairs = [
    ['a', 1],
    ['b', 2],
  ] as const

  it.each<[string, () => unknown]>([
    ['an array of pairs', () => pairs],
    ['a Map', () => new Map(pairs)],
    ['a generator of pairs', () => new Map(pairs).entries()],
    ['Headers-like pairs of a class', () => ({ [Symbol.iterator]: () => pairs[Symbol.iterator]() })],
    ['a plain object', () => ({ a: 1, b: 2 })],
    ['an object without a prototype', () => Object.assign(Object.create(null), { a: 1, b: 2 })],
    ['a plain object of another realm', () => runInNewContext('({ a: 1, b: 2 })')],
    ['pairs of another realm', () => runInNewContext("[['a', 1], ['b', 2]]")],
    ['a proxy of a plain object', () => new Proxy({ a: 1, b: 2 }, {})],
  ])('may be %s', (_, make) => {
    expect(entriesOf(make() as Iterable<[string, number]>)).toEqual(pairs)
  })

  it('of one object without a method `then` are no promise, whatever their names', () => {
    expect(entriesOf(withThen('text'))).toEqual([['then', 'text']])
  })

  it('are read at the call: what the caller changes later is not seen', () => {
    const pair: [string, number] = ['a', 1]
    const given = [pair]
    const read = entriesOf(given)
    pair[0] = 'b'
    given.length = 0
    expect(read).toEqual([['a', 1]])
  })
})

describe('keys', () => {
  let cache: Memcache

  beforeAll(async () => {
    cache = new MockMemcache()
    await cache.setMany({ a: 1, b: 2 })
  })
  afterAll(() => cache.close())

  it('that the caller changes during the call get no value of other keys', async () => {
    const keys = ['a', 'b']
    const reading = cache.getMany(keys)
    keys.reverse()
    keys.push('c')
    expect([...(await reading)]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    const deleting = ['a', 'a']
    expect(checkKeys(deleting)).not.toBe(deleting)
  })
})
