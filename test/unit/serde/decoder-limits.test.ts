import { Buffer } from 'node:buffer'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { dalli, phpMemcached, pymemcache, type Serde } from '../../../src/exports/serde.ts'
import { ByteWriter } from '../../../src/serde/byte-writer.ts'
import { nested, read, roundTrip } from './round-trip.ts'

const MAX_BYTES = 1_048_576
const limits = { maxBytes: MAX_BYTES }
const pickle = pymemcache({ pickle: 'readWrite', ...limits })
const marshal = dalli({ marshal: 'readWrite', ...limits })
const php = phpMemcached({ serialize: 'readWrite', ...limits })
const phpBytes = phpMemcached({ serialize: 'read', strings: 'bytes', ...limits })

const PICKLE = 1
const MARSHAL = 1
const PHP = 4

/** A four-byte little-endian number. */
function uint32(value: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes.toString('latin1')
}

/** A number as Marshal writes it, in three bytes and their count. */
function marshalLong(value: number): string {
  return `\x03${uint32(value).slice(0, 3)}`
}

const BIG = 200_000
/** Pushes one text, and `_codecs.encode` of it again and again. */
const encodedAgain = (text: string, times: number): string =>
  `\x80\x02X${uint32(text.length)}${text}q\x01c_codecs\nencode\nq\x02X\x06\0\0\0latin1q\x03]q\x04(${'h\x02h\x01h\x03\x86R'.repeat(times)}e.`

const tooMuch: readonly (readonly [name: string, serde: Serde, clientFlags: number, bytes: string])[] = [
  ['a pickle: one text encoded to bytes 2000 times', pickle, PICKLE, encodedAgain('x'.repeat(200_000), 2000)],
  ['a pickle: empty dicts', pickle, PICKLE, `(${'}'.repeat(BIG)}l.`],
  ['a pickle: empty lists', pickle, PICKLE, `(${']'.repeat(BIG)}l.`],
  ['a pickle: empty tuples', pickle, PICKLE, `(${')'.repeat(BIG)}l.`],
  ['a pickle: empty bytes', pickle, PICKLE, `(${'C\0'.repeat(BIG)}l.`],
  ['a pickle: empty texts', pickle, PICKLE, `(${'X\0\0\0\0'.repeat(BIG)}l.`],
  ['a pickle: bytes of nothing', pickle, PICKLE, `c__builtin__\nbytes\nq\x01(${'h\x01)R'.repeat(BIG)}l.`],
  ['a pickle: one list many times', pickle, PICKLE, `]q\x01(${'h\x01'.repeat(BIG)}l.`],
  ['a pickle: DUP', pickle, PICKLE, `N${'2'.repeat(BIG)}.`],
  ['a pickle: marks', pickle, PICKLE, `${'('.repeat(BIG)}.`],
  ['a pickle: a memo of every index', pickle, PICKLE, `N${'\x94'.repeat(BIG)}.`],
  ['a pickle: APPENDS of what is there already', pickle, PICKLE, `]q\x01${'(h\x01h\x01h\x01e'.repeat(BIG)}.`],
  ['Marshal: empty arrays', marshal, MARSHAL, `\x04\x08[${marshalLong(BIG)}${'[\0'.repeat(BIG)}`],
  ['Marshal: empty hashes', marshal, MARSHAL, `\x04\x08[${marshalLong(BIG)}${'{\0'.repeat(BIG)}`],
  ['Marshal: empty strings', marshal, MARSHAL, `\x04\x08[${marshalLong(BIG)}${'"\0'.repeat(BIG)}`],
  ['Marshal: symbols', marshal, MARSHAL, `\x04\x08[${marshalLong(BIG)}${':\0'.repeat(BIG)}`],
  ['Marshal: one array many times', marshal, MARSHAL, `\x04\x08[${marshalLong(BIG)}${'@\0'.repeat(BIG)}`],
  ['PHP: empty arrays', php, PHP, `a:${BIG}:{${'i:0;a:0:{}'.repeat(BIG)}}`],
  ['PHP: empty objects', php, PHP, `a:${BIG}:{${'i:0;O:8:"stdClass":0:{}'.repeat(BIG)}}`],
  ['PHP: nulls', php, PHP, `a:${BIG}:{${'i:0;N;'.repeat(BIG)}}`],
  ['PHP: empty strings as Buffers', phpBytes, PHP, `a:${BIG}:{${'i:0;s:0:"";'.repeat(BIG)}}`],
]

describe('what a decoder makes', () => {
  it.each(tooMuch)('counts against its limit: %s', (_name, serde, clientFlags, bytes) => {
    expect(() => read(bytes, clientFlags, serde)).toThrow(`more than maxBytes (${MAX_BYTES}) when decoded`)
  })

  it('is counted before it is copied: bytes from a text of a pickle', () => {
    const bytes = Buffer.from(encodedAgain('x'.repeat(200_000), 2000), 'latin1')
    const from = vi.spyOn(Buffer, 'from')
    onTestFinished(() => from.mockRestore())
    expect(() => pickle.deserialize(bytes, PICKLE, 'key')).toThrow('more than maxBytes')
    const copied = from.mock.results.map(({ value }) => (value as Buffer).length)
    expect(copied.reduce((sum, length) => sum + length, 0)).toBeLessThan(2 * MAX_BYTES)
  })

  it.each([
    ['pickle', pickle],
    ['Marshal', marshal],
    ['serialize', php],
  ])('leaves room for honest values of half the limit: %s', (_name, serde) => {
    const values = [
      'x'.repeat(MAX_BYTES / 2),
      Array.from({ length: 1000 }, (_, at) => ({ id: at, name: `name ${at}`, tags: ['a', 'b'] })),
      Array.from({ length: 9000 }, (_, at) => at),
    ]
    for (const value of values) expect(roundTrip(value, serde)).toEqual(value)
  })

  it.each([
    ['pickle', pickle, PICKLE, `]${'\x94h\0'.repeat(0)}X${uint32(2 ** 32 - 1)}x.`],
    ['pickle, bytes', pickle, PICKLE, `B${uint32(2 ** 32 - 1)}x.`],
    ['pickle, eight bytes of length', pickle, PICKLE, '\x8d\xff\xff\xff\xff\xff\xff\xff\xffx.'],
    ['pickle, a frame', pickle, PICKLE, '\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff].'],
    ['pickle, a long', pickle, PICKLE, `\x8b${uint32(2 ** 31 - 1)}x.`],
    ['Marshal, an array', marshal, MARSHAL, '\x04\x08[\x04\xff\xff\xff\x3f'],
    ['Marshal, a hash', marshal, MARSHAL, '\x04\x08{\x04\xff\xff\xff\x3f'],
    ['Marshal, a string', marshal, MARSHAL, '\x04\x08"\x04\xff\xff\xff\x3f'],
    ['PHP, an array', php, PHP, 'a:999999999:{'],
    ['PHP, a string', php, PHP, 's:999999999:"x";'],
    ['PHP, FastLZ', php, 80, `${uint32(MAX_BYTES)}\x05abcdef`],
  ])('is nothing where a length is declared beyond the value: %s', (_name, serde, clientFlags, bytes) => {
    const alloc = vi.spyOn(Buffer, 'alloc')
    onTestFinished(() => alloc.mockRestore())
    expect(() => read(bytes, clientFlags, serde)).toThrow(Error)
    for (const [size] of alloc.mock.calls) expect(size).toBeLessThan(10_000)
  })

  it.each([
    ['Marshal', marshal, MARSHAL, `\x04\x08${'[\x06'.repeat(2000)}0`],
    ['Marshal, hashes', marshal, MARSHAL, `\x04\x08${'{\x060'.repeat(2000)}0`],
    ['PHP', php, PHP, `${'a:1:{i:0;'.repeat(2000)}N;${'}'.repeat(2000)}`],
  ])('is nested 512 levels deep at most: %s', (_name, serde, clientFlags, bytes) => {
    expect(() => read(bytes, clientFlags, serde)).toThrow('nested deeper than 512 levels')
  })
})

describe('a pickle', () => {
  it('of lists in lists is read without recursion', () => {
    const depth = 5000
    let value = read(`${']'.repeat(depth)}${'a'.repeat(depth - 1)}.`, PICKLE, pickle)
    for (let level = 1; level < depth; level++) [value] = value as unknown[]
    expect(value).toEqual([])
    expect(roundTrip(nested(500), pickle)).toEqual(nested(500))
  })

  it('names a class by texts: lists of lists of one list are not joined to a name', () => {
    const doubled = Array.from(
      { length: 60 },
      (_, at) => `]q${String.fromCharCode(at + 1)}(h${String.fromCharCode(at)}h${String.fromCharCode(at)}e`,
    )
    const bytes = `]q\0(X\x04\0\0\0textX\x04\0\0\0texte${doubled.join('')}X\x01\0\0\0x\x93.`
    expect(() => read(bytes, PICKLE, pickle)).toThrow('stored as a pickle and is not one')
  })

  it('may use the largest index of the memo', () => {
    expect(read(`Nr${uint32(2 ** 32 - 1)}j${uint32(2 ** 32 - 1)}\x86.`, PICKLE, pickle)).toEqual([null, null])
    expect(() => read(`Np99999999999999999999\n.`, PICKLE, pickle)).not.toThrow(RangeError)
  })
})

describe('a float of many digits that ends in something else', () => {
  const digits = '1'.repeat(200_000)

  it.each([
    ['a pickle', pickle, PICKLE, `F${digits}x\n.`],
    ['PHP', php, 2, `${digits}x`],
    ['PHP, serialized', php, PHP, `d:${digits}x;`],
    ['Marshal', marshal, MARSHAL, `\x04\x08f${marshalLong(digits.length + 1)}${digits}x`],
  ])('is refused in one pass: %s', (_name, serde, clientFlags, bytes) => {
    expect(() => read(bytes, clientFlags, serde)).toThrow(Error)
  })

  it('is read in all forms that PHP and Python write', () => {
    for (const text of ['5', '5.', '.5', '5.25', '1.0E-7', '-1e+300']) {
      expect(read(text, 2, php)).toBe(Number(text))
      expect(read(`F${text}\n.`.replace('-1e', '-1e'), PICKLE, pickle)).toBe(Number(text))
    }
    for (const text of ['.', '', '-', 'e5', '5.5.5']) expect(() => read(text, 2, php), text).toThrow(Error)
  })
})

it('what a writer makes of one part that occurs many times has an end', () => {
  const writer = new ByteWriter()
  const grow = vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => Buffer.alloc(Math.min(size, 16)))
  onTestFinished(() => grow.mockRestore())
  expect(() => writer.bytes({ byteLength: 2 ** 30 + 1 } as Uint8Array)).toThrow('more than 1 GiB')
  expect(grow).not.toHaveBeenCalled()
})
