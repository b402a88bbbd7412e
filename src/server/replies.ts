import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'

/** Longest key, in bytes. */
export const MAX_KEY_BYTES = 250

/** The answer to nearly everything that is wrong with a line. */
export const BAD_LINE = 'CLIENT_ERROR bad command line format\r\n'

/** The answer to what is no command. */
export const UNKNOWN_COMMAND = 'ERROR\r\n'

/** The answer to an item above the size limit. */
export const TOO_LARGE = 'SERVER_ERROR object too large for cache\r\n'

/** The answer to an item that would not fit if all others were evicted. */
export const NO_MEMORY = 'SERVER_ERROR out of memory storing object\r\n'

/** The answer to a data block that does not end where it should. */
export const BAD_BLOCK = 'CLIENT_ERROR bad data chunk\r\n'

/** What answers a classic line, and whether `noreply` may suppress it: not where the line was refused before that. */
export interface TextReply {
  readonly text: string
  readonly always: boolean
}

/** The parser since memcached 1.6.40 looks at no more words than this; the one before at one less. */
const MAX_WORDS = 24

/** The answer to a known command with too few words, or, up to 1.6.39, too many. */
export function wrongWordCount(engine: Engine): string {
  return engine.dialect.sharedParser ? BAD_LINE : UNKNOWN_COMMAND
}

/** Index of the last word that is looked at. */
export function lastWord(engine: Engine, line: CommandLine): number {
  return Math.min(line.count, engine.dialect.sharedParser ? MAX_WORDS : MAX_WORDS - 1) - 1
}

/** Whether a word behind an administrative command is this one; since memcached 1.6.40 it may be cut short. */
export function isSubcommand(engine: Engine, line: CommandLine, index: number, word: string): boolean {
  return engine.dialect.sharedParser ? line.abbreviates(index, word) : line.is(index, word)
}

/** Whether a classic command wants no reply. */
export function isQuiet(engine: Engine, line: CommandLine): boolean {
  return line.is(lastWord(engine, line), 'noreply')
}
