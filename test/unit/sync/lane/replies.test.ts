import { describe, expect, it } from 'vitest'
import { LineReply, ValuesReply } from '../../../../src/sync/lane/replies.ts'

const keys = ['a', 'ab', 'c', 'd']
const whole = Buffer.from('VALUE ab 32 7\r\nEND\r\n{}\r\nVALUE d 4294967295 0\r\n\r\nEND\r\n')

function valuesOf(reply: ValuesReply): (string | undefined)[] {
  return keys.map((_, at) =>
    reply.starts[at] === -1 ? undefined : reply.bytes!.toString('latin1', reply.starts[at], reply.ends[at]),
  )
}

describe('the reply to a get line', () => {
  it.each(Array.from(whole.keys()))('is read the same when its first %i bytes come first', (cut) => {
    const reply = new ValuesReply()
    reply.expect(keys, [keys.length])
    const memory = Buffer.alloc(whole.length)
    whole.copy(memory, 0, 0, cut)
    if (cut > 0) expect(reply.read(memory, cut)).toBe(false)
    whole.copy(memory)
    expect(reply.read(memory, whole.length)).toBe(true)
    expect(valuesOf(reply)).toEqual([undefined, 'END\r\n{}', undefined, ''])
    expect([reply.clientFlags[1], reply.clientFlags[3]]).toEqual([32, 4_294_967_295])
  })

  it.each([
    'VALUE b 0 1\r\nx\r\nEND\r\n',
    'VALUE c 0 1\r\nx\r\nVALUE ab 0 1\r\nx\r\nEND\r\n',
    'VALUE a x 1\r\nx\r\nEND\r\n',
    'VALUE a 0 -1\r\nx\r\nEND\r\n',
    'VALUE a 0 99999999999\r\nx\r\n',
    'VALUE a 0 1\r\nxyz\r\nEND\r\n',
    'VALUE a 0 1\r\nx\n\rEND\r\n',
    'VALUE a 4294967296 1\r\nx\r\nEND\r\n',
    'VALUE a  1\r\nx\r\nEND\r\n',
    'VALUE a 0 \r\n\r\nEND\r\n',
    'ENDX\nxxx',
    'SERVER_ERROR out of memory\r\n',
    'END\r\nEND\r\n',
    'ERROR\r\n',
  ])('is refused when it is none: %j', (text) => {
    const reply = new ValuesReply()
    reply.expect(keys, [keys.length])
    expect(reply.read(Buffer.from(text), text.length)).toBeUndefined()
  })

  it('gives a key that was asked twice both times', () => {
    const reply = new ValuesReply()
    reply.expect(['a', 'a'], [2])
    const text = 'VALUE a 0 1\r\n1\r\nVALUE a 0 1\r\n1\r\nEND\r\n'
    expect(reply.read(Buffer.from(text), text.length)).toBe(true)
    expect(reply.starts).not.toContain(-1)
  })
})

describe('the reply to several get lines', () => {
  const lines = Buffer.from('VALUE ab 0 3\r\nEND\r\nEND\r\nEND\r\nVALUE d 7 1\r\nx\r\nEND\r\n')

  it.each(Array.from(lines.keys()))('is read the same when its first %i bytes come first', (cut) => {
    const reply = new ValuesReply()
    reply.expect(keys, [2, 3, 4])
    if (cut > 0) expect(reply.read(Buffer.concat([lines.subarray(0, cut), Buffer.alloc(99)]), cut)).toBe(false)
    expect(reply.read(lines, lines.length)).toBe(true)
    expect(valuesOf(reply)).toEqual([undefined, 'END', undefined, 'x'])
  })

  it.each(['VALUE d 0 1\r\nx\r\nEND\r\nEND\r\nEND\r\n', 'END\r\nEND\r\nEND\r\nEND\r\n'])(
    'is refused when a value or an end is in the wrong place: %j',
    (text) => {
      const reply = new ValuesReply()
      reply.expect(keys, [2, 3, 4])
      expect(reply.read(Buffer.from(text), text.length)).toBeUndefined()
    },
  )
})

describe('the reply to a write', () => {
  it.each([
    ['STORED\r\n', true],
    ['STOR', false],
    ['S', false],
    ['1844', false],
    ['NOT_STORED\r\n', true],
    ['18446744073709551615\r\n', true],
    ['SERVER_ERROR object too large for cache\r\n', true],
    ['STORED\r\nX', undefined],
    ['STORED\r\nSTORED\r\n', undefined],
    ['VALUE a 0 9999\r\n', undefined],
  ])('%j is whole: %s', (text, verdict) => {
    const reply = new LineReply()
    reply.expect()
    expect(reply.read(Buffer.from(text), text.length)).toBe(verdict)
  })

  it('is read the same in pieces, and the next one as well', () => {
    const reply = new LineReply()
    for (const text of ['NOT_FOUND\r\n', '42\r\n']) {
      reply.expect()
      const bytes = Buffer.from(text)
      for (let filled = 1; filled < text.length; filled++) expect(reply.read(bytes, filled)).toBe(false)
      expect(reply.read(bytes, text.length)).toBe(true)
      expect(reply.reply.line()).toBe(text.trimEnd())
    }
  })
})
