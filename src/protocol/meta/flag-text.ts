import { InvalidInputError } from '../../errors.ts'
import { showValue } from '../../show-value.ts'

declare const checked: unique symbol

/** Flags as written on a command line, the space before each included. Only {@link encodeFlagText} makes it. */
export type FlagText = string & { readonly [checked]: true }

/** One letter and its token: no character in it can end the line or begin another word. */
const FLAG = /^[A-Za-z][!-~]*$/

/** Room that memcached has for flags besides `b` and `O` (1.6.18: 17 flags in all). */
const MAX_FLAGS = 15

/** Longest token of a flag, in bytes: 2^64 - 1 in full is 20, and the rest is for future flags. */
const MAX_FLAG_BYTES = 64

/** Flags reserved for the connection, and why. */
const OWN: Readonly<Record<string, string>> = {
  q: 'quiet commands go through pipeline({ quiet: true })',
  O: 'the connection tells replies apart by it',
  k: 'the caller knows the key, and some keys would break the reply',
  b: 'the form of the key decides it',
}

/** Checks flags that a caller spells and joins them. */
export function encodeFlagText(flags: readonly string[]): FlagText {
  if (!Array.isArray(flags)) throw new InvalidInputError(`flags must be an array of texts, got ${showValue(flags)}`)
  if (flags.length > MAX_FLAGS) {
    throw new InvalidInputError(`at most ${MAX_FLAGS} flags fit into a command, got ${flags.length}`)
  }
  const letters = new Set<string>()
  for (const flag of flags) letters.add(checkFlag(flag, letters))
  return flags.map((flag) => ` ${flag}`).join('') as FlagText
}

/** Checks a flag and returns its letter. */
function checkFlag(flag: string, before: ReadonlySet<string>): string {
  if (typeof flag !== 'string' || !FLAG.test(flag) || flag.length > MAX_FLAG_BYTES) {
    throw new InvalidInputError(
      `a flag must be one letter and its token, without white space and of ${MAX_FLAG_BYTES} characters at most, got ${showValue(flag)}`,
    )
  }
  const letter = flag.charAt(0)
  const why = OWN[letter]
  if (why !== undefined) throw new InvalidInputError(`flag ${showValue(flag)} cannot be given: ${why}`)
  if (before.has(letter)) throw new InvalidInputError(`flag ${letter} is there twice; memcached refuses that`)
  return letter
}
