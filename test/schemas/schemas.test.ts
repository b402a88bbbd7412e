import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InvalidValueEvent } from '../../src/client/events.ts'
import { Memcache } from '../../src/client/memcache.ts'
import type { StandardSchema } from '../../src/client/standard-schema.ts'
import { MemcachedServer } from '../../src/server/memcached-server.ts'
import { rejection } from '../support/eventually.ts'
import { patient } from '../support/memcache-options.ts'

interface User {
  readonly name: string
  readonly age: number
}

/** A user, in the words of each library. Loaded late, for they are in a package of their own. */
const schemas: Readonly<Record<string, () => StandardSchema<User>>> = {
  zod: () => {
    const { z } = library('zod') as typeof Zod
    return z.object({ name: z.string(), age: z.number() })
  },
  valibot: () => {
    const valibot = library('valibot') as typeof Valibot
    return valibot.object({ name: valibot.string(), age: valibot.number() })
  },
  arktype: () => (library('arktype') as typeof Arktype).type({ name: 'string', age: 'number' }),
}

/** As much of each library as is used here, so that they need not be installed to check the types. */
declare const Zod: {
  z: { string(): unknown; number(): unknown; object(shape: object): StandardSchema<User> }
}
declare const Valibot: { string(): unknown; number(): unknown; object(shape: object): StandardSchema<User> }
declare const Arktype: { type(shape: object): StandardSchema<User> }

function library(name: string): unknown {
  try {
    return createRequire(import.meta.url)(name)
  } catch (error) {
    throw new Error(`${name} is not here: npm ci --prefix test/schemas --ignore-scripts`, { cause: error })
  }
}

describe.each(Object.entries(schemas))('a namespace with a schema of %s', (_name, schemaOf) => {
  let server: MemcachedServer
  let cache: Memcache

  beforeAll(async () => {
    server = await MemcachedServer.start()
    cache = new Memcache(server.address, patient)
  })
  afterAll(async () => {
    await cache.close()
    await server.close()
  })

  it('reads what fits', async () => {
    const users = cache.namespace('fits:', { schema: schemaOf() })
    await users.set('1', { name: 'Ada', age: 36 })
    expect(await users.get('1')).toEqual({ name: 'Ada', age: 36 })
    expect([...(await users.getMany(['1', '2'])).keys()]).toEqual(['1'])
  })

  it('takes what does not fit for a miss, with the library’s words in an event', async () => {
    const users = cache.namespace('unfit:', { schema: schemaOf() })
    const events: InvalidValueEvent[] = []
    cache.on('invalidValue', (event) => events.push(event))
    await cache.set('unfit:1', { name: 'Ada', age: 'old' })
    expect(await users.get('1')).toBeUndefined()
    expect(events).toMatchObject([{ key: '1', prefix: 'unfit:', issues: [{ message: expect.any(String) }] }])
    expect(await users.getOrSet('1', () => ({ name: 'Ada', age: 36 }))).toEqual({ name: 'Ada', age: 36 })
    expect(await cache.get('unfit:1')).toEqual({ name: 'Ada', age: 36 })
  })

  it('refuses a loaded value that does not fit', async () => {
    const users = cache.namespace('loaded:', { schema: schemaOf() })
    expect((await rejection(users.getOrSet('1', () => ({ name: 'Ada' }) as never))).message).toContain('does not fit')
    expect(await cache.has('loaded:1')).toBe(false)
  })
})
