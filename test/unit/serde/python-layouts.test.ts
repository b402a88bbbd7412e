import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { metaMemcache, pylibmc, pymemcache, pythonMemcached, type Serde } from '../../../src/exports/serde.ts'
import { hasZstd } from '../../../src/serde/compression.ts'
import { type PythonRow, pythonRows, toJavaScript } from './python-vectors.ts'
import { read, roundTrip, stored } from './round-trip.ts'

const factories = { pymemcache, pylibmc, pythonMemcached, metaMemcache }
const files = { pymemcache: 'values_pymemcache', pylibmc: 'values_pylibmc', pythonMemcached: 'values_python_memcached' }

describe.each(Object.entries(files))('%s', (name, file) => {
  const factory = factories[name as keyof typeof files]
  const serde = factory({ pickle: 'readWrite' })
  // Without a serde pymemcache stores `str(value)`, whose type is lost.
  const sets = Object.entries(pythonRows(file)).filter(([set]) => !set.startsWith('no serde'))

  describe.each(sets)('%s', (_, rows) => {
    const whole = rows.filter((row) => typeof row.base64 === 'string')

    it.each(whole)('reads $name as Python stored it', (row) => {
      const data = Buffer.from(row.base64!, 'base64')
      const expected = toJavaScript(row.value)
      const value = serde.deserialize(data, row.flags!, 'key')
      expect(value).toEqual(expected)
      expect(typeof value).toBe(typeof expected)
      expect(Buffer.isBuffer(value)).toBe(Buffer.isBuffer(expected))
    })

    it.each(whole.filter(isUncompressedSimple))('writes $name with the bytes and flags of Python', (row) => {
      expect(stored(toJavaScript(row.value), serde)).toEqual([
        Buffer.from(row.base64!, 'base64').toString('latin1'),
        row.flags,
      ])
    })
  })
})

function deflated(length: number): string {
  return deflateSync('a'.repeat(length)).toString('latin1')
}

function isUncompressedSimple(row: PythonRow): boolean {
  return (row.flags! & 9) === 0
}

describe('metaMemcache', () => {
  const url = new URL('../../vectors/values/values_aisk_and_meta_memcache.json', import.meta.url)
  const { values } = JSON.parse(readFileSync(url, 'utf8')) as { values: readonly MetaRow[] }
  const expected: Readonly<Record<string, unknown>> = {
    'str ascii': 'hello',
    'str unicode': 'olé 🍺',
    'str 129': 'a'.repeat(129),
    'bytes empty': Buffer.alloc(0),
    'int 0': 0,
    'int 2**64': 2n ** 64n,
    False: false,
    'float 1.5': 1.5,
    dict: { a: 1 },
  }

  it.each(values)('reads $name as MixedSerializer stored it', ({ name, meta_memcache_MixedSerializer: row }) => {
    const data = Buffer.from(row.base64, 'base64')
    expect(Object.keys(expected)).toContain(name)
    const value = metaMemcache({ pickle: 'read' }).deserialize(data, row.flags, 'key')
    if (name === 'dict') expect(typeof value).toBe('object')
    else expect(value).toEqual(expected[name])
  })

  it('has text at 0 and bytes at 16', () => {
    expect(stored('é', metaMemcache())).toEqual(['Ã©', 0])
    expect(stored(Buffer.from([255]), metaMemcache())).toEqual(['ÿ', 16])
  })

  it.runIf(hasZstd())('compresses with zstd, without the magic number', () => {
    const serde = metaMemcache({ compression: { algorithm: 'zstd' } })
    const [data, clientFlags] = stored('a'.repeat(1000), serde)
    expect(clientFlags).toBe(32)
    expect(data.startsWith('\x28\xb5\x2f\xfd')).toBe(false)
    expect(roundTrip('a'.repeat(1000), serde, metaMemcache())).toBe('a'.repeat(1000))
  })

  it.skipIf(hasZstd())('says which Node has zstd where this one has not', () => {
    expect(() => metaMemcache({ compression: { algorithm: 'zstd' } })).toThrow('needs Node 22.15 or newer')
    expect(() => read('abc', 32, metaMemcache())).toThrow('22.15 or newer')
  })
})

interface MetaRow {
  readonly name: string
  readonly meta_memcache_MixedSerializer: { readonly flags: number; readonly base64: string }
}

describe.each(Object.entries(factories))('every Python layout: %s', (_, factory) => {
  it.each([1.5, -0, 2 ** 60, Number.NaN, null, [1], { a: 1 }])(
    'refuses to write %j unless pickles are allowed',
    (value) => {
      for (const serde of [factory(), factory({ pickle: 'read' })]) {
        expect(() => serde.serialize(value, 'key')).toThrow("allow it with pickle: 'readWrite'")
      }
      expect(roundTrip(value, factory({ pickle: 'readWrite' }))).toEqual(value)
    },
  )

  it('refuses to read a pickle unless it is allowed', () => {
    expect(() => read('\x80\x02N.', 1, factory())).toThrow("allow it with pickle: 'read'")
    expect(read('\x80\x02N.', 1, factory({ pickle: 'read' }))).toBeNull()
  })

  it.each([3, 18, 64, 512, 2 ** 32 - 1])('refuses client flags %d', (clientFlags) => {
    expect(() => read('5', clientFlags, factory({ pickle: 'read' }))).toThrow(Error)
  })

  it('reads a counter that decr made shorter, and both kinds of integer', () => {
    expect(read('99 ', 2, factory())).toBe(99)
    expect(read('18446744073709551615', 4, factory())).toBe(18446744073709551615n)
  })

  it.each(['', '5x', '1.5', '- 5'])('refuses %j as an integer', (text) => {
    expect(() => read(text, 2, factory())).toThrow('stored as an integer and is not one')
  })

  it('reads what is compressed, up to maxBytes', () => {
    const small: Serde = factory({ maxBytes: 100 })
    expect(String(read(deflated(100), 8, small))).toBe('a'.repeat(100))
    expect(() => read(deflated(101), 8, small)).toThrow('more than maxBytes (100)')
    expect(() => read('no zlib', 8, small)).toThrow('cannot be decompressed')
  })

  it('compresses what is long enough and gets smaller, and nothing else', () => {
    const serde = factory({ compression: { minBytes: 100 } })
    expect(stored('a'.repeat(100), serde)[1] & 8).toBe(0)
    expect(stored('a'.repeat(101), serde)[1] & 8).toBe(8)
    expect(roundTrip('a'.repeat(101), serde)).toBe('a'.repeat(101))
    const eager = factory({ compression: { minBytes: 0 } })
    expect(stored('ab', eager)[1] & 8).toBe(0)
  })

  it('reads an empty value as empty', () => {
    expect(roundTrip('', factory())).toBe('')
    expect(roundTrip(Buffer.alloc(0), factory())).toEqual(Buffer.alloc(0))
  })

  it('gives bytes that belong to the caller, and refuses text that is not UTF-8', () => {
    expect(roundTrip(Buffer.from([0, 255]), factory())).toEqual(Buffer.from([0, 255]))
    const textFlags = stored('a', factory())[1]
    expect(() => read('ÿ', textFlags, factory())).toThrow('not valid UTF-8')
    expect(() => factory().serialize('\ud800', 'key')).toThrow('lone surrogate')
  })

  it.each([
    { pickle: true },
    { pickleVersion: 1 },
    { maxBytes: 0 },
    { maxBytes: 1.5 },
    { compression: true },
    { compression: { minBytes: -1 } },
    { compression: { level: 10 } },
  ])('refuses the options %j when it is made', (options) => {
    expect(() => factory(options as never)).toThrow(expect.objectContaining({ name: 'InvalidInputError' }))
  })
})

describe('pylibmc', () => {
  it('writes booleans as integers with client flags 2, and reads them as booleans', () => {
    expect(stored(true, pylibmc())).toEqual(['1', 2])
    expect(stored(false, pylibmc())).toEqual(['0', 2])
    expect(roundTrip(true, pylibmc())).toBe(true)
    expect(read('7', 2, pylibmc())).toBe(7)
  })
})
