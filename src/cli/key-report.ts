import type { Context } from './command.ts'
import { EXIT } from './exit-code.ts'
import { escapeText } from './terminal/escape.ts'

/**
 * Reports for each key whether something was done: a line of JSON for each, or a line on standard error for each that was not
 * found, and one for all others.
 *
 * @param member - Name in the JSON, and word of the line: `deleted`.
 * @returns the exit code: 1 where a key was not found.
 */
export function reportKeys(
  { json, out, err, warn }: Context,
  keys: readonly string[],
  done: readonly boolean[],
  member: string,
): number {
  for (const [at, key] of keys.entries()) {
    if (json) out.json({ key, [member]: done[at] === true })
    else if (done[at] !== true) warn(`${escapeText(key)}: not found`)
  }
  const count = done.filter(Boolean).length
  if (!json && count > 0) err.line(keys.length === 1 ? member : `${count} ${member}`)
  return count === keys.length ? EXIT.ok : EXIT.negative
}
