import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { type MetaFlags, parseMetaFlags } from './meta-flags.ts'
import { BAD_LINE, MAX_KEY_BYTES, UNKNOWN_COMMAND } from './replies.ts'
import { hasPlausibleFlags, MAX_META_WORDS } from './storage-line.ts'

/** Error texts of a command for its line. */
export interface MetaErrors {
  /** Error for too many words, up to memcached 1.6.39. */
  readonly tooManyWords: string
  /** Whether every error in the flags has the same text, as for `ma`, and up to 1.6.39 for `md`. */
  readonly oneForAll: boolean
}

const ONE_FOR_ALL = 'CLIENT_ERROR invalid or duplicate flag\r\n'
const TOO_MANY_WORDS = 'CLIENT_ERROR options flags are too long\r\n'

/** Checks the line of `mg`, `ms`, `md` or `ma` and reads its flags; returns the error line of a bad one. */
export function parseMetaLine(
  engine: Engine,
  line: CommandLine,
  first: number,
  errors: MetaErrors,
): MetaFlags | string {
  return engine.dialect.sharedParser
    ? parseSharedLine(engine, line, first, errors)
    : parseOldLine(engine, line, first, errors)
}

function parseSharedLine(engine: Engine, line: CommandLine, first: number, errors: MetaErrors): MetaFlags | string {
  if (line.count < first || !hasPlausibleFlags(line, first)) return BAD_LINE
  if (line.length(1) > MAX_KEY_BYTES) return errors.oneForAll ? ONE_FOR_ALL : BAD_LINE
  if (line.count > MAX_META_WORDS + 1) return errors.oneForAll ? ONE_FOR_ALL : TOO_MANY_WORDS
  return readFlags(engine, line, first, errors.oneForAll)
}

function parseOldLine(engine: Engine, line: CommandLine, first: number, errors: MetaErrors): MetaFlags | string {
  if (line.count < 2) return UNKNOWN_COMMAND
  if (line.length(1) > MAX_KEY_BYTES || line.count < first) return BAD_LINE
  if (line.count > MAX_META_WORDS) return errors.tooManyWords
  return readFlags(engine, line, first, errors.oneForAll)
}

function readFlags(engine: Engine, line: CommandLine, first: number, oneForAll: boolean): MetaFlags | string {
  const flags = parseMetaFlags(engine, line, first)
  if (typeof flags !== 'string') return flags
  return oneForAll ? ONE_FOR_ALL : `CLIENT_ERROR ${flags}\r\n`
}
