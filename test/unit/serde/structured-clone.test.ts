import { Buffer } from 'node:buffer'
import { serialize as serializeV8 } from 'node:v8'
import { describe, expect, it } from 'vitest'
import type { RangeSerde } from '../../../src/serde/serde.ts'
import { structuredClone } from '../../../src/serde/structured-clone.ts'

function roundTrip(value: unknown): unknown {
  const { data, clientFlags } = structuredClone.serialize(value, 'key')
  return structuredClone.deserialize(data as Uint8Array, clientFlags, 'key')
}

interface Graph {
  readonly a: object
  readonly b: object
  self?: Graph
}

const rich = {
  date: new Date(5),
  map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'é'])]]),
  expression: /a+/giu,
  numbers: [Number.NaN, Number.NEGATIVE_INFINITY, -0, 0.1],
  bigint: -(10n ** 40n),
  bytes: Buffer.from([0, 255]),
  floats: new Float64Array([1.5, 2]),
  missing: undefined,
}

describe('structuredClone', () => {
  it.each(['', 'a', 'é🍺', 0, -0, Number.NaN, 2 ** 60, 5n, true, null, [], [1, [2]], {}])('gives %s back', (value) => {
    expect(roundTrip(value)).toStrictEqual(value)
  })

  it('gives back what JSON cannot carry', () => {
    expect(roundTrip(rich)).toStrictEqual(rich)
  })

  it('keeps the class, message and cause of an error', () => {
    const error = roundTrip(new RangeError('far')) as RangeError
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toBe('far')
  })

  it('keeps cycles, and one object met twice', () => {
    const shared = { n: 1 }
    const value: Graph = { a: shared, b: shared }
    value.self = value
    const back = roundTrip(value) as Graph
    expect(back.self).toBe(back)
    expect(back.a).toBe(back.b)
  })

  it('stores what v8.serialize writes, with client flags 512', () => {
    expect(structuredClone.serialize(rich, 'key')).toEqual({ data: serializeV8(rich), clientFlags: 512 })
  })

  it('gives memory of its own: the read buffer may be used again', () => {
    const read = Buffer.from(serializeV8({ bytes: Buffer.from('abc') }))
    const value = structuredClone.deserialize(read, 512, 'key')
    read.fill(0)
    expect(value).toEqual({ bytes: Buffer.from('abc') })
  })

  it('reads from a range, after the client has decompressed it', () => {
    const range = structuredClone as RangeSerde
    const data = serializeV8(Buffer.from('abc'))
    const read = Buffer.concat([Buffer.from('.'), data, Buffer.from('.')])
    const value = range.deserializeRange(read, 1, 1 + data.length, 512, true, false)
    read.fill(0)
    expect(value).toEqual(Buffer.from('abc'))
    expect(range.leavesCompressionFlags).toBe(true)
    expect(range.keepsBytes(512)).toBe(false)
  })

  it.each([undefined, () => 1, Symbol('s'), { a: () => 1 }, Promise.resolve(1), new WeakMap()])(
    'refuses %s with a plain Error',
    (value) => {
      expect(() => structuredClone.serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
    },
  )

  it('reads a counter that incr created and decr made shorter', () => {
    expect(structuredClone.deserialize(Buffer.from('99 '), 2, 'key')).toBe(99)
    expect(structuredClone.deserialize(Buffer.from('18446744073709551615'), 2, 'key')).toBe(18446744073709551615n)
  })

  it.each([0, 1, 16, 32, 64, 513, 2 ** 32 - 1])('refuses client flags %d', (clientFlags) => {
    expect(() => structuredClone.deserialize(serializeV8(1), clientFlags, 'key')).toThrow(String(clientFlags))
  })

  it('refuses the empty value, a value cut short and text', () => {
    const whole = serializeV8(rich)
    for (const data of [Buffer.alloc(0), Buffer.from('text'), whole.subarray(0, whole.length - 1)]) {
      expect(() => structuredClone.deserialize(data, 512, 'key')).toThrow('not what `v8.serialize` writes')
    }
  })
})
