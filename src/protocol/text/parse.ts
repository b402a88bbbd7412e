import type { Buffer } from 'node:buffer'
import {
  findLineFeed,
  GARBAGE,
  isDigits,
  lineBreak,
  MAX_DECLARED_BYTES,
  NEED_MORE,
  parseDecimal,
  spells,
  wordEnd,
} from '../byte-scan.ts'
import type { Reply, ReplyType } from '../reply.ts'

const CR = 0x0d
const SPACE = 0x20
const KEY_OFFSET = 'VALUE '.length
const MAX_CLIENT_FLAGS = 0xffffffff

/**
 * Reads `VALUE <key> <flags> <bytes> [<cas>]` at `pos` and returns the position of the data block. Hot path of every
 * read: one pass over the bytes, no strings.
 */
export function parseValueLine(reply: Reply, bytes: Buffer, pos: number, end: number): number {
  const keyEnd = wordEnd(bytes, pos + KEY_OFFSET, end)
  if (keyEnd === NEED_MORE) return NEED_MORE
  const flagsEnd = wordEnd(bytes, keyEnd + 1, end)
  if (flagsEnd === NEED_MORE) return NEED_MORE
  const sizeEnd = wordEnd(bytes, flagsEnd + 1, end)
  if (sizeEnd === NEED_MORE) return NEED_MORE
  let lineEnd = sizeEnd
  if (bytes[sizeEnd] === SPACE) {
    lineEnd = wordEnd(bytes, sizeEnd + 1, end)
    if (lineEnd === NEED_MORE) return NEED_MORE
  }
  const clientFlags = parseDecimal(bytes, keyEnd + 1, flagsEnd)
  const size = parseDecimal(bytes, flagsEnd + 1, sizeEnd)
  if (
    !spellsValue(bytes, pos) ||
    clientFlags < 0 ||
    clientFlags > MAX_CLIENT_FLAGS ||
    size < 0 ||
    size > MAX_DECLARED_BYTES ||
    bytes[keyEnd] !== SPACE ||
    bytes[flagsEnd] !== SPACE
  ) {
    return GARBAGE
  }
  if (lineEnd !== sizeEnd && !isDigits(bytes, sizeEnd + 1, lineEnd)) return GARBAGE
  reply.type = 'VALUE'
  reply.keyStart = pos + KEY_OFFSET
  reply.keyEnd = keyEnd
  reply.clientFlags = clientFlags
  reply.size = size
  reply.opaque = -1
  reply.casStart = lineEnd === sizeEnd ? 0 : sizeEnd + 1
  reply.casEnd = lineEnd === sizeEnd ? 0 : lineEnd
  return lineBreak(bytes, lineEnd, end)
}

/** Checks whether the word is VALUE; the caller has checked VAL. */
function spellsValue(bytes: Buffer, pos: number): boolean {
  return bytes[pos + 3] === 0x55 && bytes[pos + 4] === 0x45 && bytes[pos + 5] === SPACE
}

/** One-word replies by length, then by word: a reply line is compared with one or two of them. */
const WORDS: readonly (readonly ReplyType[])[] = wordsByLength([
  'END',
  'STORED',
  'NOT_STORED',
  'EXISTS',
  'NOT_FOUND',
  'DELETED',
  'TOUCHED',
  'OK',
  'MN',
])

function wordsByLength(words: readonly ReplyType[]): ReplyType[][] {
  const table: ReplyType[][] = Array.from({ length: 16 }, () => [])
  for (const word of words) table[word.length]!.push(word)
  return table
}

const PREFIXES: readonly ReplyType[] = ['ERROR', 'CLIENT_ERROR', 'SERVER_ERROR']

/** Reads any line without a data block at `pos` and returns the position after it. */
export function parseTextLine(reply: Reply, bytes: Buffer, pos: number, end: number): number {
  const lineFeed = findLineFeed(bytes, pos, end)
  if (lineFeed < 0) return lineFeed
  if (lineFeed === pos || bytes[lineFeed - 1] !== CR) return GARBAGE
  const lineEnd = lineFeed - 1
  reply.lineStart = pos
  reply.lineEnd = lineEnd
  reply.opaque = -1
  reply.type = classify(reply, bytes, pos, lineEnd)
  return lineFeed + 1
}

function classify(reply: Reply, bytes: Buffer, pos: number, lineEnd: number): ReplyType {
  const length = lineEnd - pos
  for (const word of WORDS[length] ?? []) if (spells(bytes, pos, word)) return word
  if (isDigits(bytes, pos, lineEnd)) {
    reply.start = pos
    reply.end = lineEnd
    return 'NUMBER'
  }
  if (length > 8 && spells(bytes, pos, 'VERSION ')) return 'VERSION'
  if (length > 3 && spells(bytes, pos, 'ME ')) return 'ME'
  // Some servers glue a colon to the word ("ERROR: shutdown not enabled", memcached 1.6.39): no space required.
  for (const prefix of PREFIXES) if (length >= prefix.length && spells(bytes, pos, prefix)) return prefix
  return 'GARBAGE'
}
