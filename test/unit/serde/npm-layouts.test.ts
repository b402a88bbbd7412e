import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { memcacheClient, memcachedNpm, memjs } from '../../../src/exports/serde.ts'
import { hasZstd, magiclessZstdCodec } from '../../../src/serde/compression.ts'
import { read, roundTrip, stored } from './round-trip.ts'

describe('memcachedNpm', () => {
  it.each([
    ['é', 'Ã©', 0],
    ['', '', 0],
    ['a\r\nb', 'a\\\r\\\nb', 0],
    ['a\\\nb', 'a\\\\\nb', 0],
    [{ a: [1, null] }, '{"a":[1,null]}', 2],
    [true, 'true', 2],
    [null, 'null', 2],
    [Buffer.from([0, 65, 255]), '\0AÃ¿', 4],
    [Buffer.from([10]), '\\\n', 4],
    [5, '5', 8],
    [-0, '-0', 8],
    [1.5e300, '1.5e+300', 8],
    [Number.NaN, 'NaN', 8],
    [Number.NEGATIVE_INFINITY, '-Infinity', 8],
  ])('writes %j as the package does and reads it back', (value, bytes, clientFlags) => {
    expect(stored(value, memcachedNpm())).toEqual([bytes, clientFlags])
    expect(roundTrip(value, memcachedNpm())).toEqual(value)
  })

  it('reads counters that decr made shorter', () => {
    expect(read('99 ', 8, memcachedNpm())).toBe(99)
  })

  it.each([
    ['', 8, 'not one'],
    ['5x', 8, 'not one'],
    ['', 2, 'not JSON'],
    ['Ä\x80', 4, 'no bytes'],
    ['ÿ', 0, 'not valid UTF-8'],
    ['a', 1, 'client flags 1'],
    ['a', 6, 'client flags 6'],
  ])('refuses to read %j with client flags %d', (bytes, clientFlags, message) => {
    expect(() => read(bytes, clientFlags, memcachedNpm())).toThrow(message)
  })

  it.each([undefined, 1n, () => 1, Symbol('s')])('refuses to write %s', (value) => {
    expect(() => memcachedNpm().serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })
})

describe('memjs', () => {
  it('writes text and bytes with client flags 0 and reads Buffers', () => {
    expect(stored('é', memjs())).toEqual(['Ã©', 0])
    expect(roundTrip('é', memjs())).toEqual(Buffer.from('é'))
    expect(roundTrip(Buffer.from([255]), memjs())).toEqual(Buffer.from([255]))
    expect(roundTrip('', memjs())).toEqual(Buffer.alloc(0))
  })

  it('reads text where that is asked for', () => {
    expect(roundTrip('é', memjs({ strings: 'text' }))).toBe('é')
    expect(() => read('ÿ', 0, memjs({ strings: 'text' }))).toThrow('not valid UTF-8')
  })

  it('reads items with any client flags', () => {
    expect(read('a', 2 ** 32 - 1, memjs())).toEqual(Buffer.from('a'))
  })

  it.each([undefined, null, 1, true, {}, 'a\ud800'])('refuses to write %s', (value) => {
    expect(() => memjs().serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })
})

describe('memcacheClient', () => {
  it.each([
    ['é\r\n', 'Ã©\r\n', 0],
    ['', '', 0],
    [{ a: [1, null] }, '{"a":[1,null]}', 2],
    [null, 'null', 2],
    [true, 'true', 2],
    [5, '5', 4],
    [-1.5e300, '-1.5e+300', 4],
    [Buffer.from([0, 10, 255]), '\0\nÿ', 8],
  ])('writes %j as the package does and reads it back', (value, bytes, clientFlags) => {
    expect(stored(value, memcacheClient())).toEqual([bytes, clientFlags])
    expect(roundTrip(value, memcacheClient())).toEqual(value)
  })

  it('reads counters that decr made shorter, and what the package makes of NaN', () => {
    expect(read('99 ', 4, memcacheClient())).toBe(99)
    expect(read('null', 4, memcacheClient())).toBeNaN()
    expect(memcacheClient().counterFlags).toBe(4)
  })

  it.each([
    ['', 4, 'not one'],
    ['5x', 4, 'not one'],
    ['', 2, 'not JSON'],
    ['ÿ', 0, 'not valid UTF-8'],
    ['a', 6, 'client flags 6'],
    ['a', 16, 'client flags 16'],
    [
      'abc',
      1,
      hasZstd() ? 'marked as compressed and cannot be decompressed' : 'compressed with zstd, which this Node lacks',
    ],
  ])('refuses to read %j with client flags %d', (bytes, clientFlags, message) => {
    expect(() => read(bytes, clientFlags, memcacheClient())).toThrow(message)
  })

  it.runIf(hasZstd())('reads what zstd compressed, up to maxBytes', () => {
    const frame = Buffer.concat([
      Buffer.from('28b52ffd', 'hex'),
      magiclessZstdCodec.compress(Buffer.alloc(200, 'a'), 3),
    ])
    const serde = memcacheClient({ maxBytes: 200 })
    expect(serde.deserialize(frame, 1, 'k')).toBe('a'.repeat(200))
    expect(serde.deserialize(frame, 9, 'k')).toEqual(Buffer.alloc(200, 'a'))
    expect(() => memcacheClient({ maxBytes: 199 }).deserialize(frame, 1, 'k')).toThrow('more than maxBytes (199)')
  })

  it.each([undefined, 1n, Number.NaN, () => 1, Symbol('s'), 'a\ud800'])('refuses to write %s', (value) => {
    expect(() => memcacheClient().serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })

  it('has no option but maxBytes', () => {
    expect(() => memcacheClient({ compression: {} } as object)).toThrow('memcacheClient has no option "compression"')
  })
})
