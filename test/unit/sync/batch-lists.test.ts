import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { MemcacheSync } from '../../../src/sync/memcache-sync.ts'
import { patient } from '../../support/memcache-options.ts'
import { type RealMemcached, startMemcached } from '../../support/real-memcached.ts'
import { useBuiltWorker } from './built-worker.ts'

let server: RealMemcached
let cache: MemcacheSync

beforeAll(async () => {
  await useBuiltWorker()
  server = await startMemcached()
  cache = new MemcacheSync(server.address, patient)
})
afterAll(async () => {
  cache.destroy()
  await server.stop()
})

class Settings {
  theme = 'dark'
}

async function* later(): AsyncGenerator<[string, number]> {
  yield ['a', 1]
}

function* once(): Generator<[string, number]> {
  yield ['a', 1]
  yield ['b', 2]
}

const NO_LISTS: readonly (readonly [name: string, value: unknown, message: string])[] = [
  ['a promise', Promise.resolve({ a: 1 }), 'await it first'],
  ['an async iterable', later(), 'collect it first'],
  ['a Date', new Date(), 'a Date'],
  ['a WeakMap', new WeakMap(), 'a WeakMap'],
  ['an instance of a class', new Settings(), 'an object'],
  ['text', 'ab', '"ab"'],
  ['undefined', undefined, 'undefined'],
]

describe.each(NO_LISTS)('%s in a synchronous batch', (_, value, message) => {
  it('is refused in the place of entries, by the client, namespaces and quiet writes', () => {
    const names = cache.namespace('n:')
    for (const store of [cache, cache.noreply, names, names.noreply]) {
      for (const command of ['setMany', 'addMany'] as const) {
        expect(refusal(() => store[command](value as never)).message).toContain(message)
      }
    }
  })

  it('is refused in the place of keys', () => {
    const keys = value as never
    const names = cache.namespace('n:')
    const calls: (() => unknown)[] = [
      () => cache.getMany(keys),
      () => cache.getsMany(keys),
      () => cache.deleteMany(keys),
      () => cache.incrMany(keys),
      () => cache.getOrSetMany(keys, () => new Map() as never),
      () => cache.noreply.deleteMany(keys),
      () => names.getMany(keys),
      () => names.deleteMany(keys),
    ]
    for (const call of calls) expect(refusal(call).message).toContain(message)
  })
})

describe('a synchronous batch', () => {
  it.each([
    ['a generator', once],
    ['a Map', (): unknown => new Map(once())],
    ['an object', (): unknown => ({ a: 1, b: 2 })],
  ])('stores the pairs of %s, by the client and by namespaces', (_, make) => {
    const names = cache.namespace('made:')
    cache.deleteMany(['a', 'b', 'made:a', 'made:b'])
    expect(cache.setMany(make() as never)).toEqual([])
    expect(names.setMany(make() as never)).toEqual([])
    expect(Object.fromEntries(cache.getMany(['a', 'b', 'made:a', 'made:b']))).toEqual({
      a: 1,
      b: 2,
      'made:a': 1,
      'made:b': 2,
    })
  })
})

function refusal(call: () => unknown): Error {
  try {
    call()
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError)
    return error as Error
  }
  throw new Error('it was accepted')
}
