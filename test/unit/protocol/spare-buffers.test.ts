import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { ReplyParser } from '../../../src/protocol/reply-parser.ts'
import { MAX_SPARE_BYTES, SpareBuffers } from '../../../src/protocol/spare-buffers.ts'

describe('spare buffers', () => {
  it('are lent again after they came back, and to one borrower at a time', () => {
    const spares = new SpareBuffers()
    const [first, second] = [spares.take(1000), spares.take(1000)]
    expect(second).not.toBe(first)
    spares.giveBack(first)
    expect(spares.take(900)).toBe(first)
    expect(spares.take(900)).not.toBe(first)
  })

  it('grow to what is needed', () => {
    const spares = new SpareBuffers()
    spares.giveBack(spares.take(1000))
    const longer = spares.take(2000)
    expect(longer.length).toBeGreaterThanOrEqual(2000)
    spares.giveBack(longer)
    expect(spares.take(1000)).toBe(longer)
  })

  it('are kept up to four times the largest, however many come back at once', () => {
    const spares = new SpareBuffers()
    const lent = Array.from({ length: 1000 }, () => spares.take(100_000))
    for (const buffer of lent) spares.giveBack(buffer)
    const known = new Set(lent)
    let kept = 0
    while (known.has(spares.take(1))) kept++
    expect(kept).toBe(Math.floor((4 * MAX_SPARE_BYTES) / 100_000))
  })
})

describe('a large value whose bytes are not kept', () => {
  const size = 50_000

  /** Reads one value and gives the memory that it was in. */
  function read(parser: ReplyParser, letter: string): ArrayBufferLike {
    const bytes = Buffer.from(`VALUE k 0 ${size}\r\n${letter.repeat(size)}\r\nEND\r\n`)
    parser.feed(bytes, 0, 500)
    expect(parser.next()).toBe('body')
    parser.acceptBody(true)
    expect(parser.next()).toBe('more')
    parser.feed(bytes, 500, bytes.length)
    expect(parser.next()).toBe('reply')
    const { reply } = parser
    expect(reply.bytes.toString('latin1', reply.start, reply.end)).toBe(letter.repeat(size))
    const { buffer } = reply.bytes
    expect(parser.next()).toBe('reply')
    expect(parser.next()).toBe('more')
    return buffer
  }

  it('is in memory that every connection uses in turn', () => {
    const memories = new Set(Array.from({ length: 100 }, (_, index) => read(new ReplyParser(), `${index % 10}`)))
    expect(memories.size).toBe(1)
  })

  it('is in memory of its own while another one is being read', () => {
    const slow = new ReplyParser()
    const bytes = Buffer.from(`VALUE k 0 ${size}\r\n${'s'.repeat(size)}\r\n`)
    slow.feed(bytes, 0, 500)
    slow.next()
    slow.acceptBody(true)
    slow.next()
    read(new ReplyParser(), 'f')
    slow.feed(bytes, 500, bytes.length)
    expect(slow.next()).toBe('reply')
    expect(slow.reply.bytes.toString('latin1', 0, size)).toBe('s'.repeat(size))
  })
})
