import { Buffer } from 'node:buffer'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { CommandLine } from '../../../src/server/command-line.ts'
import { RequestParser, type RequestRules } from '../../../src/server/request-parser.ts'

/** Here a line whose first word is `put` announces a value with its second. */
const rules: RequestRules = {
  valueBytes: (line) => (line.is(0, 'put') ? Number(line.text(1)) : -1),
  maxValueBytes: 5000,
  cStrings: false,
}

function wordsOf(line: CommandLine): string[] {
  return Array.from({ length: line.count }, (_, index) => line.text(index))
}

/** What a parser makes of the chunks: a text for each request. */
function parse(chunks: readonly Buffer[], given: RequestRules = rules): string[] {
  const parser = new RequestParser(given)
  const requests: string[] = []
  for (const chunk of chunks) {
    parser.push(chunk)
    for (let request = parser.next(); request !== undefined; request = parser.next()) {
      const block = request.block === undefined ? '' : `: ${request.block.toString('latin1')}`
      requests.push(wordsOf(request.line).join(',') + block)
    }
  }
  if (parser.overlong) requests.push('overlong')
  return requests
}

/** Counts, until the test has ended, the bytes that are searched or copied by the engine. */
function countSteps(): () => number {
  let steps = 0
  const { indexOf, copy } = Buffer.prototype
  Buffer.prototype.indexOf = function (this: Buffer, ...args: Parameters<typeof indexOf>) {
    steps += this.length - Number(args[1] ?? 0)
    return indexOf.apply(this, args)
  }
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>) {
    const copied = copy.apply(this, args)
    steps += copied
    return copied
  }
  onTestFinished(() => void Object.assign(Buffer.prototype, { indexOf, copy }))
  return () => steps
}

const long = 'z'.repeat(300)
const wire = Buffer.from(
  `get a b\r\nput 5\r\nab\r\nc\r\n\r\n  spaced   out  \nput 0 x\r\n\r\nput 3\r\nwrong!${long}\r\nput 300 y\r\n${long}\r\nend\r\n`,
  'latin1',
)
const expected = [
  'get,a,b',
  'put,5: ab\r\nc\r\n',
  '',
  'spaced,out',
  'put,0,x: \r\n',
  'put,3: wrong',
  `!${long}`,
  `put,300,y: ${long}\r\n`,
  'end',
]

describe('RequestParser', () => {
  it('cuts a chunk into lines and data blocks', () => {
    expect(parse([wire])).toEqual(expected)
  })

  it.each(Array.from(wire.keys()))('gives the same requests when the stream is cut at byte %i', (at) => {
    expect(parse([wire.subarray(0, at), wire.subarray(at)])).toEqual(expected)
  })

  it.each([1, 2, 3, 7, 64])('gives the same requests when the bytes come %i at a time', (size) => {
    const chunks = Array.from({ length: Math.ceil(wire.length / size) }, (_, index) =>
      wire.subarray(index * size, (index + 1) * size),
    )
    expect(parse(chunks)).toEqual(expected)
  })

  it('gives blocks that do not change with the chunk they came in', () => {
    const chunk = Buffer.from('put 3\r\nabc\r\n')
    const parser = new RequestParser(rules)
    parser.push(chunk)
    const { block } = parser.next()!
    chunk.fill(0)
    expect(block?.toString()).toBe('abc\r\n')
  })

  it('keeps the line of a request while it waits for the block', () => {
    const chunk = Buffer.from('put 3 key\r\na')
    const parser = new RequestParser(rules)
    parser.push(chunk)
    expect(parser.next()).toBeUndefined()
    chunk.fill(0x2a)
    parser.push(Buffer.from('bc\r\n'))
    const request = parser.next()!
    expect(wordsOf(request.line)).toEqual(['put', '3', 'key'])
    expect(request.block?.toString('latin1', 1)).toBe('bc\r\n')
  })

  it('reads past a value above the limit without keeping it', () => {
    const chunks = ['put 5001 k\r\n', 'x'.repeat(3000), `${'x'.repeat(2001)}\r\nnext\r\n`].map((text) =>
      Buffer.from(text),
    )
    expect(parse(chunks)).toEqual(['put,5001,k', 'next'])
  })

  it('ends the words at a NUL only where it is told to', () => {
    const chunk = Buffer.from('get a\0b c\r\n')
    expect(parse([chunk])).toEqual(['get,a\0b,c'])
    expect(parse([chunk], { ...rules, cStrings: true })).toEqual(['get,a'])
  })

  it('gives up on more than 2048 bytes without a line feed', () => {
    expect(parse([Buffer.from('x'.repeat(2048))])).toEqual([])
    expect(parse([Buffer.from('x'.repeat(2049))])).toEqual(['overlong'])
    expect(parse([Buffer.from('x'.repeat(2048)), Buffer.from('x\r\nmore\r\n')])).toEqual(['x'.repeat(2049), 'more'])
  })

  it('gives up on a complete line only above 16384 bytes', () => {
    expect(parse([Buffer.from(`${'x'.repeat(16_000)}\r\n`)])).toHaveLength(1)
    expect(parse([Buffer.from(`${'x'.repeat(16_400)}\r\n`)])).toEqual(['overlong'])
  })

  it.each(['get ', 'gets ', '   get '])('takes a line of any length that starts with %j', (start) => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `key${index}`)
    const line = Buffer.from(`${start}${keys.join(' ')}\r\n`)
    const chunks = [line.subarray(0, 3000), line.subarray(3000, 40_000), line.subarray(40_000)]
    expect(parse(chunks)).toEqual([`${start.trim()},${keys.join(',')}`])
  })

  it('takes a long line byte by byte, and looks at each byte a few times at most', () => {
    const line = Buffer.from(`get ${'key '.repeat(50_000)}\r\n`)
    const chunks = Array.from(line.keys(), (at) => line.subarray(at, at + 1))
    const steps = countSteps()
    expect(parse(chunks)[0]).toHaveLength(line.length - 2 - 1)
    expect(steps()).toBeGreaterThan(line.length)
    // Quadratic, they are 20 billion.
    expect(steps()).toBeLessThan(20 * line.length)
  })
})
