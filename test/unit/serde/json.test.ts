import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { defaultSerde } from '../../../src/serde/default-serde.ts'
import { json } from '../../../src/serde/json.ts'
import type { RangeSerde } from '../../../src/serde/serde.ts'

function roundTrip(value: unknown): unknown {
  const { data, clientFlags } = json.serialize(value, 'key')
  return json.deserialize(Buffer.from(data as string), clientFlags, 'key')
}

describe('json', () => {
  it.each([
    ['a', '"a"'],
    ['', '""'],
    [5, '5'],
    [-0.5, '-0.5'],
    [true, 'true'],
    [null, 'null'],
    [[1, 'é'], '[1,"é"]'],
    [{ a: { b: [] } }, '{"a":{"b":[]}}'],
    [{}, '{}'],
  ])('stores %j as the JSON text %s with client flags 32', (value, text) => {
    expect(json.serialize(value, 'key')).toEqual({ data: text, clientFlags: 32 })
    expect(roundTrip(value)).toEqual(value)
  })

  it('gives lone surrogates back, which JSON escapes', () => {
    expect(roundTrip('a\ud800')).toBe('a\ud800')
  })

  it.each([0, 1, 2, 2 ** 32 - 1])('reads JSON under client flags %d', (clientFlags) => {
    expect(json.deserialize(Buffer.from(' {"a":1}\n'), clientFlags, 'key')).toEqual({ a: 1 })
  })

  it('reads a counter that decr made shorter', () => {
    expect(json.deserialize(Buffer.from('9 '), 0, 'key')).toBe(9)
  })

  it.each([
    undefined,
    () => 1,
    Symbol('s'),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1n,
    { a: 1n },
    Buffer.from('a'),
    new Uint16Array(1),
    new ArrayBuffer(1),
    Promise.resolve(1),
    new Map([[1, 2]]),
    new Set([1]),
    new Error('no'),
    /a/,
    new WeakSet(),
    [1].values(),
    { toJSON: (): undefined => undefined },
  ])('refuses %s with a plain Error', (value) => {
    expect(() => json.serialize(value, 'key')).toThrow(expect.objectContaining({ constructor: Error }))
  })

  it('refuses a cycle', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(() => json.serialize(cycle, 'key')).toThrow(/^an Array cannot be stored as JSON: .*circular.*$/)
  })

  it('says that a bigint cannot be stored', () => {
    expect(() => json.serialize({ a: [1n] }, 'key')).toThrow(/^an object cannot be stored as JSON: .*BigInt$/)
  })

  it.each(['', 'a', '{', '[1', 'undefined'])('refuses to read %j, and does not quote it', (text) => {
    expect(() => json.deserialize(Buffer.from(text), 32, 'key')).toThrow('the value is stored as JSON and is not JSON')
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(() => json.deserialize(Buffer.from([0x22, 0xff, 0x22]), 32, 'key')).toThrow('not valid UTF-8')
  })

  it('reads from a range, after the client has decompressed it', () => {
    const range = json as RangeSerde
    expect(range.deserializeRange(Buffer.from('.[1].'), 1, 4, 32, false, true)).toEqual([1])
    expect(range.leavesCompressionFlags).toBe(true)
    expect(range.keepsBytes(32)).toBe(false)
  })

  it('writes what the default serde reads', () => {
    const { data, clientFlags } = json.serialize({ a: ['é', null] }, 'key')
    expect(defaultSerde.deserialize(Buffer.from(data as string), clientFlags, 'key')).toEqual({ a: ['é', null] })
  })
})
