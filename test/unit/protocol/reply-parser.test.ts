import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { MAX_REST_BYTES, ReplyParser, SMALL_BODY_BYTES } from '../../../src/protocol/reply-parser.ts'

interface Seen {
  readonly type: string
  readonly data?: string
  readonly clientFlags?: number
  readonly cas?: bigint
  readonly opaque?: number
}

/** Feeds chunks as a connection does: what is left unread goes in front of the next chunk. */
function parse(...chunks: readonly Buffer[]): Seen[] {
  const parser = new ReplyParser()
  const seen: Seen[] = []
  let rest = Buffer.alloc(0)
  for (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk])
    parser.feed(bytes, 0, bytes.length)
    for (let found = parser.next(); found !== 'more'; found = parser.next()) {
      if (found === 'body') parser.acceptBody(false)
      else seen.push(describeReply(parser))
    }
    rest = Buffer.from(bytes.subarray(parser.rest))
    expect(rest.length).toBeLessThanOrEqual(MAX_REST_BYTES)
    // The read buffer is used again: nothing may still point into it.
    bytes.fill(0)
  }
  return seen
}

function describeReply({ reply }: ReplyParser): Seen {
  const { type, opaque } = reply
  if (type !== 'VALUE' && type !== 'VA') return { type, opaque }
  const data = reply.bytes.toString('latin1', reply.start, reply.end)
  return { type, data, clientFlags: reply.clientFlags, cas: reply.cas(), opaque }
}

const big = 'x'.repeat(SMALL_BODY_BYTES + 1)

const wire: Buffer = Buffer.from(
  [
    'VALUE key 7 5\r\nhello\r\n',
    'VALUE other 0 0\r\n\r\n',
    'VALUE cas 4294967295 11 18446744073709551615\r\nEND\r\nVALUE \r\n',
    'END\r\n',
    'STORED\r\nNOT_STORED\r\nEXISTS\r\nNOT_FOUND\r\nDELETED\r\nTOUCHED\r\nOK\r\n',
    '18446744073709551615\r\n',
    'VERSION 1.6.18\r\n',
    'VA 2 f32 c99 t-1 O17\r\nhi\r\n',
    'HD O1\r\nHD\r\nEN O2\r\nEN\r\nNS O3\r\nEX O4\r\nNF O5\r\nMN\r\n',
    'HD kZm9v b O6 W\r\n',
    'ERROR\r\nERROR: shutdown not enabled\r\nCLIENT_ERROR bad data chunk\r\nSERVER_ERROR out of memory\r\n',
    `VALUE big 1 ${big.length} 42\r\n${big}\r\n`,
    `VA ${big.length} O7 c43\r\n${big}\r\n`,
    'END\r\n',
  ].join(''),
  'latin1',
)
const expected = parse(wire)

describe('ReplyParser', () => {
  it('reads every reply of both protocols', () => {
    expect(expected.map((reply) => reply.type).join(' ')).toBe(
      'VALUE VALUE VALUE END STORED NOT_STORED EXISTS NOT_FOUND DELETED TOUCHED OK NUMBER VERSION VA ' +
        'HD HD EN EN NS EX NF MN HD ERROR ERROR CLIENT_ERROR SERVER_ERROR VALUE VA END',
    )
    expect(expected[0]).toEqual({ type: 'VALUE', data: 'hello', clientFlags: 7, cas: 0n, opaque: -1 })
    expect(expected[2]).toMatchObject({ data: 'END\r\nVALUE ', clientFlags: 4294967295, cas: 18446744073709551615n })
    expect(expected[13]).toEqual({ type: 'VA', data: 'hi', clientFlags: 32, cas: 99n, opaque: 17 })
    expect(expected[22]).toEqual({ type: 'HD', opaque: 6 })
    expect(expected.at(-3)).toMatchObject({ data: big, cas: 42n })
    expect(expected.at(-2)).toMatchObject({ data: big, cas: 43n, opaque: 7 })
  })

  it('gives the same answer when the stream is cut at any byte', () => {
    for (let at = 0; at <= wire.length; at++) {
      expect(parse(wire.subarray(0, at), wire.subarray(at)), `cut at byte ${at}`).toEqual(expected)
    }
  })

  it('gives the same answer one byte at a time', () => {
    expect(parse(...Array.from(wire, (byte) => Buffer.from([byte])))).toEqual(expected)
  })

  it.each([
    ['a word that is no reply', 'HELLO\r\n'],
    ['a bare line feed', 'END\n'],
    ['an empty line', '\r\n'],
    ['a lone line feed', '\n'],
    ['a negative size', 'VALUE k 0 -1\r\n'],
    ['a size that is no number', 'VALUE k 0 abc\r\n'],
    ['no size', 'VALUE k 0\r\n\r\n\r\n'],
    ['a size beyond any item', 'VALUE k 0 99999999999\r\n'],
    ['a cas that is no number', 'VALUE k 0 1 x\r\nv\r\n'],
    ['data that ends early', 'VALUE k 0 1\r\nvv\r\n'],
    ['a meta size that is no number', 'VA x\r\n'],
    ['an opaque that is no number', 'HD Ox\r\n'],
    ['an HTTP answer', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a line without an end', 'x'.repeat(5000)],
    ['a VALUE that is none', 'VALVE k 0 1\r\nv\r\n'],
    ['flags beyond 32 bits', 'VALUE k 4294967296 1\r\nv\r\n'],
    ['a key without an end', `VALUE ${'k'.repeat(5000)}`],
  ])('calls %s garbage', (_name, text) => {
    expect(parse(Buffer.from(text))).toMatchObject([{ type: 'GARBAGE' }])
  })

  it('passes over a large body without keeping it', () => {
    const parser = new ReplyParser()
    const bytes = Buffer.from(`VALUE k 0 10000 77\r\n${'x'.repeat(10_000)}\r\nEND\r\n`)
    parser.feed(bytes, 0, 500)
    expect(parser.next()).toBe('body')
    expect(parser.reply.size).toBe(10_000)
    parser.skipBody()
    expect(parser.next()).toBe('more')
    // Its line may be overwritten by now.
    bytes.fill(0x78, 0, 500)
    parser.feed(bytes, parser.rest, bytes.length)
    expect(parser.next()).toBe('reply')
    expect(parser.reply).toMatchObject({ type: 'VALUE', start: 0, end: 0 })
    expect(parser.reply.cas()).toBe(77n)
    expect(parser.next()).toBe('reply')
    expect(parser.reply.type).toBe('END')
  })

  describe.each([
    ['passed over', (parser: ReplyParser) => parser.skipBody()],
    ['kept', (parser: ReplyParser) => parser.acceptBody(false)],
    ['borrowed', (parser: ReplyParser) => parser.acceptBody(true)],
  ] as const)('a large body that is %s', (_name, take) => {
    const size = 5000
    const head = `VALUE k 0 ${size}\r\n`

    /** The types of the replies in what is fed in two pieces, or one byte at a time from `cut` on. */
    function typesOf(ending: string, cut: number, perByte: boolean): string[] {
      const bytes = Buffer.from(`${head}${'x'.repeat(size)}${ending}END\r\n`)
      const parser = new ReplyParser()
      const ends = perByte ? Array.from(bytes.keys(), (at) => at + 1).slice(cut) : [cut, bytes.length]
      const types: string[] = []
      for (const end of ends) {
        // In memory of its own, as a read buffer that was filled anew.
        parser.feed(Buffer.from(bytes.subarray(0, end)), parser.rest, end)
        for (let found = parser.next(); found !== 'more'; found = parser.next()) {
          if (found === 'body') take(parser)
          else types.push(parser.reply.type)
        }
      }
      return types
    }

    const cuts = [
      head.length,
      head.length + 1,
      4000,
      ...Array.from({ length: 6 }, (_, at) => head.length + size - 2 + at),
    ]

    it.each(cuts)('ends in CR LF, however it is cut: %i', (cut) => {
      for (const perByte of [false, true]) {
        expect(typesOf('\r\n', cut, perByte)).toEqual(['VALUE', 'END'])
        for (const ending of ['xx', '\rx', 'x\n', '\n\r', '\n', '']) {
          expect(typesOf(ending, cut, perByte)[0], JSON.stringify(ending)).toBe('GARBAGE')
        }
      }
    })

    it('shows in the message what came in the place', () => {
      const parser = new ReplyParser()
      const bytes = Buffer.from(`${head}${'x'.repeat(size + 1)}\r\n`)
      parser.feed(bytes, 0, 100)
      parser.next()
      take(parser)
      parser.next()
      parser.feed(bytes, 100, bytes.length)
      expect(parser.next()).toBe('reply')
      expect(parser.reply.line()).toMatch(/^x+$/)
    })
  })

  it('uses one buffer again for large bodies whose bytes nobody keeps', () => {
    const parser = new ReplyParser()
    const seen = [10_000, 9000].map((size, index) => {
      const bytes = Buffer.from(`VALUE k 0 ${size} ${index + 1}\r\n${String(index).repeat(size)}\r\n`)
      parser.feed(bytes, 0, 500)
      parser.next()
      parser.acceptBody(true)
      parser.next()
      parser.feed(bytes, 500, bytes.length)
      parser.next()
      const { reply } = parser
      expect(reply).toMatchObject({ owned: false, separate: true })
      expect(reply.cas()).toBe(BigInt(index + 1))
      expect(reply.isAscii()).toBe(true)
      expect(reply.bytes.toString('latin1', reply.start, reply.end)).toBe(String(index).repeat(size))
      return reply.bytes.buffer
    })
    expect(seen[0]).toBe(seen[1])
  })

  it('gives a large body a buffer of its own, of the right size', () => {
    const parser = new ReplyParser()
    const bytes = Buffer.from(`VALUE k 0 10000\r\n${'x'.repeat(10_000)}\r\n`)
    parser.feed(bytes, 0, 500)
    parser.next()
    parser.acceptBody(false)
    parser.next()
    parser.feed(bytes, 500, bytes.length)
    parser.next()
    expect(parser.reply.owned).toBe(true)
    expect(parser.reply.bytes.length).toBe(10_000)
  })
})
