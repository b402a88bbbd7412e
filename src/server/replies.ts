import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'

/** Longest key, in bytes. */
export const MAX_KEY_BYTES = 250

/** Reply to nearly every fault in a line. */
export const BAD_LINE = 'CLIENT_ERROR bad command line format\r\n'

/** Reply to a word that is no command. */
export const UNKNOWN_COMMAND = 'ERROR\r\n'

/** Reply to an item above the size limit. */
export const TOO_LARGE = 'SERVER_ERROR object too large for cache\r\n'

/** Reply to an item that would not fit if all others were evicted. */
export const NO_MEMORY = 'SERVER_ERROR out of memory storing object\r\n'

/** Reply to a data block that does not end where it should. */
export const BAD_BLOCK = 'CLIENT_ERROR bad data chunk\r\n'

/**
 * Reply to a classic line, and whether it is sent despite `noreply`: it is if the line was refused before that word.
 */
export interface TextReply {
  readonly text: string
  readonly always: boolean
}

/** Most words read by the parser since memcached 1.6.40; the one before reads one less. */
const MAX_WORDS = 24

/** Returns the reply to a known command with too few words, or, up to 1.6.39, too many. */
export function wrongWordCount(engine: Engine): string {
  return engine.dialect.sharedParser ? BAD_LINE : UNKNOWN_COMMAND
}

/** Returns the index of the last word that is read. */
export function lastWord(engine: Engine, line: CommandLine): number {
  return Math.min(line.count, engine.dialect.sharedParser ? MAX_WORDS : MAX_WORDS - 1) - 1
}

/** Checks whether a word after an administrative command is this one; since memcached 1.6.40 it may be cut short. */
export function isSubcommand(engine: Engine, line: CommandLine, index: number, word: string): boolean {
  return engine.dialect.sharedParser ? line.abbreviates(index, word) : line.is(index, word)
}

/** Checks whether a classic command wants no reply. */
export function isQuiet(engine: Engine, line: CommandLine): boolean {
  return line.is(lastWord(engine, line), 'noreply')
}
