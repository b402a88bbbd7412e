import type { Buffer } from 'node:buffer'
import { GARBAGE, lineBreak, MAX_DECLARED_BYTES, NEED_MORE, parseDecimal, wordEnd } from '../byte-scan.ts'
import type { Reply, ReplyType } from '../reply.ts'

const SPACE = 0x20
const CR = 0x0d

/** Reads `HD|EN|NS|EX|NF <flags>*` at `pos` and gives the position behind the line. */
export function parseMetaLine(reply: Reply, type: ReplyType, bytes: Buffer, pos: number, end: number): number {
  reply.type = type
  return parseReturnFlags(reply, bytes, pos + 2, end)
}

/** Reads `VA <bytes> <flags>*` at `pos` and gives the position of the data block. */
export function parseMetaValueLine(reply: Reply, bytes: Buffer, pos: number, end: number): number {
  const sizeEnd = wordEnd(bytes, pos + 3, end)
  if (sizeEnd === NEED_MORE) return NEED_MORE
  const size = parseDecimal(bytes, pos + 3, sizeEnd)
  if (size < 0 || size > MAX_DECLARED_BYTES) return GARBAGE
  reply.type = 'VA'
  reply.size = size
  return parseReturnFlags(reply, bytes, sizeEnd, end)
}

/** Reads the returned flags from `pos` to the end of the line; one letter and its token each. */
function parseReturnFlags(reply: Reply, bytes: Buffer, pos: number, end: number): number {
  reply.opaque = -1
  reply.clientFlags = 0
  reply.casStart = 0
  reply.casEnd = 0
  reply.keyStart = 0
  reply.keyEnd = 0
  let at = pos
  while (at < end && bytes[at] === SPACE) {
    at++
    // Servers before 1.6.18 leave a space before the line break now and then.
    if (at < end && (bytes[at] === CR || bytes[at] === SPACE)) continue
    const tokenEnd = wordEnd(bytes, at, end)
    if (tokenEnd === NEED_MORE) return NEED_MORE
    if (!readFlag(reply, bytes, at, tokenEnd)) return GARBAGE
    at = tokenEnd
  }
  return lineBreak(bytes, at, end)
}

/** Takes in one returned flag; one that we never ask for is passed over. */
function readFlag(reply: Reply, bytes: Buffer, at: number, tokenEnd: number): boolean {
  const letter = bytes[at]!
  switch (letter) {
    case 0x4f: // O: the opaque
      reply.opaque = parseDecimal(bytes, at + 1, tokenEnd)
      return reply.opaque >= 0
    case 0x66: // f: client flags
      reply.clientFlags = parseDecimal(bytes, at + 1, tokenEnd)
      return reply.clientFlags >= 0 && reply.clientFlags <= 0xffffffff
    case 0x63: // c: cas
      reply.casStart = at + 1
      reply.casEnd = tokenEnd
      return tokenEnd > at + 1
    case 0x6b: // k: key
      reply.keyStart = at + 1
      reply.keyEnd = tokenEnd
      return true
    default:
      return true
  }
}
