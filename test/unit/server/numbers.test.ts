import { Buffer } from 'node:buffer'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64Key, encodeBase64Key } from '../../../src/server/base64-key.ts'
import { looseNumbers, type NumberReader, strictNumbers } from '../../../src/server/numbers.ts'

function read<T>(reader: (bytes: Buffer, start: number, end: number) => T, text: string): T {
  // Digits around it must not be read.
  return reader(Buffer.from(`9${text}9`, 'latin1'), 1, text.length + 1)
}

describe.each([
  ['loose', looseNumbers],
  ['strict', strictNumbers],
] as const)('%s numbers', (_name, numbers: NumberReader) => {
  it('are read within their range', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        expect(read(numbers.uint64, String(value))).toBe(value)
      }),
    )
    fc.assert(
      fc.property(fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }), (value) => {
        expect(read(numbers.int32, String(value))).toBe(value)
      }),
    )
    expect([read(numbers.uint32, '0'), read(numbers.uint32, '4294967295')]).toEqual([0, 4_294_967_295])
  })

  it.each(['', '-', 'x', '1x', '1.5', '-5', '18446744073709551616', '99999999999999999999'])('%j is no u64', (text) => {
    expect(read(numbers.uint64, text)).toBeUndefined()
  })
})

describe('numbers out of range', () => {
  it('are cut where memcached up to 1.6.42 cuts them', () => {
    expect(read(looseNumbers.uint32, '4294967301')).toBe(5)
    expect(read(looseNumbers.int32, '2147483648')).toBe(-2_147_483_648)
    expect(read(looseNumbers.int32, '9223372036854775808')).toBeUndefined()
    expect(read(looseNumbers.uint64, '-18446744073709551615')).toBe(1n)
  })

  it('are refused where memcached 1.6.45 refuses them', () => {
    expect(read(strictNumbers.uint32, '4294967296')).toBeUndefined()
    expect(read(strictNumbers.int32, '2147483648')).toBeUndefined()
    expect(read(strictNumbers.int32, '-2147483649')).toBeUndefined()
    expect(read(strictNumbers.int32, '+5')).toBeUndefined()
  })
})

describe('base64 keys', () => {
  it('come back as the bytes they were made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 186 }), (bytes) => {
        const key = Buffer.from(bytes).toString('latin1')
        expect(encodeBase64Key(key)).toBe(Buffer.from(bytes).toString('base64'))
        expect(decodeBase64Key(encodeBase64Key(key))).toBe(key)
      }),
    )
  })

  it.each(['', 'a', 'YQ', 'YQ=', 'Zm-v', '====', 'Y==='])('%j is none', (text) => {
    expect(decodeBase64Key(text)).toBeUndefined()
  })
})
