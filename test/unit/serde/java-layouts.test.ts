import { Buffer } from 'node:buffer'
import { deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { spymemcached, xmemcached } from '../../../src/exports/serde.ts'
import { read, roundTrip, stored } from './round-trip.ts'

describe.each([
  ['spymemcached', spymemcached],
  ['xmemcached', xmemcached],
])('%s', (_, factory) => {
  // TranscoderUtils: big-endian, zero bytes in front left out.
  it.each([
    ['é', 'Ã©', 0],
    ['', '', 0],
    [true, '1', 256],
    [false, '0', 256],
    [0, '', 512],
    [1, '\x01', 512],
    [256, '\x01\0', 512],
    [-1, '\xff\xff\xff\xff', 512],
    [2 ** 31 - 1, '\x7f\xff\xff\xff', 512],
    [2 ** 31, '\x80\0\0\0', 768],
    [-(2 ** 31) - 1, '\xff\xff\xff\xff\x7f\xff\xff\xff', 768],
    [2n ** 63n - 1n, '\x7f\xff\xff\xff\xff\xff\xff\xff', 768],
    [new Date(1_700_000_000_000), '\x01\x8b\xcf\xe5\x68\0', 1024],
    [new Date(-1), '\xff\xff\xff\xff\xff\xff\xff\xff', 1024],
    [1.5, '\x3f\xf8\0\0\0\0\0\0', 1792],
    [-0, '\x80\0\0\0\0\0\0\0', 1792],
    [Number.POSITIVE_INFINITY, '\x7f\xf0\0\0\0\0\0\0', 1792],
    [5e-324, '\x01', 1792],
    [Buffer.from([0, 255]), '\0ÿ', 2048],
  ])('writes %s as Java does and reads it back', (value, bytes, clientFlags) => {
    expect(stored(value, factory())).toEqual([bytes, clientFlags])
    expect(roundTrip(value, factory())).toEqual(value)
  })

  it('reads a Byte and a Float', () => {
    expect(read('\xff', 1280, factory())).toBe(-1)
    expect(read('', 1280, factory())).toBe(0)
    expect(read('\x3f\xc0\0\0', 1536, factory())).toBe(1.5)
    expect(read('', 1536, factory())).toBe(0)
  })

  it('writes every integer as Long where that is asked for', () => {
    expect(stored(1, factory({ integers: 'long' }))).toEqual(['\x01', 768])
  })

  it('compresses with gzip and flag 2 beyond 16384 bytes', () => {
    const serde = factory({ compression: {} })
    expect(stored('a'.repeat(16_384), serde)[1]).toBe(0)
    expect(stored(Buffer.alloc(16_385), serde)[1]).toBe(2050)
    expect(roundTrip('a'.repeat(16_385), serde)).toBe('a'.repeat(16_385))
    const bomb = gzipSync(Buffer.alloc(1001)).toString('latin1')
    expect(() => read(bomb, 2, factory({ maxBytes: 1000 }))).toThrow('more than maxBytes (1000)')
  })

  it.each([
    ['a serialized object', '\xac\xed', 1, 'serialized Java object'],
    ['an Integer of five bytes', '\x01\0\0\0\0', 512, 'too many bytes'],
    ['a Boolean of two bytes', '11', 256, 'not one'],
    ['an empty Boolean', '', 256, 'not one'],
    ['a date beyond all Dates', '\x7f\xff\xff\xff\xff\xff\xff\xff', 1024, 'beyond what a Date holds'],
    ['text that is not UTF-8', 'ÿ', 0, 'not valid UTF-8'],
    ['client flags 4', 'a', 4, 'client flags 4'],
    ['client flags 2304', 'a', 2304, 'client flags 2304'],
  ])('refuses %s', (__, bytes, clientFlags, message) => {
    expect(() => read(bytes, clientFlags, factory())).toThrow(message)
  })

  it.each([null, undefined, {}, [1], 2n ** 63n, new Date(Number.NaN), 'a\udc00'])('refuses to write %s', (value) => {
    expect(() => factory().serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })
})

it('xmemcached reads what it compressed in mode ZIP', () => {
  expect(read(deflateSync('abc').toString('latin1'), 2, xmemcached())).toBe('abc')
  expect(() => read(deflateSync('abc').toString('latin1'), 2, spymemcached())).toThrow('cannot be decompressed')
})
