import { Buffer } from 'node:buffer'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SerdeError } from '../../../src/errors.ts'
import { defaultSerde } from '../../../src/serde/default-serde.ts'
import { json } from '../../../src/serde/json.ts'
import type { RangeSerde } from '../../../src/serde/serde.ts'
import { structuredClone } from '../../../src/serde/structured-clone.ts'
import { withThen } from '../../support/with-then.ts'

function serialize(value: unknown): [data: string, clientFlags: number] {
  const { data, clientFlags } = defaultSerde.serialize(value, 'key')
  return [typeof data === 'string' ? data : Buffer.from(data).toString('latin1'), clientFlags]
}

function deserialize(data: string | Uint8Array, clientFlags: number): unknown {
  return defaultSerde.deserialize(typeof data === 'string' ? Buffer.from(data) : data, clientFlags, 'key')
}

function roundTrip(value: unknown): unknown {
  const { data, clientFlags } = defaultSerde.serialize(value, 'key')
  return deserialize(data, clientFlags)
}

function refusal(action: () => unknown): SerdeError {
  try {
    action()
  } catch (error) {
    expect(error).toBeInstanceOf(SerdeError)
    return error as SerdeError
  }
  throw new Error('it was accepted')
}

class Plain {
  readonly #hidden = 1
  get shown(): number {
    return this.#hidden
  }
}

class Money {
  readonly amount: number
  constructor(amount: number) {
    this.amount = amount
  }
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Objects of which JSON keeps nothing. */
const LOST: readonly [name: string, value: unknown][] = [
  ['a Map', new Map([[1, 2]])],
  ['a Set', new Set([1])],
  ['an Error', new Error('no')],
  ['an Error with a code', Object.assign(new Error('no'), { code: 'ENO' })],
  ['a RegExp', /a/],
  ['a Map of another realm', runInNewContext('new Map([[1, 2]])')],
  ['an Error of another realm', runInNewContext('new TypeError("no")')],
  ['a proxy of a Set', new Proxy(new Set([1]), {})],
  ['a proxy of an Error', new Proxy(new Error('no'), {})],
  ['a WeakMap', new WeakMap()],
  ['a generator', [1].values()],
  ['a Blob', new Blob(['a'])],
  ['Headers', new Headers({ a: 'b' })],
  ['a boxed symbol', Object(Symbol('s'))],
]

describe('what is stored', () => {
  it.each(LOST.slice(0, 5))('is never %s, and the error says which serde stores it', (_, value) => {
    const hint = /^an? \w+ cannot be stored: JSON keeps nothing of it, but `structuredClone` from memlane\/serde does$/
    expect(refusal(() => serialize(value)).message).toMatch(hint)
    expect(() => json.serialize(value, 'key')).toThrow(hint)
    expect(() => structuredClone.serialize(value, 'key')).not.toThrow()
  })

  it.each([
    ['', '', 0],
    ['text', 'text', 0],
    ['grüße →😀', 'grüße →😀', 0],
    [0, '0', 2],
    [-42, '-42', 2],
    [Number.MAX_SAFE_INTEGER, '9007199254740991', 2],
    [Number.MIN_SAFE_INTEGER, '-9007199254740991', 2],
    [2 ** 53, '9007199254740992', 32],
    [1e300, '1e+300', 32],
    [1.5, '1.5', 32],
    [-0, '-0', 32],
    [0n, '0', 4],
    [-(2n ** 200n), String(-(2n ** 200n)), 4],
    [true, 'true', 32],
    [false, 'false', 32],
    [null, 'null', 32],
    [{ a: [1, 'ü'] }, '{"a":[1,"ü"]}', 32],
    [[], '[]', 32],
    [new Date(0), '"1970-01-01T00:00:00.000Z"', 32],
    [{ map: new Map([[1, 2]]), set: new Set([1]) }, '{"map":{},"set":{}}', 32],
    [{}, '{}', 32],
    [Object.create(null), '{}', 32],
    [new Plain(), '{}', 32],
    [new Money(5), '{"amount":5}', 32],
    [Object.assign(new Error('no'), { toJSON: () => ({ message: 'no' }) }), '{"message":"no"}', 32],
    [new URL('http://a/'), '"http://a/"', 32],
    [new String('boxed'), '"boxed"', 32],
    [new Uint8Array([0, 255]), '\0\xff', 64],
    [Buffer.from('bytes'), 'bytes', 64],
  ])('is the documented layout, a promise to other programs: %#', (value, data, clientFlags) => {
    expect(serialize(value)).toEqual([data, clientFlags])
  })

  it('is the caller’s own bytes, not a copy', () => {
    const bytes = new Uint8Array([1, 2, 3])
    expect(defaultSerde.serialize(bytes, 'key').data).toBe(bytes)
  })

  it('knows a Uint8Array of another realm', () => {
    expect(serialize(runInNewContext('new Uint8Array([65])'))).toEqual(['A', 64])
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  it.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['a cycle', cycle],
    ['text with a lone surrogate', 'a\ud800'],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(1)],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['a Uint16Array', new Uint16Array(1)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(1)],
    ['a Float64Array', new Float64Array(1)],
    ['a promise', Promise.resolve(1)],
    ['a thenable', withThen(() => undefined)],
    ...LOST,
    ['bytes behind a proxy', new Proxy(Buffer.from('a'), {})],
    ['an object that only inherits from bytes', Object.create(Uint8Array.prototype) as unknown],
    ['a revoked proxy', revoked()],
    ['an object whose toJSON gives nothing', { toJSON: () => undefined }],
    ['an object with a bigint inside', { a: 1n }],
  ])('is never %s: it could not be given back', (_, value) => {
    expect(refusal(() => serialize(value)).delivery).toBe('not-sent')
  })

  it('keeps what a toJSON threw as the cause', () => {
    const thrown = new RangeError('mine')
    const value = {
      toJSON() {
        throw thrown
      },
    }
    expect(refusal(() => serialize(value)).cause).toBe(thrown)
  })

  it.each([
    ['a cycle', { cycle }, /^the value cannot be stored as JSON: .*circular.*$/],
    ['a bigint', { a: 1n }, /^the value cannot be stored as JSON: .*BigInt$/],
  ])('says that it was for %s, in one line, and keeps the cause', (_, value, message) => {
    const error = refusal(() => serialize(value))
    expect(error.message).toMatch(message)
    expect(error.cause).toBeInstanceOf(TypeError)
  })

  it('does not show what a toJSON threw: it may quote the value', () => {
    const value = {
      toJSON() {
        throw new TypeError('no secret')
      },
    }
    expect(refusal(() => serialize(value)).message).toBe('the value cannot be stored as JSON')
  })

  it('never throws anything but SerdeError, whatever the value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }), (value) => {
        try {
          serialize(value)
        } catch (error) {
          expect(error).toBeInstanceOf(SerdeError)
        }
      }),
    )
  })
})

describe('what comes back', () => {
  it('is the text that was stored', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(roundTrip(text)).toBe(text)
      }),
    )
  })

  it.each([
    '\ufffd',
    'a\ufffdb',
    '\ufeffwith a byte order mark',
    '\ufeff',
    '\0',
    '😀',
    '\u{10ffff}',
    'x'.repeat(100_000),
  ])('is the text that was stored: %j', (text) => {
    expect(roundTrip(text)).toBe(text)
  })

  it('is the number that was stored, to the sign of zero', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()), (number) => {
        expect(roundTrip(number)).toBe(number)
      }),
    )
    expect(roundTrip(-0)).toBe(-0)
    expect(roundTrip(2 ** 53)).toBe(2 ** 53)
  })

  it('is the bigint that was stored', () => {
    fc.assert(
      fc.property(fc.bigInt(), (bigint) => {
        expect(roundTrip(bigint)).toBe(bigint)
      }),
    )
  })

  it('is the JSON value that was stored', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // Inside objects and arrays JSON rules, which knows no -0.
        expect(roundTrip(value)).toEqual(typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : value)
      }),
    )
  })

  it('is the bytes that were stored, as a Buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const read = roundTrip(bytes)
        expect(Buffer.isBuffer(read)).toBe(true)
        expect(read).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('is text under flags 16 too, as other programs write it', () => {
    expect(deserialize('grüße', 16)).toBe('grüße')
  })

  it.each([
    ['10', 2, 10],
    ['9  ', 2, 9],
    ['-5', 2, -5],
    ['-0', 2, 0],
    ['007', 2, 7],
    ['9007199254740991', 2, 9_007_199_254_740_991],
    ['9007199254740992', 2, 9_007_199_254_740_992n],
    ['9007199254740993', 2, 9_007_199_254_740_993n],
    ['-9007199254740993', 2, -9_007_199_254_740_993n],
    ['18446744073709551615', 2, 18_446_744_073_709_551_615n],
    ['00000000000000000005', 2, 5],
    ['9  ', 4, 9n],
    ['-18446744073709551616', 4, -18_446_744_073_709_551_616n],
  ])('is the counter %j under flags %d', (data, clientFlags, value) => {
    expect(deserialize(data, clientFlags)).toBe(value)
  })

  it.each(['', ' ', '-', ' 1', '1 2', '1.5', '1e3', '0x10', '+1', '1\n', '1\0', '١', 'ten'])(
    'is a SerdeError for a counter that is none: %j',
    (data) => {
      for (const clientFlags of [2, 4]) expect(refusal(() => deserialize(data, clientFlags)).delivery).toBe('answered')
    },
  )

  it('is a SerdeError, with a cause, for JSON that is none, and quotes nothing of it', () => {
    const error = refusal(() => deserialize('hush hush', 32))
    expect(error.cause).toBeInstanceOf(SyntaxError)
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hush')
    refusal(() => deserialize('', 32))
  })

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a cut sequence', [0x61, 0xe2, 0x82]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a stored U+FFFD and a bad byte', [0xef, 0xbf, 0xbd, 0xff]],
  ])('is never an invented U+FFFD: %s is a SerdeError that points at `raw`', (_, bytes) => {
    for (const clientFlags of [0, 16, 32]) {
      expect(refusal(() => deserialize(Uint8Array.from(bytes), clientFlags)).message).toContain('`raw`')
    }
  })

  it.each([1, 3, 8, 34, 128, 256, 0x6d6c6b01, 2 ** 32 - 1])(
    'is a SerdeError that names the flags %d',
    (clientFlags) => {
      const { message } = refusal(() => deserialize('x', clientFlags))
      expect(message).toContain(`client flags ${clientFlags} `)
      expect(message).toContain('`raw`')
    },
  )

  it('is a value or a SerdeError, whatever the bytes and flags', () => {
    const flags = fc.oneof(fc.constantFrom(0, 2, 4, 16, 32, 64), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    const digits = fc.stringMatching(/^-?[0-9]* *$/).map((text) => new TextEncoder().encode(text))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), digits), flags, (bytes, clientFlags) => {
        try {
          deserialize(bytes, clientFlags)
        } catch (error) {
          expect(error).toBeInstanceOf(SerdeError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('does not depend on the read buffer once it is read', () => {
    const read = Buffer.from('abc')
    const value = deserialize(read, 64)
    read.fill(0)
    expect(value).toEqual(Buffer.from('abc'))
  })
})

describe('reading a range', () => {
  const range = defaultSerde as RangeSerde
  const block = Buffer.from('VALUE key 0 5\r\n12345\r\nEND\r\n')

  it.each([
    [0, '12345'],
    [2, 12_345],
    [4, 12_345n],
    [32, 12_345],
    [64, Buffer.from('12345')],
  ])('reads the range and nothing beside it under flags %d', (clientFlags, value) => {
    expect(range.deserializeRange(block, 15, 20, clientFlags, false, false)).toEqual(value)
  })

  it('judges UTF-8 by the range alone', () => {
    const bytes = Buffer.concat([Buffer.from([0xff]), Buffer.from('a\ufffdb'), Buffer.from([0xff])])
    expect(range.deserializeRange(bytes, 1, bytes.length - 1, 0, false, false)).toBe('a\ufffdb')
    expect(() => range.deserializeRange(bytes, 0, 5, 0, false, false)).toThrow(SerdeError)
  })

  it('hands over an owned buffer without a copy, and copies any other', () => {
    const bytes = Buffer.from('12345')
    expect(range.deserializeRange(bytes, 0, 5, 64, true, false)).toBe(bytes)
    expect(range.deserializeRange(bytes, 0, 5, 64, false, false)).not.toBe(bytes)
    expect(range.deserializeRange(bytes, 0, 4, 64, true, false)).toEqual(Buffer.from('1234'))
  })
})
