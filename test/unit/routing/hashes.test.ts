import { createHash } from 'node:crypto'
import { crc32 as zlibCrc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Hashes, type HashFunction, hashes } from '../../../src/exports/routing.ts'
import { fnv1a32 } from '../../../src/routing/hash/fnv1a.ts'
import { md5Words } from '../../../src/routing/hash/md5.ts'
import { sha1Start } from '../../../src/routing/hash/sha1.ts'
import { KEYS, readVectors } from './vectors.ts'

const { digests } = readVectors('libhashkit_digests') as { digests: Record<string, number[]> }
const murmur3Rows = (
  readVectors('pymemcache_rendezvous') as { murmur3_32: { rows: [text: string, seed: number, hash: number][] } }
).murmur3_32.rows

/** libhashkit's names for ours. */
const LIBHASHKIT: readonly (readonly [theirs: string, ours: keyof Hashes])[] = [
  ['default', 'oneAtATime'],
  ['md5', 'md5'],
  ['crc', 'crc'],
  ['fnv1_64', 'fnv1_64'],
  ['fnv1a_64', 'fnv1a_64'],
  ['fnv1_32', 'fnv1_32'],
  ['fnv1a_32', 'fnv1a_32'],
  ['murmur', 'murmur'],
  ['jenkins', 'jenkins'],
  ['murmur3', 'libhashkitMurmur3'],
]
const NAMES = Object.keys(hashes) as (keyof Hashes)[]
const SIGNED = ['oneAtATime', 'fnv1_32', 'fnv1a_32', 'fnv1_64', 'fnv1a_64', 'hsieh'] as const

const bytes = new TextEncoder()
/** From nothing over every rest of a block to several blocks of every hash. */
const LENGTHS = Array.from({ length: 300 }, (_, length) => length)

describe('the hashes', () => {
  it.each(LIBHASHKIT)('%s of libhashkit 1.1.4 is %s, for 250 keys', (theirs, ours) => {
    expect(KEYS.map((key) => hashes[ours](key))).toEqual(digests[theirs])
  })

  it('have every function of libhashkit that the vectors have', () => {
    expect(LIBHASHKIT.map(([theirs]) => theirs).toSorted()).toEqual(Object.keys(digests).toSorted())
  })

  it.each(NAMES)('%s gives text and its bytes the same number, unsigned and of 32 bits', (name) => {
    for (const key of [...KEYS, '', 'é'.repeat(400), '\ud800', 'x'.repeat(5000)]) {
      const hash = hashes[name](key)
      expect(hashes[name](bytes.encode(key))).toBe(hash)
      expect(hashes[name](Buffer.from(key))).toBe(hash)
      expect(hash).toBe(hash >>> 0)
    }
  })

  it.each([
    ['apple', [2297466611, 3195025439, 10542, 473199127, 1488911807, 67176023, 280767167]],
    ['é', [26298542, 2546851174, 3588, 3035330621, 3033280513, 376872957, 1023043777]],
  ])('give %j the numbers that libmemcached gives it on x86', (key, expected) => {
    const { oneAtATime, md5, crc, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32 } = hashes
    expect([oneAtATime, md5, crc, fnv1_64, fnv1a_64, fnv1_32, fnv1a_32].map((hash) => hash(key))).toEqual(expected)
  })

  it('give the check values that their authors published', () => {
    expect(hashes.murmur3('foo')).toBe(4138058784)
    expect(hashes.crc32('123456789')).toBe(0xcbf43926)
    expect(hashes.crc32('apple')).toBe(2838417488)
    expect(hashes.fnv1_32('foobar', { signedBytes: false })).toBe(0x31f0b262)
    expect(hashes.fnv1a_32('foobar', { signedBytes: false })).toBe(0xbf9cf968)
    // The low halves of the 64-bit values 0x340d8765a4dda9c2 and 0x85944171f73967e8.
    expect(hashes.fnv1_64('foobar')).toBe(0xa4dda9c2)
    expect(hashes.fnv1a_64('foobar')).toBe(0xf73967e8)
  })

  it('javaString is String.hashCode of the characters, not of the bytes', () => {
    expect(hashes.javaString('hello')).toBe(99162322)
    expect(hashes.javaString('é')).toBe(233)
    // "polygenelubricants".hashCode() is Integer.MIN_VALUE.
    expect(hashes.javaString('polygenelubricants')).toBe(0x80000000)
  })
})

describe('signed bytes', () => {
  it.each(SIGNED)('make no difference to %s of ASCII', (name) => {
    expect(hashes[name]('user:1', { signedBytes: false })).toBe(hashes[name]('user:1', { signedBytes: true }))
  })

  it.each(SIGNED)('are what %s reads by default, and make a difference from 0x80 on', (name) => {
    // hsieh reads one byte as a char: the third after whole words of four.
    const key = Uint8Array.of(1, 2, 0xe9)
    expect(hashes[name](key)).toBe(hashes[name](key, { signedBytes: true }))
    expect(hashes[name](key, { signedBytes: false })).not.toBe(hashes[name](key))
  })

  it('switched off give the published FNV-1a of bytes above 0x7f', () => {
    // 32-bit FNV-1a of ff 00 00 01, from the vectors of draft-eastlake-fnv.
    expect(hashes.fnv1a_32(Uint8Array.of(0xff, 0, 0, 1), { signedBytes: false })).toBe(0xc48fb86d)
  })

  it('are not switched by a stray second argument, such as the index in `keys.map(hash)`', () => {
    const hash: HashFunction = hashes.fnv1a_32
    expect(['é', 'é'].map(hash as (key: string, index: number) => number)).toEqual([1023043777, 1023043777])
  })
})

describe('murmur3', () => {
  it("is pymemcache's for texts whose code points are bytes", () => {
    const ascii = murmur3Rows.filter(([text]) => bytes.encode(text).length === text.length)
    expect(ascii.length).toBeGreaterThan(50)
    for (const [text, seed, hash] of ascii) expect(hashes.murmur3(text, seed)).toBe(hash)
  })

  it("of a text's low code point bytes is pymemcache's for every text", () => {
    for (const [text, seed, hash] of murmur3Rows) {
      const truncated = Uint8Array.from(text, (character) => character.codePointAt(0)!)
      expect(hashes.murmur3(truncated, seed)).toBe(hash)
    }
  })
})

describe('the digests', () => {
  it('md5 is that of node:crypto, whole, for every length around the ends of blocks', () => {
    for (const length of LENGTHS) {
      const text = 'm'.repeat(length)
      const digest = createHash('md5').update(text).digest()
      expect(Array.from(md5Words(text))).toEqual([0, 4, 8, 12].map((at) => digest.readInt32LE(at)))
    }
  })

  it('sha1 begins as that of node:crypto', () => {
    for (const length of LENGTHS) {
      const text = 's'.repeat(length)
      expect(sha1Start(text)).toBe(createHash('sha1').update(text).digest().readUInt32BE(0))
    }
  })

  it.runIf(typeof zlibCrc32 === 'function')("crc32 is zlib's", () => {
    for (const key of KEYS) expect(hashes.crc32(key)).toBe(zlibCrc32(key))
  })

  it('fnv1a32, which chooses a connection, is FNV-1a of ASCII', () => {
    for (const key of KEYS.slice(0, 100)) expect(fnv1a32(key)).toBe(hashes.fnv1a_32(key))
  })
})
