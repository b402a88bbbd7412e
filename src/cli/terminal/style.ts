import { styleText } from 'node:util'
import type { OutputStream } from '../host.ts'

/** Formats that commands use, by the names of `util.styleText`. */
export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'gray' | 'inverse'

/** Colors a text, or returns it as it is. */
export type Style = (format: Format | readonly Format[], text: string) => string

/** Style without colors. */
export const PLAIN: Style = (_format, text) => text

/** Style with colors. */
export const COLORED: Style = (format, text) =>
  // Node 22.13 looks at standard output by itself, unless told not to.
  (styleText as (format: unknown, text: string, options: object) => string)(format, text, { validateStream: false })

/** Whether a stream gets colors: terminals do, unless `NO_COLOR` is set or `TERM` is `dumb`; others with `FORCE_COLOR`. */
export function hasColors(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): boolean {
  if ((env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
