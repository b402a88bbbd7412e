import { describe, expect, it } from 'vitest'
import { crc32, joinCrc32, slowCrc32 } from '../../../src/client/chunks/crc32.ts'
import {
  chunkKey,
  chunkLength,
  encodeManifest,
  type Manifest,
  parseManifest,
} from '../../../src/client/chunks/manifest.ts'
import { CHUNK_KEY, MANIFEST_FLAGS } from '../../../src/protocol/manifest.ts'
import { PLACEHOLDER_FLAGS } from '../../../src/protocol/placeholder.ts'

const GENERATION = 'qL0xw3v7Zt1mY2aB'
const manifest: Manifest = {
  total: 10_000_000,
  chunkBytes: 523_264,
  count: 20,
  generation: GENERATION,
  crc: 0x03b4c26d,
  clientFlags: 64,
}
const text = `v1 10000000 523264 20 ${GENERATION} 03b4c26d 64\n`

function parse(data: string): Manifest | undefined {
  const bytes = Buffer.from(`<<${data}>>`, 'latin1')
  return parseManifest(bytes, 2, bytes.length - 2)
}

describe('the manifest of a value in chunks', () => {
  it('is one line of text that begins with a letter and ends in a line feed', () => {
    expect(encodeManifest(manifest)).toBe(text)
    expect(MANIFEST_FLAGS).toBe(0x6d6c6b02)
  })

  it('is read as it was written', () => {
    expect(parse(text)).toEqual(manifest)
  })

  it('is none when a byte is missing at its end, or one was added around it', () => {
    for (let length = 0; length < text.length; length++) expect(parse(text.slice(0, length))).toBeUndefined()
    for (const extended of [`${text}x`, `${text}\n`, `x${text}`, text + text]) expect(parse(extended)).toBeUndefined()
  })

  it('is none when a byte of its form is another one', () => {
    for (let at = 0; at < text.length; at++) {
      for (const byte of ['\0', ' ', '~', '\n', '-']) {
        const changed = text.slice(0, at) + byte + text.slice(at + 1)
        const read = parse(changed)
        // `-` may stand in a generation.
        if (read !== undefined && changed !== text) expect({ ...read, generation: GENERATION }).toEqual(manifest)
      }
    }
  })

  it.each<[why: string, data: string]>([
    ['a count that does not fit', `v1 10000000 523264 19 ${GENERATION} 03b4c26d 64\n`],
    ['a count of a million for a byte', `v1 1 523264 1000000 ${GENERATION} 03b4c26d 64\n`],
    ['chunks of a byte', `v1 10000000 1 10000000 ${GENERATION} 03b4c26d 64\n`],
    ['chunks of 1,023 bytes', `v1 1023 1023 1 ${GENERATION} 03b4c26d 64\n`],
    ['no bytes', `v1 0 523264 0 ${GENERATION} 03b4c26d 64\n`],
    ['fewer bytes than none', `v1 -1 523264 1 ${GENERATION} 03b4c26d 64\n`],
    ['leading zeros', `v1 010000000 523264 20 ${GENERATION} 03b4c26d 64\n`],
    ['bytes beyond 2^53', `v1 9999999999999999 9999999999 1000000 ${GENERATION} 03b4c26d 64\n`],
    ['a number as JavaScript writes it', `v1 1e7 523264 20 ${GENERATION} 03b4c26d 64\n`],
    ['a generation that is too short', `v1 10000000 523264 20 ${GENERATION.slice(1)} 03b4c26d 64\n`],
    ['a generation with a space in it', `v1 10000000 523264 20 qL0xw3v7 t1mY2aB 03b4c26d 64\n`],
    ['a generation with a line break in it', `v1 10000000 523264 20 qL0xw3v7\r\n1mY2aB 03b4c26d 64\n`],
    ['flags beyond 32 bits', `v1 10000000 523264 20 ${GENERATION} 03b4c26d 4294967296\n`],
    ['the flags of a manifest', `v1 10000000 523264 20 ${GENERATION} 03b4c26d ${MANIFEST_FLAGS}\n`],
    ['the flags of a placeholder', `v1 10000000 523264 20 ${GENERATION} 03b4c26d ${PLACEHOLDER_FLAGS}\n`],
    ['another version', `v2 10000000 523264 20 ${GENERATION} 03b4c26d 64\n`],
    ['a CRC in capitals', `v1 10000000 523264 20 ${GENERATION} 03B4C26D 64\n`],
    ['a megabyte', `v1 ${'1'.repeat(1_000_000)} 523264 20 ${GENERATION} 03b4c26d 64\n`],
  ])('is none with %s', (_, data) => {
    expect(parse(data)).toBeUndefined()
  })

  it('names chunks as key listings know them, of one length each', () => {
    expect([0, 35, 36].map((index) => chunkKey(GENERATION, index))).toEqual([
      `~c${GENERATION}:0`,
      `~c${GENERATION}:z`,
      `~c${GENERATION}:10`,
    ])
    expect(chunkKey(GENERATION, 1234)).toMatch(CHUNK_KEY)
    const lengths = Array.from({ length: manifest.count }, (_, index) => chunkLength(manifest, index))
    expect(lengths.reduce((sum, length) => sum + length)).toBe(manifest.total)
    expect(new Set(lengths.slice(0, -1))).toEqual(new Set([manifest.chunkBytes]))
  })
})

describe('the CRC-32 of a value', () => {
  it('is that of zlib, by the fast function and by the slow one', () => {
    const bytes = Buffer.from('123456789')
    expect(crc32(bytes)).toBe(0xcbf43926)
    expect(slowCrc32(bytes)).toBe(0xcbf43926)
  })

  it('comes from those of its chunks, wherever it is cut', () => {
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 131 + (at >> 5)) & 255))
    for (let cut = 0; cut <= bytes.length; cut += 7) {
      const [first, second] = [bytes.subarray(0, cut), bytes.subarray(cut)]
      expect(joinCrc32(crc32(first), crc32(second), second.length)).toBe(crc32(bytes))
    }
  })
})
