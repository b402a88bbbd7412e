import type { Context } from './command.ts'
import { EXIT } from './exit-code.ts'
import { escapeText } from './terminal/escape.ts'

/** Reports whether something was stored: JSON on standard output, else a line on standard error. Gives the exit code. */
export function reportStored(
  { json, out, err }: Pick<Context, 'json' | 'out' | 'err'>,
  key: string,
  isStored: boolean,
): number {
  if (json) out.json({ key, stored: isStored })
  else err.line(isStored ? 'stored' : `${escapeText(key)}: not stored`)
  return isStored ? EXIT.ok : EXIT.negative
}
