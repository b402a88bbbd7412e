import type { Command } from '../command.ts'
import { quoteWord } from './split-line.ts'

/** Line as the history has it. */
export interface RememberedLine {
  /** Within the session; undefined: not at all. */
  readonly typed: string | undefined
  /** In the file; undefined: not at all. */
  readonly stored: string | undefined
}

/** Words with which credentials come. */
const LOGIN = /^--auth(?:=|$)/
const URL_LOGIN = /:\/\/[^/?#]*@/

/**
 * Decides what of a line is remembered: nothing of one with credentials or with a blank in front, and no value in the file.
 *
 * @param words - Words of the line, the command first.
 * @param command - The command, where the words are ones that it takes.
 * @param value - The value among the words that is to be stored.
 */
export function rememberLine(
  text: string,
  words: readonly string[],
  command: Command | undefined,
  value: string | undefined,
): RememberedLine {
  if (text.startsWith(' ') || words.some((word) => LOGIN.test(word) || URL_LOGIN.test(word))) {
    return { typed: undefined, stored: undefined }
  }
  const at = value === undefined ? -1 : words.lastIndexOf(value)
  const stored = words
    .filter((_, index) => index !== at)
    .map(quoteWord)
    .join(' ')
  // A line that is wrong may have its value anywhere.
  const isStored = command !== undefined && !stored.includes('\n')
  return { typed: text.includes('\n') ? undefined : text, stored: isStored ? stored : undefined }
}
