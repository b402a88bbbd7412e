import { describe, expectTypeOf, it } from 'vitest'
import type { Memcache } from '../../src/exports/index.ts'
import { deleteMatching, type KeyOwner, type ListedKey, listKeys } from '../../src/exports/keys.ts'
import type { MemcacheSync } from '../../src/exports/sync.ts'
import type { MockMemcache } from '../../src/exports/testing.ts'

interface User {
  readonly name: string
}

declare const cache: Memcache

/** Only compiled. */
const calls = {
  list: () => listKeys(cache),
  users: () => listKeys(cache.namespace<User>('user:'), { prefix: 'a', filter: (item) => item.size > 5 }),
  pages: () => listKeys(cache.namespace('page:', { generations: true })),
  delete: () => deleteMatching(cache, { prefix: 'a' }, { unchanged: false }),
  // @ts-expect-error - all is true or left out
  notAll: () => deleteMatching(cache, { all: false }),
  // @ts-expect-error - what matches must be said
  nothing: () => deleteMatching(cache),
  // @ts-expect-error - a promise is no answer
  promise: () => listKeys(cache, { filter: async () => true }),
}

describe('the types of key listings', () => {
  it('follow from the call', () => {
    expectTypeOf<ReturnType<(typeof calls)['users']>>().toEqualTypeOf<AsyncIterable<ListedKey>>()
    expectTypeOf<ReturnType<(typeof calls)['delete']>>().toEqualTypeOf<Promise<number>>()
  })

  it('take clients and namespaces, and no synchronous client', () => {
    expectTypeOf<MockMemcache>().toExtend<KeyOwner>()
    expectTypeOf<MemcacheSync>().not.toExtend<KeyOwner>()
  })
})
