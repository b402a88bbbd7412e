import { describe, expect, it } from 'vitest'
import { LineReply, ValuesReply } from '../../../../src/sync/direct/replies.ts'

const keys = ['a', 'ab', 'c', 'd']
const whole = Buffer.from('VALUE ab 32 7\r\nEND\r\n{}\r\nVALUE d 4294967295 0\r\n\r\nEND\r\n')

function valuesOf(reply: ValuesReply): (string | undefined)[] {
  return keys.map((_, at) =>
    reply.starts[at] === -1 ? undefined : reply.bytes.toString('latin1', reply.starts[at], reply.ends[at]),
  )
}

describe('the reply to a get line', () => {
  it.each(Array.from(whole.keys()))('is read the same when its first %i bytes come first', (cut) => {
    const reply = new ValuesReply()
    reply.expect(keys, [keys.length])
    const memory = Buffer.alloc(whole.length)
    whole.copy(memory, 0, 0, cut)
    if (cut > 0) expect(reply.read(memory, cut)).toBe('more')
    whole.copy(memory)
    expect(reply.read(memory, whole.length)).toBe('whole')
    expect(valuesOf(reply)).toEqual([undefined, 'END\r\n{}', undefined, ''])
    expect([reply.clientFlags[1], reply.clientFlags[3]]).toEqual([32, 4_294_967_295])
  })

  it.each([
    'VALUE b 0 1\r\nx\r\nEND\r\n',
    'VALUE a 0 1\r\nx\r\nVALUE a 0 1\r\nx\r\nEND\r\n',
    'VALUE a x 1\r\nx\r\nEND\r\n',
    'VALUE a  1\r\nx\r\nEND\r\n',
    'VALUE a 4294967296 1\r\nx\r\nEND\r\n',
    'VALUE a 0 -1\r\nx\r\nEND\r\n',
    'VALUE a 0 \r\n\r\nEND\r\n',
    'VALUE a 0 0x1\r\nx\r\nEND\r\n',
    'VALUE a 0 99999999999\r\nx\r\n',
    'VALUE a 0 1 c\r\nx\r\nEND\r\n',
    'VALUE a 0 1\nx\r\nEND\r\n',
    'VALOR a 0 1\r\nx\r\nEND\r\n',
    'VALUE a 0 1\r\nxyEND\r\n',
    'VALUE a 0 1\r\nx\n\rEND\r\n',
    'VALUE a 0 1\r\nxx\r\nEND\r\n',
    `VALUE a 0 ${'1'.repeat(5000)}`,
    `VALUE ${'a'.repeat(5000)}`,
    'E'.repeat(5000),
    'END\r\nEND\r\n',
    'END\n\n',
    'ENDX\nxxx',
    'EN\r\n',
    '12\r\n',
    '\r\n',
    'STORED\r\n',
    'VERSION 1.6.18\r\n',
    'VA 1\r\nx\r\n',
    'HD\r\n',
  ])('is refused when it is none: %j', (text) => {
    const reply = new ValuesReply()
    reply.expect(keys, [keys.length])
    expect(reply.read(Buffer.from(text), text.length)).toBe('garbage')
  })

  it.each([
    'SERVER_ERROR out of memory\r\n',
    'CLIENT_ERROR bad\r\n',
    'ERROR\r\n',
    'VALUE a 0 99999999\r\nx',
    'VALUE a 0 1\r\nx\r\nSERVER_ERROR backend\r\n',
  ])('is left to the worker where it may be one: %j', (text) => {
    const reply = new ValuesReply()
    reply.expect(keys, [keys.length])
    expect(reply.read(Buffer.from(text), text.length)).toBe('other')
  })

  it('is read in whatever order a proxy gives it', () => {
    const reply = new ValuesReply()
    reply.expect(keys, [keys.length])
    const text = 'VALUE c 0 1\r\n3\r\nVALUE ab 0 1\r\n2\r\nVALUE d 0 1 17\r\n4\r\nEND\r\n'
    expect(reply.read(Buffer.from(text), text.length)).toBe('whole')
    expect(valuesOf(reply)).toEqual([undefined, '2', '3', '4'])
  })

  it('lets go of the bytes when it is released', () => {
    const reply = new ValuesReply()
    reply.expect(['a'], [1])
    const bytes = Buffer.from('END\r\n')
    expect(reply.read(bytes, bytes.length)).toBe('whole')
    expect(reply.bytes).toBe(bytes)
    reply.release()
    expect(reply.bytes).toHaveLength(0)
  })

  it('gives a key that was asked twice both times', () => {
    const reply = new ValuesReply()
    reply.expect(['a', 'a'], [2])
    const text = 'VALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\n'
    expect(reply.read(Buffer.from(text), text.length)).toBe('whole')
    expect(reply.starts).not.toContain(-1)
  })
})

describe('the reply to several get lines', () => {
  const lines = Buffer.from('VALUE ab 0 3\r\nEND\r\nEND\r\nEND\r\nVALUE d 7 1\r\nx\r\nEND\r\n')

  it.each(Array.from(lines.keys()))('is read the same when its first %i bytes come first', (cut) => {
    const reply = new ValuesReply()
    reply.expect(keys, [2, 3, 4])
    if (cut > 0) expect(reply.read(Buffer.concat([lines.subarray(0, cut), Buffer.alloc(99)]), cut)).toBe('more')
    expect(reply.read(lines, lines.length)).toBe('whole')
    expect(valuesOf(reply)).toEqual([undefined, 'END', undefined, 'x'])
  })

  it.each(['VALUE d 0 1\r\nx\r\nEND\r\nEND\r\nEND\r\n', 'END\r\nEND\r\nEND\r\nEND\r\n'])(
    'is refused when a value or an end is in the wrong place: %j',
    (text) => {
      const reply = new ValuesReply()
      reply.expect(keys, [2, 3, 4])
      expect(reply.read(Buffer.from(text), text.length)).toBe('garbage')
    },
  )
})

describe('the reply to a write', () => {
  it.each([
    ['STORED\r\n', 'whole'],
    ['STOR', 'more'],
    ['S', 'more'],
    ['1844', 'more'],
    ['NOT_STORED\r\n', 'whole'],
    ['18446744073709551615\r\n', 'whole'],
    ['SERVER_ERROR object too large for cache\r\n', 'whole'],
    ['STORED\r\nX', 'garbage'],
    ['STORED\r\nSTORED\r\n', 'garbage'],
    ['VALUE a 0 9999\r\n', 'garbage'],
    ['HD O5\r\n', 'garbage'],
    ['1'.repeat(5000), 'garbage'],
    ['1x\r\n', 'garbage'],
  ])('%j is: %s', (text, verdict) => {
    const reply = new LineReply()
    reply.expect()
    expect(reply.read(Buffer.from(text), text.length)).toBe(verdict)
  })

  it('is read the same in pieces, and the next one as well', () => {
    const reply = new LineReply()
    for (const text of ['NOT_FOUND\r\n', '42\r\n']) {
      reply.expect()
      const bytes = Buffer.from(text)
      for (let filled = 1; filled < text.length; filled++) expect(reply.read(bytes, filled)).toBe('more')
      expect(reply.read(bytes, text.length)).toBe('whole')
      expect(reply.reply.line()).toBe(text.trimEnd())
    }
  })
})
