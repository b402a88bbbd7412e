import type { Buffer } from 'node:buffer'
import { GARBAGE, isDigits, lineBreak, MAX_DECLARED_BYTES, NEED_MORE, parseDecimal, wordEnd } from '../byte-scan.ts'
import { type Reply, type ReplyType, Returned } from '../reply.ts'

const SPACE = 0x20
const CR = 0x0d

/** Reads `HD|EN|NS|EX|NF <flags>*` at `pos` and returns the position after the line. */
export function parseMetaLine(reply: Reply, type: ReplyType, bytes: Buffer, pos: number, end: number): number {
  reply.type = type
  reply.lineStart = pos
  return parseReturnFlags(reply, bytes, pos + 2, end)
}

/** Reads `VA <bytes> <flags>*` at `pos` and returns the position of the data block. */
export function parseMetaValueLine(reply: Reply, bytes: Buffer, pos: number, end: number): number {
  const sizeEnd = wordEnd(bytes, pos + 3, end)
  if (sizeEnd === NEED_MORE) return NEED_MORE
  const size = parseDecimal(bytes, pos + 3, sizeEnd)
  if (size < 0 || size > MAX_DECLARED_BYTES) return GARBAGE
  reply.type = 'VA'
  reply.size = size
  reply.lineStart = pos
  return parseReturnFlags(reply, bytes, sizeEnd, end)
}

/** Reads the returned flags from `pos` to the end of the line; one letter and its token each. */
function parseReturnFlags(reply: Reply, bytes: Buffer, pos: number, end: number): number {
  reply.opaque = -1
  reply.returned = 0
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
  reply.lineEnd = at
  return lineBreak(bytes, at, end)
}

/** Reads one returned flag; a flag that the client never asks for is skipped. */
function readFlag(reply: Reply, bytes: Buffer, at: number, tokenEnd: number): boolean {
  const letter = bytes[at]!
  switch (letter) {
    case 0x4f: // O: the opaque
      reply.opaque = parseDecimal(bytes, at + 1, tokenEnd)
      return reply.opaque >= 0
    case 0x66: // f: client flags
      reply.returned |= Returned.clientFlags
      reply.clientFlags = parseDecimal(bytes, at + 1, tokenEnd)
      return reply.clientFlags >= 0 && reply.clientFlags <= 0xffffffff
    case 0x63: // c: cas
      reply.returned |= Returned.cas
      reply.casStart = at + 1
      reply.casEnd = tokenEnd
      return isDigits(bytes, at + 1, tokenEnd)
    case 0x6b: // k: key
      reply.returned |= Returned.key
      reply.keyStart = at + 1
      reply.keyEnd = tokenEnd
      return true
    case 0x74: // t: seconds left
      reply.returned |= Returned.ttl
      return readTtl(reply, bytes, at + 1, tokenEnd)
    case 0x6c: // l: seconds since the last access
      reply.returned |= Returned.lastAccess
      reply.lastAccess = parseDecimal(bytes, at + 1, tokenEnd)
      return reply.lastAccess >= 0
    case 0x73: // s: length of the value
      reply.returned |= Returned.size
      reply.valueSize = parseDecimal(bytes, at + 1, tokenEnd)
      return reply.valueSize >= 0
    case 0x68: // h: read before
      reply.returned |= Returned.hitBefore
      reply.hitBefore = bytes[at + 1] === 0x31
      return true
    case 0x57: // W: won
      reply.returned |= Returned.won
      return true
    case 0x58: // X: stale
      reply.returned |= Returned.stale
      return true
    case 0x5a: // Z: another client has won
      reply.returned |= Returned.alreadyWon
      return true
    case 0x62: // b: the key is in base64
      reply.returned |= Returned.base64Key
      return true
    default:
      return true
  }
}

/** memcached keeps 32 bits: seconds beyond 2^31 are a moment that has passed (seen after `T-1`: t4294967204). */
const TTL_LIMIT = 2 ** 31

/** Reads the time left: `-1` is never; a moment that has passed counts as 0 seconds left. */
function readTtl(reply: Reply, bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] === 0x2d) {
    reply.ttl = -1
    return end === start + 2 && bytes[start + 1] === 0x31
  }
  const seconds = parseDecimal(bytes, start, end)
  reply.ttl = seconds < TTL_LIMIT ? seconds : 0
  return seconds >= 0
}
