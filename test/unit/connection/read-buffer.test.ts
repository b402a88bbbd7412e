import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { ReadBuffer } from '../../../src/connection/read-buffer.ts'
import { MAX_REST_BYTES } from '../../../src/protocol/reply-parser.ts'

const LF = 0x0a

/** A connection that reads whole lines and leaves the rest, and what it has read. */
function lineReader(onLine: (line: string) => void = () => undefined): { buffer: ReadBuffer; lines: string[] } {
  const buffer = new ReadBuffer()
  const lines: string[] = []
  buffer.setReader((bytes, start, end) => {
    let from = start
    for (let at = bytes.indexOf(LF, from); at >= 0 && at < end; at = bytes.indexOf(LF, from)) {
      const line = bytes.toString('latin1', from, at)
      from = at + 1
      lines.push(line)
      onLine(line)
    }
    return from
  })
  return { buffer, lines }
}

/** Reads as a socket does: into the chunk, and then its callback. */
function readFromSocket(buffer: ReadBuffer, text: string): void {
  buffer.received(buffer.chunk.write(text, 'latin1'))
}

describe('the read buffers of many connections', () => {
  it('are one: an idle connection has none of its own', () => {
    const buffers = new Set(Array.from({ length: 1000 }, () => new ReadBuffer().chunk.buffer))
    expect(buffers.size).toBe(1)
  })

  it.each(['socket', 'stream'] as const)('keep apart what each has not read yet, from a %s', (source) => {
    const give =
      source === 'socket' ? readFromSocket : (buffer: ReadBuffer, text: string) => buffer.receive(Buffer.from(text))
    const readers = Array.from({ length: 20 }, () => lineReader())
    const texts = readers.map((_, index) => `first ${index}\n${`${index}`.repeat(index * 30)}\nlast ${index}\n`)
    const longest = Math.max(...texts.map((text) => text.length))
    for (let at = 0; at < longest; at += 7) {
      for (const [index, { buffer }] of readers.entries()) {
        const piece = texts[index]!.slice(at, at + 7)
        if (piece !== '') give(buffer, piece)
      }
    }
    expect(readers.map(({ lines }) => `${lines.join('\n')}\n`)).toEqual(texts)
  })

  it('take the longest rest that a parser leaves, in front of a whole chunk', () => {
    const { buffer, lines } = lineReader()
    const rest = 'r'.repeat(MAX_REST_BYTES)
    readFromSocket(buffer, rest)
    const chunk = `${'c'.repeat(buffer.chunk.length - 1)}\n`
    readFromSocket(lineReader().buffer, 'other\n')
    readFromSocket(buffer, chunk)
    expect(lines.map(({ length }) => length)).toEqual([MAX_REST_BYTES + buffer.chunk.length - 1])
    expect(`${lines[0]}\n`).toBe(rest + chunk)
  })

  it('pass bytes of a stream that are longer than a chunk', () => {
    const { buffer, lines } = lineReader()
    const text = Array.from({ length: 30_000 }, (_, index) => `line ${index}`).join('\n')
    buffer.receive(Buffer.from(`${text}\n`))
    expect(lines.join('\n')).toBe(text)
  })
})

describe('a stream that gives bytes while others are being read', () => {
  it('leaves those of another connection alone', () => {
    const inner = lineReader()
    const outer = lineReader((line) => {
      if (line === 'one') inner.buffer.receive(Buffer.from('an answer, given at once\n'))
    })
    outer.buffer.receive(Buffer.from('one\ntwo\nthree\nfo'))
    outer.buffer.receive(Buffer.from('ur\n'))
    expect(outer.lines).toEqual(['one', 'two', 'three', 'four'])
    expect(inner.lines).toEqual(['an answer, given at once'])
  })

  it('is read afterwards where they are its own, also if it gives the same memory again', () => {
    const memory = Buffer.alloc(8)
    const { buffer, lines } = lineReader((line) => {
      if (line !== 'one') return
      for (const text of ['three\nfo', 'ur\nfive\n']) buffer.receive(memory.fill(text))
      memory.fill(0)
    })
    buffer.receive(Buffer.from('one\ntwo\n'))
    expect(lines).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  it('is read on after a reader that threw', () => {
    const { buffer, lines } = lineReader((line) => {
      if (line === 'bad') throw new Error('thrown')
    })
    expect(() => buffer.receive(Buffer.from('bad\n'))).toThrow('thrown')
    buffer.receive(Buffer.from('good\n'))
    expect(lines).toEqual(['bad', 'good'])
  })
})
