import { Buffer } from 'node:buffer'
import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { phpMemcached } from '../../../src/serde/php-memcached.ts'
import { nested, read, roundTrip, stored } from './round-trip.ts'

const native = phpMemcached({ serialize: 'readWrite' })

describe('phpMemcached', () => {
  // What php-memcached 3.2.0 with PHP 8.2 stored.
  it.each([
    ['a string', 0, 'hÃ©llo', 'héllo'],
    ["''", 0, '', ''],
    ['42', 1, '42', 42],
    ['PHP_INT_MAX', 1, '9223372036854775807', 2n ** 63n - 1n],
    ['1.5', 2, '1.5', 1.5],
    ['0.1', 2, '.1', 0.1],
    ['-0.0', 2, '-0', -0],
    ['5.0', 2, '5', 5],
    ['1e300', 2, '1e+300', 1e300],
    ['INF', 2, 'Infinity', Number.POSITIVE_INFINITY],
    ['-INF', 2, '-Infinity', Number.NEGATIVE_INFINITY],
    ['NAN', 2, 'NaN', Number.NaN],
    ['true', 3, '1', true],
    ['false', 3, '', false],
    ['null', 4, 'N;', null],
    ["[1,'a',2.5,null,true]", 4, 'a:5:{i:0;i:1;i:1;s:1:"a";i:2;d:2.5;i:3;N;i:4;b:1;}', [1, 'a', 2.5, null, true]],
    ["['a'=>1,'b'=>['c'=>2]]", 4, 'a:2:{s:1:"a";i:1;s:1:"b";a:1:{s:1:"c";i:2;}}', { a: 1, b: { c: 2 } }],
    ["[5=>'x','y'=>1]", 4, 'a:2:{i:5;s:1:"x";s:1:"y";i:1;}', { 5: 'x', y: 1 }],
    ['a stdClass', 4, 'O:8:"stdClass":1:{s:1:"a";i:1;}', { a: 1 }],
    ['an empty stdClass', 4, 'O:8:"stdClass":0:{}', {}],
    ['[]', 4, 'a:0:{}', []],
    ['JSON', 6, '{"a":1,"b":{"c":2}}', { a: 1, b: { c: 2 } }],
    ['a string with user flags', 5 * 65_536, 'x', 'x'],
  ])('reads %s', (_, clientFlags, bytes, expected) => {
    expect(read(bytes, clientFlags, native)).toEqual(expected)
  })

  it('reads what PHP compressed with FastLZ and with zlib', () => {
    const text = 'abcdef'.repeat(1000)
    expect(read(FASTLZ, 80, phpMemcached())).toBe(text)
    const zlib = Buffer.concat([Buffer.from([0x70, 0x17, 0, 0]), deflateSync(text)]).toString('latin1')
    expect(read(zlib, 48, phpMemcached())).toBe(text)
    expect(() => read(zlib, 48, phpMemcached({ maxBytes: 5999 }))).toThrow('more than maxBytes (5999)')
    expect(() => read(`\xff\xff\xff\xff${zlib.slice(4)}`, 48, phpMemcached())).toThrow('more than maxBytes')
    expect(() => read(`\x01\0\0\0${zlib.slice(4)}`, 48, phpMemcached())).toThrow('when decompressed')
    expect(() => read('abc', 48, phpMemcached())).toThrow('cannot be decompressed')
  })

  it.each([
    ['a class', 'O:4:"User":0:{}', '"User"'],
    ['a reference', 'a:2:{i:0;i:1;i:1;R:2;}', 'a reference'],
    ['a Serializable', 'C:3:"Abc":0:{}', 'a reference or an object'],
    ['an enum', 'E:3:"A:B";', 'a reference or an object'],
    ['a bool that is none', 'b:2;', 'damaged'],
    ['a string longer than the value', 's:5:"a";', 'damaged'],
    ['an array key that is a double', 'a:1:{d:1;i:1;}', 'damaged'],
    ['no bytes at all', '', 'cut short'],
  ])('refuses %s', (_, text, message) => {
    expect(() => read(text, 4, native)).toThrow(message)
  })

  it.each([
    ['é', 'Ã©', 0],
    [Buffer.from([255]), 'ÿ', 0],
    [42, '42', 1],
    [-(2n ** 63n), '-9223372036854775808', 1],
    [0.1, '0.1', 2],
    [-0, '-0', 2],
    [2 ** 60, '1152921504606847000', 2],
    [Number.NEGATIVE_INFINITY, '-Infinity', 2],
    [true, '1', 3],
    [false, '', 3],
    [null, 'null', 6],
    [{ a: [1] }, '{"a":[1]}', 6],
  ])('writes %s', (value, bytes, clientFlags) => {
    expect(stored(value, phpMemcached())).toEqual([bytes, clientFlags])
    if (!Buffer.isBuffer(value)) expect(roundTrip(value, phpMemcached())).toEqual(value)
  })

  it.each([
    [null, 'N;'],
    [[1, 'é', [0.5]], 'a:3:{i:0;i:1;i:1;s:2:"Ã©";i:2;a:1:{i:0;d:0.5;}}'],
    [{ a: true, b: undefined, c: -0 }, 'a:2:{s:1:"a";b:1;s:1:"c";d:-0;}'],
    [[Number.NaN, Number.POSITIVE_INFINITY], 'a:2:{i:0;d:NAN;i:1;d:INF;}'],
  ])('writes %j with serialize: readWrite', (value, bytes) => {
    expect(stored(value, native)).toEqual([bytes, 4])
    expect(roundTrip(value, native)).toEqual(JSON.parse(JSON.stringify(value)) === null ? null : value)
  })

  it('writes a Map with integer keys', () => {
    expect(stored(new Map([[5, 'a']]), native)).toEqual(['a:1:{i:5;s:1:"a";}', 4])
    expect(() => native.serialize(new Map([[1.5, 'a']]), 'key')).toThrow('cannot be the key of a PHP array')
  })

  it.each([2n ** 63n, undefined, () => 1, Symbol('s')])('refuses to write %s', (value) => {
    expect(() => phpMemcached().serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
    expect(() => native.serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })

  it('refuses to read serialize unless it is allowed', () => {
    expect(() => read('N;', 4, phpMemcached())).toThrow("allow it with serialize: 'read'")
  })

  it.each([5, 7, 8, 16, 32, 64, 112, 128])('refuses client flags %d', (clientFlags) => {
    expect(() => read('1234567', clientFlags, native)).toThrow('are not those of php-memcached')
  })

  it('gives strings as Buffers where that is asked for', () => {
    const serde = phpMemcached({ strings: 'bytes', serialize: 'read' })
    expect(read('ÿ', 0, serde)).toEqual(Buffer.from([255]))
    expect(read('a:1:{s:1:"k";s:1:"ÿ";}', 4, serde)).toEqual({ k: Buffer.from([255]) })
    expect(() => read('ÿ', 0, phpMemcached())).toThrow('not valid UTF-8')
  })

  it('compresses strings and objects of more than 2000 bytes, with their length in front', () => {
    const serde = phpMemcached({ compression: {} })
    expect(stored('a'.repeat(2000), serde)[1]).toBe(0)
    const [data, clientFlags] = stored('a'.repeat(2001), serde)
    expect(clientFlags).toBe(48)
    expect(data.slice(0, 4)).toBe('\xd1\x07\0\0')
    expect(roundTrip('a'.repeat(2001), serde)).toBe('a'.repeat(2001))
    expect(stored(['a'.repeat(2001)], serde)[1]).toBe(54)
  })

  it('writes and reads 512 levels and refuses one more', () => {
    expect(roundTrip(nested(512), native)).toEqual(nested(512))
    expect(() => native.serialize(nested(513), 'key')).toThrow('nested deeper than 512 levels')
  })
})

/** `str_repeat('abcdef', 1000)`, as php-memcached stored it. */
const FASTLZ = Buffer.from(
  'cBcAAAVhYmNkZWbg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg/QXg2gUCZGVm',
  'base64',
).toString('latin1')
