import { describe, expect, it } from 'vitest'
import { ProtocolError } from '../../../src/errors.ts'
import { DumpReader, type DumpReaderInit } from '../../../src/keys/dump-reader.ts'
import type { ListedKey } from '../../../src/keys/listed-key.ts'
import { uriEncode } from '../../../src/protocol/uri-encoding.ts'

const NOW = 1_796_028_700

const INIT: DumpReaderInit = { server: 'cache', clock: () => NOW, prefixBytes: 0, leavesOutChunks: true }

const LINE = 'key=a%20b exp=1796028728 la=1796028628 cas=6 fetch=no cls=1 size=71\n'

const A_B: ListedKey = {
  key: 'a b',
  server: 'cache',
  ttl: 28,
  lastAccess: 72,
  fetched: false,
  size: 71,
  cas: 6n,
  slabClass: 1,
}

function read(lines: string, init: Partial<DumpReaderInit> = {}): ListedKey[] {
  const reader = new DumpReader({ ...INIT, ...init })
  reader.take(Buffer.from(lines, 'latin1'))
  const items: ListedKey[] = []
  for (let item = reader.next(); item !== undefined; item = reader.next()) items.push(item)
  return items
}

/** A line about this key, which never expires. */
function lineOf(
  key: Uint8Array | string,
  rest = 'exp=-1 la=1796028700 cas=1 fetch=yes cls=2 size=100 flags=0',
): string {
  return `key=${uriEncode(Buffer.from(key).toString('latin1'))} ${rest}\n`
}

describe('a line of a key listing', () => {
  it.each([
    ['1.6.18', LINE, A_B],
    ['1.6.38', LINE.replace('\n', ' flags=7\n'), { ...A_B, clientFlags: 7 }],
    ['1.6.45', LINE.replace('\n', ' flags=7 \n'), { ...A_B, clientFlags: 7 }],
    ['a later version, with a word more', LINE.replace(' cas', ' colour=red flavour=2 cas'), A_B],
    ['a server that ends lines as the protocol does', LINE.replace('\n', '\r\n'), A_B],
  ])('is read as %s writes it', (_version, line, item) => {
    expect(read(line)).toEqual([item])
  })

  it('stands among others, behind an OK', () => {
    expect(read(`OK\r\n${LINE}${LINE}`)).toEqual([A_B, A_B])
  })

  it('may be of an item that never expires, and of a large one', () => {
    const rest = 'exp=-1 la=1796028700 cas=18446744073709551615 fetch=yes cls=63 size=1073741824 flags=4294967295'
    expect(read(lineOf('k', rest))).toEqual([
      {
        key: 'k',
        server: 'cache',
        ttl: Number.POSITIVE_INFINITY,
        lastAccess: 0,
        fetched: true,
        size: 1_073_741_824,
        cas: 18446744073709551615n,
        slabClass: 63,
        clientFlags: 4_294_967_295,
      },
    ])
  })

  it.each([NOW - 1000, NOW - 1, NOW])('is left out where the item has expired: %i', (exptime) => {
    expect(read(lineOf('k', `exp=${exptime} la=1796028700 cas=1 fetch=yes cls=2 size=100`))).toEqual([])
  })

  it('has an access of the future when the clocks of a server are a second apart: 0 seconds ago', () => {
    const [item] = read(lineOf('k', `exp=-1 la=${NOW + 1} cas=1 fetch=yes cls=2 size=100`))
    expect(item!.lastAccess).toBe(0)
  })

  it('has any key, byte by byte', () => {
    for (let byte = 1; byte < 256; byte++) {
      const bytes = Buffer.from([0x6b, byte, 0x6b])
      const [item] = read(lineOf(bytes))
      expect(Buffer.from(item!.key)).toEqual(bytes)
      expect(typeof item!.key).toBe(byte < 128 ? 'string' : 'object')
    }
  })

  it.each(['END', 'key=END exp=-1', 'grüße', '\ufeffbom', '%41', 'a%', '🚀', 'line\r\nbreak', 'k'.repeat(250)])(
    'has the key %j as it was stored',
    (key) => {
      expect(read(lineOf(key)).map((item) => item.key)).toEqual([key])
    },
  )

  it('shows small hexadecimal digits as it does capitals, and a percent sign that stands alone as it is', () => {
    const rest = 'exp=-1 la=1796028700 cas=1 fetch=yes cls=2 size=100'
    expect(
      read(`key=%c3%bc ${rest}\nkey=100% ${rest}\nkey=%zz ${rest}\nkey=%4 ${rest}\n`).map((item) => item.key),
    ).toEqual(['ü', '100%', '%zz', '%4'])
  })

  it('gives keys without their prefix, and leaves out the one that is no longer than it', () => {
    const lines = lineOf('ü:') + lineOf('ü:a') + lineOf('ü:ö')
    const prefixBytes = uriEncode(Buffer.from('ü:').toString('latin1')).length
    expect(read(lines, { prefixBytes }).map((item) => item.key)).toEqual(['a', 'ö'])
  })

  it('is left out where it is a placeholder', () => {
    const lines = [0x6d6c6b01, 0x6d6c6b03].map((flags) =>
      lineOf(String(flags), `exp=-1 la=1796028700 cas=1 fetch=no cls=1 size=60 flags=${flags}`),
    )
    expect(read(lines.join(''))).toMatchObject([{ key: String(0x6d6c6b03) }])
  })

  const chunk = '~cAZaz09_-AZaz09_-:1z'

  it('is left out where it is a chunk of a large value, of a client', () => {
    expect(read(lineOf(chunk))).toEqual([])
    expect(read(lineOf(chunk), { leavesOutChunks: false })).toHaveLength(1)
  })

  it.each([
    chunk.slice(1),
    chunk.slice(0, -2),
    chunk.replace(':', ''),
    chunk.replace('AZ', ''),
    chunk.replace('1z', '1Z'),
    `${chunk} `,
    `x${chunk}`,
    '~c',
    '~cafe:1',
  ])('is not taken for a chunk where it only looks like one: %s', (key) => {
    expect(read(lineOf(key)).map((item) => item.key)).toEqual([key])
  })

  it.each([
    'hello\n',
    '\n',
    'VALUE a 0 1\r\n',
    'key=a\n',
    'key=a exp=1 la=2\n',
    LINE.replace('cas=6', 'cas=six'),
    LINE.replace('cas=6', 'cas=123456789012345678901'),
    LINE.replace('size=71', 'size='),
    LINE.replace('exp=1796028728', 'exp=-'),
    LINE.replace('la=1796028628', 'la=0x10'),
    LINE.replace('size=71', 'sizes=71'),
  ])('is an error of the protocol where it is no such line: %j', (line) => {
    expect(() => read(line)).toThrow(ProtocolError)
  })
})
