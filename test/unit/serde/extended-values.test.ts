import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import {
  dalli,
  memcacheClient,
  memcachedNpm,
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
import { read } from './round-trip.ts'

const compression = { minBytes: 10 }
const TEXT = 'compressible '.repeat(200)
const TAILS: readonly (readonly [string, string])[] = [
  ['a byte', 'x'],
  ['a zero byte', '\0'],
  ['zero bytes', '\0\0\0\0'],
  ['much text', 'more text than one block of the format has '.repeat(20)],
]

const zstd: readonly (readonly [string, Serde])[] = hasZstd()
  ? [['metaMemcache, zstd', metaMemcache({ compression: { minBytes: 10, algorithm: 'zstd' } })]]
  : []

const compressed: readonly (readonly [string, Serde])[] = [
  ['dalli', dalli({ compression })],
  ['phpMemcached', phpMemcached({ compression })],
  ['pylibmc', pylibmc({ compression })],
  ['pymemcache', pymemcache({ compression })],
  ['pythonMemcached', pythonMemcached({ compression })],
  ['metaMemcache', metaMemcache({ compression })],
  ['spymemcached', spymemcached({ compression })],
  ['xmemcached', xmemcached({ compression })],
  ...zstd,
]

const structured: readonly (readonly [string, Serde])[] = [
  ['dalli', dalli({ marshal: 'readWrite' })],
  ['phpMemcached', phpMemcached({ serialize: 'readWrite' })],
  ['phpMemcached, JSON', phpMemcached()],
  ['pylibmc', pylibmc({ pickle: 'readWrite' })],
  ['pymemcache', pymemcache({ pickle: 'readWrite', pickleVersion: 4 })],
  ['memcacheClient', memcacheClient()],
  ['memcachedNpm', memcachedNpm()],
  ['structuredClone', structuredClone],
]

describe.each(compressed)('a compressed value of %s', (_name, serde) => {
  const { data, clientFlags } = serde.serialize(TEXT, 'key')
  const bytes = Buffer.from(data as Uint8Array).toString('latin1')

  it('is read as it is', () => {
    expect(bytes.length).toBeLessThan(TEXT.length)
    expect(read(bytes, clientFlags, serde)).toBe(TEXT)
  })

  it.each(TAILS)('is an error that names append behind which stands %s', (_what, tail) => {
    expect(() => read(bytes + tail, clientFlags, serde)).toThrow(/append and prepend add plain bytes/)
  })

  it.each(TAILS)('is an error that names prepend before which stands %s', (_what, head) => {
    expect(() => read(head + bytes, clientFlags, serde)).toThrow(/prepend/)
  })
})

describe('a value that PHP compressed with FastLZ', () => {
  // `abcdefabcdef`: a literal run and a match.
  const block = '\x05abcdef\x80\x05'
  const size = '\x0c\0\0\0'

  it('is read as it is', () => {
    expect(read(size + block, 80, phpMemcached())).toBe('abcdefabcdef')
    expect(read('\0\0\0\0', 80, phpMemcached())).toBe('')
  })

  it.each(['\0', 'x', '\x20\0'])('is an error behind which stands %j', (tail) => {
    for (const stored of [size + block, '\0\0\0\0'])
      expect(() => read(stored + tail, 80, phpMemcached())).toThrow(/append/)
  })
})

it('a zlib stream of PHP that is shorter than announced is an error', () => {
  const { data, clientFlags } = phpMemcached({ compression }).serialize(TEXT, 'key')
  const bytes = Buffer.from(data as Uint8Array)
  bytes.writeUInt32LE(TEXT.length + 1)
  expect(() => phpMemcached().deserialize(bytes, clientFlags, 'key')).toThrow('cannot be decompressed')
})

describe.each(structured)('a structured value of %s', (_name, serde) => {
  const value = { a: [1, 'text'] }
  const { data, clientFlags } = serde.serialize(value, 'key')
  const bytes = Buffer.from(data as string).toString('latin1')

  it('is read as it is, and an error where bytes were appended', () => {
    expect(read(bytes, clientFlags, serde)).toEqual(value)
    for (const tail of ['x', '\0', bytes]) expect(() => read(bytes + tail, clientFlags, serde), tail).toThrow(Error)
  })
})
