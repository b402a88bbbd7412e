import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { looseNumbers } from './numbers.ts'
import { BAD_LINE, MAX_KEY_BYTES, wrongWordCount } from './replies.ts'
import type { StoreMode } from './storing.ts'

const MAX_VALUE_BYTES = 0x7fff_ffff - 2

/** Most words of an `ms` line, up to memcached 1.6.39. */
export const MAX_META_WORDS = 19

/** Line of `set`, `add`, `replace`, `append`, `prepend` or `cas`. */
export interface StorageLine {
  readonly mode: StoreMode
  readonly clientFlags: number
  readonly exptime: number
  readonly valueBytes: number
  /** Cas number; 0 unless the command is `cas`. */
  readonly cas: bigint
}

/** Reads a classic storage line; returns the error line of a bad one. */
export function parseStorageLine(engine: Engine, line: CommandLine, mode: StoreMode): StorageLine | string {
  if (!hasStorageWords(engine, line, mode)) return wrongWordCount(engine)
  const valueBytes = readLength(engine, line, 4)
  const clientFlags = looseNumbers.uint32(line.bytes, line.start(2), line.end(2))
  const exptime = looseNumbers.int32(line.bytes, line.start(3), line.end(3))
  const cas = mode === 'cas' ? readCas(engine, line) : 0n
  if (line.length(1) > MAX_KEY_BYTES || valueBytes < 0 || cas === undefined) return BAD_LINE
  if (clientFlags === undefined || exptime === undefined) return BAD_LINE
  return { mode, clientFlags, exptime, valueBytes, cas }
}

/** Checks the number of words of a classic storage line; since memcached 1.6.40 even `cas` is complete with 5. */
export function hasStorageWords(engine: Engine, line: CommandLine, mode: StoreMode): boolean {
  const words = mode === 'cas' ? 6 : 5
  return engine.dialect.sharedParser ? line.count >= 5 : line.count === words || line.count === words + 1
}

function readCas(engine: Engine, line: CommandLine): bigint | undefined {
  return line.count > 5 ? engine.numbers.uint64(line.bytes, line.start(5), line.end(5)) : undefined
}

/** Returns the length of the value that a line announces; -1 if it is not a length. */
export function readLength(engine: Engine, line: CommandLine, index: number): number {
  const length = engine.lengths.int32(line.bytes, line.start(index), line.end(index))
  return length === undefined || length < 0 || length > MAX_VALUE_BYTES ? -1 : length
}

/**
 * Returns the length of the value that follows a line; -1 if none follows.
 *
 * If the data block of a refused line is not skipped, its data is carried out as commands: up to memcached 1.6.39
 * nearly always, since 1.6.40 only if there is no length to go by.
 */
export function announcedBytes(engine: Engine, line: CommandLine): number {
  if (line.count < 3) return -1
  if (line.letter(0) === 0x67) return -1 // `get` and its kin, by far the most frequent
  if (line.is(0, 'ms')) return engine.dialect.meta ? announcedByMetaSet(engine, line) : -1
  const mode = storeModeOf(line)
  if (mode === undefined) return -1
  if (engine.dialect.sharedParser) return line.count < 5 || line.indented ? -1 : readLength(engine, line, 4)
  const parsed = parseStorageLine(engine, line, mode)
  return typeof parsed === 'string' ? -1 : parsed.valueBytes
}

function announcedByMetaSet(engine: Engine, line: CommandLine): number {
  if (engine.dialect.sharedParser) {
    return line.indented || !hasPlausibleFlags(line, 3) ? -1 : readLength(engine, line, 2)
  }
  return line.length(1) > MAX_KEY_BYTES || line.count > MAX_META_WORDS ? -1 : readLength(engine, line, 2)
}

/**
 * Checks whether every flag starts with a digit or something between `A` and `z`; memcached 1.6.45 refuses the line
 * otherwise, before any other check.
 */
export function hasPlausibleFlags(line: CommandLine, first: number): boolean {
  for (let index = first; index < line.count; index++) {
    const letter = line.letter(index)
    if (letter < 0x30 || letter > 0x7a || (letter > 0x39 && letter < 0x41)) return false
  }
  return true
}

/** Returns the mode of a classic storage command, or undefined. */
export function storeModeOf(line: CommandLine): StoreMode | undefined {
  if (line.is(0, 'set')) return 'set'
  if (line.is(0, 'add')) return 'add'
  if (line.is(0, 'cas')) return 'cas'
  if (line.is(0, 'append')) return 'append'
  if (line.is(0, 'prepend')) return 'prepend'
  if (line.is(0, 'replace')) return 'replace'
  return undefined
}
