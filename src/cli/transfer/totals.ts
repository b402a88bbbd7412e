import type { Context } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { formatBytes, plural } from '../format.ts'
import type { ItemReader } from './item-reader.ts'
import type { ItemWriter } from './item-writer.ts'

/** Returns what a reader left out, in words that follow a sentence; empty where it left out nothing. */
export function leftOut({ gone, stale }: ItemReader): string {
  const parts = [
    ...(gone > 0 ? [`${plural(gone, 'item')} went away meanwhile`] : []),
    ...(stale > 0 ? [`${plural(stale, 'invalidated item')} left out`] : []),
  ]
  return parts.map((part) => `; ${part}`).join('')
}

/** Warns of items that no client finds, because they are on servers that they do not belong to. */
export function warnOfStrays({ warn }: Context, { strays }: ItemReader): void {
  if (strays === 0) return
  warn(
    `${plural(strays, 'item')} left out: on a server that the key does not belong to; choose --distribution by the client that stored them, or name one server`,
  )
}

/** Reports what was written before a failure or Ctrl-C, which the caller passes on. */
export function reportUnfinished(context: Context, writer: ItemWriter): void {
  if (writer.stored + writer.kept + writer.failed > 0) reportWritten(context, writer, '; it did not come to the end')
}

/** Reports what was written; gives the exit code. */
export function reportWritten({ json, out, err }: Context, writer: ItemWriter, more = ''): number {
  const { stored, kept, failed, bytes } = writer
  if (json) out.json({ stored, kept, failed, bytes })
  else {
    const parts = [
      `${plural(stored, 'item')} stored (${formatBytes(bytes)})`,
      ...(kept > 0 ? [`${kept} there already and kept`] : []),
      ...(failed > 0 ? [`${failed} refused`] : []),
    ]
    err.line(parts.join(', ') + more)
  }
  return failed > 0 ? EXIT.server : EXIT.ok
}
