import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { createWire } from '../../../src/connection/create-wire.ts'
import type { Wire } from '../../../src/connection/wire.ts'
import { encodeKeyBytes } from '../../../src/protocol/key.ts'
import { LAST_OPAQUE } from '../../../src/protocol/meta/encode.ts'
import { Operation } from '../../../src/protocol/operation.ts'
import type { Reply } from '../../../src/protocol/reply.ts'
import { ReplyParser } from '../../../src/protocol/reply-parser.ts'
import { DELETE, NOOP, type Request, VERSION } from '../../../src/protocol/request.ts'
import { parseServerVersion } from '../../../src/protocol/server-version.ts'

function wireOf(protocol: 'meta' | 'text', version = '1.6.45', probeKey?: string): Wire {
  return createWire({ server: 'test', protocol, version: parseServerVersion(version), probeKey })
}

function operationOf(request: Request, key = 'k', quiet = false): Operation {
  const wireKey = key === '' ? '' : encodeKeyBytes(Buffer.from(key, 'latin1'))
  const operation = new Operation(request, wireKey, key, 1000, () => undefined)
  operation.quiet = quiet
  return operation
}

function replyOf(line: string): Reply {
  const parser = new ReplyParser()
  const bytes = Buffer.from(line)
  parser.feed(bytes, 0, bytes.length)
  expect(parser.next()).toBe('reply')
  return parser.reply
}

const metaRead: Request = { command: 'mg', flags: { value: true } }

describe('MetaWire', () => {
  it('numbers the commands that carry an opaque, from 1 to the last and again from 1', () => {
    const wire = wireOf('meta')
    const lines = Array.from({ length: LAST_OPAQUE + 1 }, () => wire.encodeLine(operationOf(DELETE)))
    expect(lines[0]).toBe('md k O1\r\n')
    expect(lines.at(-2)).toBe(`md k O${LAST_OPAQUE}\r\n`)
    expect(lines.at(-1)).toBe('md k O1\r\n')
    expect(wire.encodeLine(operationOf(NOOP, ''))).toBe('mn\r\n')
    expect(wire.encodeLine(operationOf(DELETE))).toBe('md k O2\r\n')
  })

  it('gives the opaque of a command that is not sent to the next one', () => {
    const wire = wireOf('meta')
    for (const opaque of [1, 2]) {
      const dropped = operationOf(DELETE)
      wire.encodeLine(dropped)
      expect(dropped.opaque).toBe(opaque)
      wire.takeBack(dropped)
      expect(dropped.opaque).toBe(0)
      expect(wire.encodeLine(operationOf(DELETE))).toBe(`md k O${opaque}\r\n`)
    }
    wire.takeBack(operationOf(VERSION, ''))
    expect(wire.encodeLine(operationOf(DELETE))).toBe('md k O3\r\n')
  })

  it('takes a reply for a command by its opaque, and by its key where it repeats one', () => {
    const wire = wireOf('meta')
    const operation = operationOf(metaRead)
    wire.encodeLine(operation)
    expect(wire.fits(replyOf('HD O1\r\n'), operation)).toBe(true)
    expect(wire.fits(replyOf('HD O1 kk\r\n'), operation)).toBe(true)
    for (const line of ['HD O2\r\n', 'HD\r\n', 'HD O1 kother\r\n'])
      expect(wire.fits(replyOf(line), operation)).toBe(false)
    expect(wire.fits(replyOf('MN\r\n'), operationOf(NOOP, ''))).toBe(true)
    expect(wire.fits(replyOf('HD O1\r\n'), operationOf(NOOP, ''))).toBe(false)
  })

  it.each([
    ['1.6.12', true],
    ['1.6.45', false],
  ])('of memcached %s takes a bare EN for a miss: %s', (version, fits) => {
    const wire = wireOf('meta', version)
    const operation = operationOf(metaRead)
    wire.encodeLine(operation)
    expect(wire.fits(replyOf('EN\r\n'), operation)).toBe(fits)
  })

  it('says what silence means, ends a run by mn, and has no command that the server may not know', () => {
    const wire = wireOf('meta')
    expect([wire.impliedReply('md')?.outcome, wire.impliedReply('mg')?.outcome]).toEqual(['deleted', 'miss'])
    expect(wire.barrierReply).toBe('MN')
    expect(wire.mayCloseOn('gat')).toBe(false)
    expect(wire.skipsRefusedBlock).toBe(true)
  })

  it('sends a meta command as it is, and says what an older server lacks for it', () => {
    const request: Request = { ...metaRead, text: { command: 'get' } }
    expect(wireOf('meta').replacementFor(request)).toBeUndefined()
    expect(wireOf('meta').whyNot(operationOf(request))).toBeUndefined()
    const newCas: Request = { command: 'md', flags: { newCas: 1n } }
    expect(wireOf('meta', '1.6.18').whyNot(operationOf(newCas))).toContain('and test is 1.6.18')
  })
})

describe('TextWire', () => {
  it('encodes classic lines without an opaque, and takes no reply that carries one', () => {
    const wire = wireOf('text')
    const operation = operationOf(DELETE, 'k', true)
    expect(wire.encodeLine(operation)).toBe('delete k noreply\r\n')
    expect(operation.opaque).toBe(0)
    expect(wire.fits(replyOf('DELETED\r\n'), operation)).toBe(true)
    expect(wire.fits(replyOf('HD O1\r\n'), operation)).toBe(false)
  })

  it('sends the classic form of a meta command where it has one, and refuses all others and keys in base64', () => {
    const wire = wireOf('text')
    expect(wire.replacementFor({ ...metaRead, text: { command: 'get' } })).toEqual({ command: 'get' })
    expect(wire.replacementFor(metaRead)).toBeUndefined()
    expect(wire.whyNot(operationOf(metaRead))).toContain('needs the meta protocol')
    expect(wire.whyNot(operationOf(DELETE, 'a b'))).toContain('white space')
    expect(wire.whyNot(operationOf(DELETE))).toBeUndefined()
  })

  it('asks version for a sign of life and as a barrier', () => {
    const wire = wireOf('text')
    for (const request of [VERSION, NOOP]) expect(wire.encodeLine(operationOf(request, ''))).toBe('version\r\n')
    expect(wire.barrierReply).toBe('VERSION')
    expect(wire.isSignOfLife(replyOf('END\r\n'), operationOf(VERSION, ''))).toBe(false)
  })

  it('asks for a key instead where the server closes on version', () => {
    const wire = wireOf('text', '1.6.45', 'nothing')
    for (const request of [VERSION, NOOP]) expect(wire.encodeLine(operationOf(request, ''))).toBe('get nothing\r\n')
    expect(wire.barrierReply).toBe('END')
    expect(wire.isSignOfLife(replyOf('END\r\n'), operationOf(VERSION, ''))).toBe(true)
    expect(wire.isSignOfLife(replyOf('STORED\r\n'), operationOf(VERSION, ''))).toBe(false)
    expect(wire.isSignOfLife(replyOf('END\r\n'), operationOf(DELETE))).toBe(false)
  })

  it('reads nothing into silence, and takes a close on gat for a server that may not know it', () => {
    const wire = wireOf('text')
    expect(wire.impliedReply('md')).toBeUndefined()
    expect([wire.mayCloseOn('gat'), wire.mayCloseOn('gats'), wire.mayCloseOn('get')]).toEqual([true, true, false])
    expect(wire.skipsRefusedBlock).toBe(false)
  })
})
