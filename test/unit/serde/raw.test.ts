import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { SerdeError } from '../../../src/errors.ts'
import { raw } from '../../../src/serde/raw.ts'
import type { RangeSerde } from '../../../src/serde/serde.ts'

describe('raw', () => {
  it('writes text and bytes as they are, with client flags 0', () => {
    const bytes = new Uint8Array([255, 0])
    expect(raw.serialize('grüße', 'key')).toEqual({ data: 'grüße', clientFlags: 0 })
    expect(raw.serialize(bytes, 'key').data).toBe(bytes)
    expect(raw.serialize(bytes, 'key').clientFlags).toBe(0)
  })

  it.each([undefined, null, 1, 1n, true, {}, [1], new ArrayBuffer(1), new Uint16Array(1), 'a\udc00'])(
    'refuses %s',
    (value) => {
      expect(() => raw.serialize(value, 'key')).toThrow(SerdeError)
    },
  )

  it.each([0, 1, 2, 64, 2 ** 32 - 1])('reads any bytes under any flags: %d', (clientFlags) => {
    const value = raw.deserialize(new Uint8Array([255, 0]), clientFlags, 'key')
    expect(Buffer.isBuffer(value)).toBe(true)
    expect(value).toEqual(Buffer.from([255, 0]))
  })

  it('gives the caller a buffer of its own', () => {
    const read = Buffer.from('.abc.')
    const range = raw as RangeSerde
    const value = range.deserializeRange(read, 1, 4, 0, false, false)
    const same = range.deserializeRange(read, 0, 5, 0, true, false)
    const copy = raw.deserialize(read, 0, 'key')
    expect(same).toBe(read)
    read.fill(0)
    expect(value).toEqual(Buffer.from('abc'))
    expect(copy).toEqual(Buffer.from('.abc.'))
  })
})
