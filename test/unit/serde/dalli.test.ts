import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { dalli } from '../../../src/serde/dalli.ts'
import { nested, read, roundTrip, stored } from './round-trip.ts'

const marshal = dalli({ marshal: 'readWrite' })

describe('dalli', () => {
  // What Dalli 3.0.6 with Ruby 3.1 stored.
  it.each([
    ['"héllo"', '\x04\bI"\x0bhÃ©llo\x06:\x06ET', 'héllo'],
    ['a binary string', '\x04\b"\x07ÿ\0', Buffer.from([255, 0])],
    ['a US-ASCII string', '\x04\bI"\x06a\x06:\x06EF', 'a'],
    ['42', '\x04\bi/', 42],
    ['-129', '\x04\bi\xff\x7f', -129],
    ['-1', '\x04\bi\xfa', -1],
    ['300', '\x04\bi\x02,\x01', 300],
    ['2**70', '\x04\bl+\n\0\0\0\0\0\0\0\0@\0', 2n ** 70n],
    ['2**31', '\x04\bl+\x07\0\0\0\x80', 2 ** 31],
    ['-(2**31)', '\x04\bl-\x07\0\0\0\x80', -(2 ** 31)],
    ['1.5', '\x04\bf\b1.5', 1.5],
    ['Infinity', '\x04\bf\binf', Number.POSITIVE_INFINITY],
    ['nil', '\x04\b0', null],
    ['true', '\x04\bT', true],
    [':abc', '\x04\b:\babc', 'abc'],
    ['[1, "a", nil, [2.5]]', '\x04\b[\ti\x06I"\x06a\x06:\x06ET0[\x06f\b2.5', [1, 'a', null, [2.5]]],
    [
      '{"a"=>1, b: {"c"=>[1]}}',
      '\x04\b{\x07I"\x06a\x06:\x06ETi\x06:\x06b{\x06I"\x06c\x06;\0T[\x06i\x06',
      { a: 1, b: { c: [1] } },
    ],
    ['{1=>2}', '\x04\b{\x06i\x06i\x07', new Map([[1, 2]])],
    [
      'links to a string, an array and a bignum',
      '\x04\b[\fI"\x07Ã©\x06:\x06ET@\x06[\x07l+\x07\0\0\0\x80f\b1.5@\x07l+\x07\0\0\0\x80:\x06s;\x06',
      ['é', 'é', [2 ** 31, 1.5], [2 ** 31, 1.5], 2 ** 31, 's', 's'],
    ],
  ])('reads %s', (_, bytes, expected) => {
    expect(read(bytes, 1, dalli({ marshal: 'read' }))).toEqual(expected)
  })

  it.each([
    ['an object', '\x04\bo:\x0bObject\0', 'an object of Ruby'],
    ['a class', '\x04\bc\x0bString', 'an object of Ruby'],
    ['a hash with a default', '\x04\b}\0i\0', 'an object of Ruby'],
    ['a string in Latin-1', '\x04\bI"\x06\xe9\x06:\rencoding"\x0fISO-8859-1', 'another encoding'],
    ['a regular expression', '\x04\bI/\x06a\0\x06:\x06EF', 'an object of Ruby'],
    ['another version', '\x05\x080', 'is not it'],
    ['no bytes at all', '', 'cut short'],
    ['a list without its items', '\x04\b[\x07i\x06', 'damaged'],
    ['a list of negative length', '\x04\b[\xfa', 'damaged'],
    ['a link to nothing', '\x04\b@\x0a', 'damaged'],
    ['a symbol that is not there', '\x04\b;\0', 'damaged'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => read(bytes, 1, marshal)).toThrow(message)
  })

  it.each([
    null,
    true,
    0,
    1,
    -1,
    122,
    123,
    -123,
    -124,
    255,
    256,
    -256,
    -257,
    65_535,
    2 ** 30 - 1,
    2 ** 30,
    -(2 ** 30),
    -(2 ** 30) - 1,
    2 ** 53 - 1,
    2n ** 200n,
    -(2n ** 64n),
    0.1,
    -0,
    1e300,
    Number.NaN,
    '',
    'é🍺',
    Buffer.from([0, 255]),
    [],
    ['a', 'b', ['a']],
    {},
    { a: { b: [null, 'x'.repeat(300)] } },
    new Map([[1, 'a']]),
  ])('gives %s back through Marshal', (value) => {
    expect(roundTrip(value, marshal)).toEqual(value)
  })

  it.each([undefined, new Date(), new Set(), () => 1, new Map([[[], 1]])])('refuses to write %s', (value) => {
    expect(() => marshal.serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })

  it('writes and reads text and bytes raw unless Marshal is allowed', () => {
    expect(stored('é', dalli())).toEqual(['Ã©', 0])
    expect(stored('é', dalli({ marshal: 'read' }))).toEqual(['Ã©', 0])
    expect(stored(Buffer.from('a'), dalli())).toEqual(['a', 0])
    expect(roundTrip('é', dalli())).toBe('é')
    expect(roundTrip('é', dalli({ strings: 'bytes' }))).toEqual(Buffer.from('é'))
    expect(() => dalli().serialize(5, 'key')).toThrow("allow it with marshal: 'readWrite'")
    expect(() => read('\x04\b0', 1, dalli())).toThrow("allow it with marshal: 'read'")
    expect(() => read('ÿ', 0, dalli())).toThrow('not valid UTF-8')
  })

  it('compresses with zlib and flag 2 from 4096 bytes on', () => {
    const serde = dalli({ compression: {} })
    expect(stored('a'.repeat(4095), serde)[1]).toBe(0)
    expect(stored('a'.repeat(4096), serde)[1]).toBe(2)
    expect(roundTrip('a'.repeat(4096), serde, dalli())).toBe('a'.repeat(4096))
    expect(roundTrip('a'.repeat(5000), dalli({ marshal: 'readWrite', compression: {} }), marshal)).toBe(
      'a'.repeat(5000),
    )
  })

  it.each([4, 8, 5, 512])('refuses client flags %d', (clientFlags) => {
    expect(() => read('a', clientFlags, marshal)).toThrow(`client flags ${clientFlags}`)
  })

  it('writes and reads 512 levels and refuses one more', () => {
    expect(roundTrip(nested(512), marshal)).toEqual(nested(512))
    expect(() => marshal.serialize(nested(513), 'key')).toThrow('nested deeper than 512 levels')
  })
})
