import suite from '@keyv/test-suite'
import { Keyv, type KeyvStoreAdapter } from 'keyv'
import * as vitest from 'vitest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RealMemcached, startMemcached } from '../support/real-memcached.ts'
import { loadWith } from './support/consumers.ts'
import { MEMJS_IMPLEMENTATIONS } from './support/memjs-classes.ts'

/** What @keyv/memcache cannot do on memjs: `clear` empties the server, and a bigint is no JSON. */
const FAILING: ReadonlySet<string> = new Set([
  'namespaced clear only clears current namespace',
  'value can be BigInt using other serializer/deserializer',
])

type KeyvMemcache = KeyvStoreAdapter & { readonly client: { close(): void } }
type Package = { readonly KeyvMemcache: new (uri: string) => KeyvMemcache }

describe.each(MEMJS_IMPLEMENTATIONS)('the suite of Keyv 5 on @keyv/memcache on the $name', ({ name, module }) => {
  const { KeyvMemcache } = loadWith('@keyv/memcache', 'memjs', module) as Package
  const stores: KeyvMemcache[] = []
  const names: string[] = []
  let server: RealMemcached

  beforeAll(async () => {
    server = await startMemcached()
  })
  afterAll(async () => {
    for (const { client } of stores) client.close()
    await server.stop()
  })

  function openStore(): KeyvMemcache {
    const store = new KeyvMemcache(server.address)
    stores.push(store)
    return store
  }

  const declare = (title: string, run: vitest.TestFunction): void => {
    names.push(title)
    if (FAILING.has(title)) it.fails(title, run)
    else it(title, run)
  }
  suite({ ...vitest, it: declare as typeof it }, Keyv, openStore)

  it(`ran on the ${name}, with the two tests that fail`, () => {
    expect(stores.length).toBeGreaterThan(names.length)
    expect(names.filter((title) => FAILING.has(title))).toHaveLength(FAILING.size)
  })
})
