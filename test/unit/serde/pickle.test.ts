import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { decodePickle } from '../../../src/serde/pickle-reader.ts'
import { encodePickle, type PickleVersion } from '../../../src/serde/pickle-writer.ts'
import { nested } from './round-trip.ts'

const MAX_BYTES = 2 ** 24

function unpickle(text: string): unknown {
  return decodePickle(Buffer.from(text, 'latin1'), MAX_BYTES)
}

describe('reading pickles', () => {
  // Each line is what `pickle.dumps(value, protocol)` of Python 3.11 gives.
  it.each([
    ['-1 in protocol 0', 'I-1\n.', -1],
    ['2**100 in protocol 0', 'L1267650600228229401496703205376L\n.', 2n ** 100n],
    ['2**100 in protocol 2', '\x80\x02\x8a\x0d\0\0\0\0\0\0\0\0\0\0\0\0\x10.', 2n ** 100n],
    ['-129 in protocol 2', '\x80\x02J\x7f\xff\xff\xff.', -129],
    ['-2**31-1 in protocol 2', '\x80\x02\x8a\x05\xff\xff\xff\x7f\xff.', -(2 ** 31) - 1],
    ['inf in protocol 0', 'Finf\n.', Number.POSITIVE_INFINITY],
    ['-inf in protocol 0', 'F-inf\n.', Number.NEGATIVE_INFINITY],
    ['nan in protocol 2', '\x80\x02G\x7f\xf8\0\0\0\0\0\0.', Number.NaN],
    ['True in protocol 1', 'I01\n.', true],
    ['a str with a backslash and a line feed', 'V\\u005ca\\u000a\\U0001f37a\xe9\np0\n.', '\\a\n🍺é'],
    ["(1, 'a') in protocol 2", '\x80\x02K\x01X\x01\0\0\0aq\0\x86q\x01.', [1, 'a']],
    ['(1, 2, 3, 4) in protocol 2', '\x80\x02(K\x01K\x02K\x03K\x04tq\0.', [1, 2, 3, 4]],
    ['() in protocol 0', '(t.', []],
    ["b'' in protocol 2", '\x80\x02c__builtin__\nbytes\nq\0)Rq\x01.', Buffer.alloc(0)],
    ['a str of Python 2', "S'it\\'s\\x00\\n'\np0\n.", "it's\0\n"],
    ['{1: 2} in protocol 2', '\x80\x02}q\0K\x01K\x02s.', new Map([[1, 2]])],
    ["{'a': {}} in protocol 2", '\x80\x02}q\0X\x01\0\0\0aq\x01}q\x02s.', { a: {} }],
  ])('reads %s', (_, text, expected) => {
    expect(unpickle(text)).toEqual(expected)
  })

  it('gives one object for one that is met twice, and follows a list that contains itself', () => {
    const [first, second] = unpickle(']q\0(]q\x01h\x01e.') as unknown[]
    expect(first).toBe(second)
    const cycle = unpickle(']q\0h\0a.') as unknown[]
    expect(cycle[0]).toBe(cycle)
  })

  it('makes a member of its own of `__proto__`', () => {
    const value = unpickle('}(X\x09\0\0\0__proto__}u.') as object
    expect(Object.keys(value)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it.each([
    ['os.system', 'cos\nsystem\n(S"echo"\ntR.', '"os.system"'],
    ['a set in protocol 2', '\x80\x02c__builtin__\nset\nq\0]q\x01\x85Rq\x02.', '"__builtin__.set"'],
    ['a set in protocol 4', '\x80\x04\x8f\x94.', 'only plain types'],
    ['a date by STACK_GLOBAL', '\x80\x04\x8c\x08datetime\x8c\x04date\x93.', '"datetime.date"'],
    ['bytes called with something', '\x80\x02c__builtin__\nbytes\nK\x05\x85R.', 'damaged'],
    ['another codec', 'c_codecs\nencode\n(Vx\nVrot13\ntR.', 'damaged'],
    ['a function by itself', 'c_codecs\nencode\n.', 'damaged'],
    ['a function in a list', ']c_codecs\nencode\na.', 'damaged'],
    ['a function in a dict', '}Va\nc_codecs\nencode\ns.', 'damaged'],
    ['a dict as a key', '}}Ns.', 'damaged'],
    ['a bytearray', '\x80\x05\x96\x01\0\0\0\0\0\0\0a.', 'only plain types'],
    ['an instance', '(i__main__\nA\n.', 'only plain types'],
    ['a persistent id', 'Px\n.', 'only plain types'],
    ['nothing', '.', 'damaged'],
    ['two values', 'NN.', 'damaged'],
    ['an open mark', '(N.', 'damaged'],
    ['no end', 'N', 'cut short'],
    ['no bytes at all', '', 'cut short'],
    ['a memo that is not there', 'h\0.', 'damaged'],
    ['protocol 6', '\x80\x06N.', 'damaged'],
    ['a length beyond the end', 'X\xff\xff\xff\x7fa.', 'cut short'],
    ['a str of Python 2 that is not ASCII', "S'\\xe9'\n.", 'not ASCII'],
    ['text with a lone surrogate', 'V\\ud800\n.', 'lone surrogate'],
    ['a character beyond Unicode', 'V\\U00110000\n.', 'beyond Unicode'],
  ])('refuses %s', (_, text, message) => {
    expect(() => unpickle(text)).toThrow(message)
  })
})

describe('writing pickles', () => {
  const values: readonly unknown[] = [
    null,
    true,
    false,
    0,
    255,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    Number.MAX_SAFE_INTEGER,
    2n ** 100n,
    -(2n ** 100n),
    -0,
    0.1,
    1e300,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    '',
    'olé 🍺\n\0',
    Buffer.alloc(0),
    Buffer.from([0, 128, 255]),
    [],
    [1, [2, [3]]],
    {},
    { a: { b: [null] }, '': 1 },
    new Map<unknown, unknown>([
      [1, 'a'],
      ['b', Buffer.from('c')],
    ]),
  ]

  it.each([2, 3, 4, 5] as const)('is read back in protocol %d', (version: PickleVersion) => {
    for (const value of values) expect(decodePickle(encodePickle(value, version), MAX_BYTES)).toEqual(value)
    expect(encodePickle(1, version)[1]).toBe(version)
  })

  it.each([8, 16, 24, 64, 2040, 2048, 4096])('writes integers around 2^%d exactly', (bits) => {
    for (const sign of [1n, -1n]) {
      for (const delta of [-1n, 0n, 1n]) {
        const value = sign * 2n ** BigInt(bits) + delta
        expect(BigInt(decodePickle(encodePickle(value, 2), MAX_BYTES) as bigint | number)).toBe(value)
        const half = sign * 2n ** BigInt(bits - 1) + delta
        expect(BigInt(decodePickle(encodePickle(half, 2), MAX_BYTES) as bigint | number)).toBe(half)
      }
    }
  })

  it('leaves undefined members out', () => {
    expect(decodePickle(encodePickle({ a: undefined, b: 1 }, 2), MAX_BYTES)).toEqual({ b: 1 })
  })

  it.each([
    undefined,
    [undefined],
    () => 1,
    Symbol('s'),
    new Date(),
    new Set(),
    /a/,
    new URL('http://localhost'),
    new Map([[{}, 1]]),
    new Map([[[1], 1]]),
    'a\ud800',
  ])('refuses %s', (value) => {
    expect(() => encodePickle(value, 2)).toThrow(expect.objectContaining({ constructor: Error }))
  })

  it('writes 512 levels and refuses one more', () => {
    expect(decodePickle(encodePickle(nested(512), 2), MAX_BYTES)).toEqual(nested(512))
    expect(() => encodePickle(nested(513), 2)).toThrow('nested deeper than 512 levels')
  })
})
