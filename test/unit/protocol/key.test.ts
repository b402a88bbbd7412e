import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../../src/errors.ts'
import { encodeKeyBytes, fitsAsKey, isPlainKey, keyBytes, quoteKey, wireKeyBytes } from '../../../src/protocol/key.ts'

describe('a key', () => {
  it.each(['a', '!', '~', 'user:1', 'x'.repeat(250)])('of printable ASCII is sent as it is: %s', (key) => {
    expect(isPlainKey(key)).toBe(true)
    expect(encodeKeyBytes(Buffer.from(key))).toBe(key)
  })

  it('of UTF-8 is sent as text, and recognised by its bytes', () => {
    const key = encodeKeyBytes(Buffer.from('é'))
    expect(key).toEqual({ text: 'é', form: 'utf8', echo: '\u00c3\u00a9' })
    expect(wireKeyBytes(key)).toEqual(Buffer.from('é'))
  })

  it('of bytes that are not UTF-8 is sent byte by byte', () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x41])
    const key = encodeKeyBytes(bytes)
    expect(key).toMatchObject({ form: 'bytes' })
    expect(wireKeyBytes(key)).toEqual(bytes)
  })

  it.each([[' '], ['\r\n'], ['\0'], ['\x7f'], ['a b']])('with %j is sent as base64', (text) => {
    const key = encodeKeyBytes(Buffer.from(text))
    expect(key).toMatchObject({ form: 'base64', text: Buffer.from(text).toString('base64') })
    expect(wireKeyBytes(key)).toEqual(Buffer.from(text))
  })

  it('may have 250 bytes, or 186 where it needs base64', () => {
    expect(fitsAsKey(Buffer.alloc(250, 'x'))).toBe(true)
    expect(fitsAsKey(Buffer.alloc(251, 'x'))).toBe(false)
    expect(fitsAsKey(Buffer.alloc(186, ' '))).toBe(true)
    expect(fitsAsKey(Buffer.alloc(187, ' '))).toBe(false)
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(251, 'x'), Buffer.alloc(187, ' ')]) {
      expect(() => encodeKeyBytes(bytes)).toThrow(InvalidInputError)
    }
  })

  it('with a lone surrogate has no bytes', () => {
    expect(() => keyBytes('a\ud800')).toThrow(InvalidInputError)
  })

  it('is cut and escaped in messages', () => {
    expect(quoteKey('a\r\nb')).toBe('"a\\r\\nb"')
    expect(quoteKey('x'.repeat(300))).toBe(`"${'x'.repeat(40)}…"`)
  })
})
