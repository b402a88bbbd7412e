import { Buffer } from 'node:buffer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Memcache } from '../../../src/client/memcache.ts'
import { SerdeError } from '../../../src/errors.ts'
import {
  dalli,
  defaultSerde,
  memcacheClient,
  memcachedNpm,
  memjs,
  metaMemcache,
  phpMemcached,
  pylibmc,
  pymemcache,
  pythonMemcached,
  type Serde,
  spymemcached,
  structuredClone,
  xmemcached,
} from '../../../src/exports/serde.ts'
import { hasZstd } from '../../../src/serde/compression.ts'
import { foreignHint } from '../../../src/serde/foreign-values.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { patient } from '../../support/memcache-options.ts'

const compression = { minBytes: 10 }
const pickle = 'readWrite'

/** What each client stores, by its own layout; and the name that must stand in the message. */
const writers: readonly (readonly [name: string, serde: Serde])[] = [
  ['memcachedNpm', memcachedNpm()],
  ['memcacheClient', memcacheClient()],
  ['memjs', memjs()],
  ['dalli', dalli({ marshal: 'readWrite' })],
  ['dalli', dalli({ marshal: 'readWrite', compression })],
  ['dalli', dalli({ compression })],
  ['phpMemcached', phpMemcached({ serialize: 'readWrite' })],
  ['phpMemcached', phpMemcached({ serialize: 'readWrite', compression })],
  ['phpMemcached', phpMemcached({ compression })],
  ['pymemcache', pymemcache({ pickle, compression })],
  ['pylibmc', pylibmc({ pickle, pickleVersion: 5 })],
  ['pythonMemcached', pythonMemcached({ pickle })],
  ['metaMemcache', metaMemcache({ pickle })],
  ...(hasZstd()
    ? [['metaMemcache', metaMemcache({ pickle, compression: { minBytes: 10, algorithm: 'zstd' } })] as const]
    : []),
  ['spymemcached', spymemcached({ compression })],
  ['xmemcached', xmemcached({ compression })],
  ['structuredClone', structuredClone],
]

const samples: readonly unknown[] = [
  'olé 🍺',
  '',
  'abcdefghij'.repeat(2000),
  Buffer.from([0, 10, 13, 128, 255]),
  42,
  -7,
  2n ** 62n,
  0.1,
  1e300,
  Number.POSITIVE_INFINITY,
  true,
  false,
  null,
  [1, 'a', [true, null, 0.5]],
  { a: 1, b: ['é', { c: null }] },
  Array.from({ length: 500 }, () => 'same'),
  new Date(1_700_000_000_000),
]

/** One of them, as the serde of the client stores it; undefined: it stores no such value. */
function storedForm(serde: Serde, value: unknown): ReturnType<Serde['serialize']> | undefined {
  try {
    return serde.serialize(value, 'key')
  } catch {
    return undefined
  }
}

describe('a value of another client that the default serde cannot read', () => {
  let server: MemcachedServer
  let cache: Memcache

  beforeAll(async () => {
    server = await MemcachedServer.start()
    cache = new Memcache(server.address, { ...patient, failures: 'throw' })
  })

  afterAll(async () => {
    cache.destroy()
    await server.close()
  })

  it.each(writers)('is an error that names its serde: %s', async (name, serde) => {
    for (const value of samples) {
      const form = storedForm(serde, value)
      if (form === undefined) continue
      await cache.set('k', value, { serde: { serialize: () => form, deserialize: (data) => data } })
      const error: unknown = await cache.get('k').catch((failure: unknown) => failure)
      if (!(error instanceof Error)) continue
      expect(error).toBeInstanceOf(SerdeError)
      // Bytes without flags are anybody's.
      const wanted = form.clientFlags === 0 ? 'raw' : name
      expect(error.message, `client flags ${form.clientFlags}: ${error.message}`).toContain(`\`${wanted}`)
    }
  })
})

it.each([
  ['a pickle of protocol 0', 1, "(dp0\nS'a'\np1\nI1\ns.", 'pythonMemcached'],
  ['a serialized Java object', 1, '\xac\xed\0\x05', 'only `raw`'],
  ['a compressed Java object', 3, '\x1f\x8b\x08', 'only `raw`'],
  ['a text that zstd compressed', 1, '\x28\xb5\x2f\xfd\x20', 'memcacheClient'],
  ['igbinary of PHP', 5, '\0\0\0\x02', 'only `raw`'],
  ['an empty value of PHP, false', 3, '', 'phpMemcached'],
])('the hint for %s', (_name, clientFlags, bytes, wanted) => {
  expect(foreignHint(Buffer.from(bytes, 'latin1'), clientFlags)).toContain(wanted)
})

it('there is no hint where no client is known, and none shows the value', () => {
  expect(foreignHint(Buffer.from('secret'), 99_999)).toBe('')
  expect(foreignHint(Buffer.from('secret'), 0)).toBe('')
  for (let clientFlags = 0; clientFlags < 3000; clientFlags++) {
    expect(foreignHint(Buffer.from('{"secret":1}'), clientFlags)).not.toContain('secret')
  }
})

it('a counter value that is no number is a SerdeError', () => {
  for (const clientFlags of [2, 4]) {
    for (const text of ['', 'b', '0x1f', '1 2', '--1', ' 1', '1\n', '+1']) {
      expect(() => defaultSerde.deserialize(Buffer.from(text), clientFlags, 'k'), text).toThrow(SerdeError)
    }
  }
})
