import { anything, assert, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageReader } from '../../../../src/sync/bridge/message-reader.ts'
import { MessageWriter } from '../../../../src/sync/bridge/message-writer.ts'

function cross(value: unknown): unknown {
  const writer = new MessageWriter(() => false)
  writer.start()
  writer.value(value)
  return new MessageReader(Buffer.from(writer.finish()), () => undefined).value()
}

describe('a message', () => {
  it('carries plain data as it is', () => {
    const plain = anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: false,
    })
    assert(
      property(plain, (value) => {
        expect(cross(value)).toEqual(value)
      }),
    )
  })

  it.each([-0, Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 31, 2 ** 53, 0.1])('carries the number %d', (value) => {
    expect(cross(value)).toBe(value)
  })

  it.each(['', 'ä', '\u0100', '\ud800', 'a\ud800b', '\0', '💾'])(
    'carries the text %j, lone surrogates included',
    (text) => {
      expect(cross(text)).toBe(text)
    },
  )

  it('keeps Buffers and Uint8Arrays apart, and copies neither more nor less than they show', () => {
    const bytes = Buffer.from('abcdef').subarray(1, 4)
    expect(cross(bytes)).toEqual(Buffer.from('bcd'))
    const plain = cross(new Uint8Array(bytes)) as Uint8Array
    expect(Buffer.isBuffer(plain)).toBe(false)
    expect([...plain]).toEqual([98, 99, 100])
  })

  it('carries a property named __proto__ as a property', () => {
    const crossed = cross(JSON.parse('{"__proto__":{"a":1}}')) as object
    expect(Object.keys(crossed)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(crossed)).toBe(Object.prototype)
  })

  it('grows for what is large', () => {
    const [text, bytes] = cross(['x'.repeat(3_000_000), Buffer.alloc(3_000_000, 7)]) as [string, Buffer]
    expect(text).toBe('x'.repeat(3_000_000))
    expect(bytes.equals(Buffer.alloc(3_000_000, 7))).toBe(true)
  })
})
