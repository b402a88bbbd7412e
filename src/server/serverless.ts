import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { isSubcommand, UNKNOWN_COMMAND } from './replies.ts'

/** Longest `get` or `gets` line, its end included. */
const MAX_GET_BYTES = 16_384

/** Reply to a long `get`; the documentation does not give its words. */
const GET_TOO_LONG = 'CLIENT_ERROR line too long\r\n'
const DELAYED_FLUSH = 'CLIENT_ERROR delayed flush_all is not supported\r\n'

/** Commands that configure the engine, or show its internals. */
const SWITCHED_OFF: ReadonlySet<string> = new Set(['me', 'lru', 'lru_crawler', 'watch', 'verbosity'])

/**
 * Returns the reply to a line that Amazon ElastiCache Serverless refuses; undefined: the line is carried out.
 *
 * Source: "Supported Memcached commands" in the user guide of Amazon ElastiCache (SupportedCommandsMem).
 */
export function serverlessRefusal(engine: Engine, line: CommandLine): string | undefined {
  if (line.rawBytes > MAX_GET_BYTES && (line.is(0, 'get') || line.is(0, 'gets'))) return GET_TOO_LONG
  const command = line.text(0)
  if (SWITCHED_OFF.has(command)) return UNKNOWN_COMMAND
  if (command === 'stats' && line.count > 1 && !isSubcommand(engine, line, 1, 'reset')) return UNKNOWN_COMMAND
  if (command === 'flush_all' && isDelayed(line)) return DELAYED_FLUSH
  return undefined
}

function isDelayed(line: CommandLine): boolean {
  return line.count > 1 && !line.is(1, 'noreply') && !/^0+$/.test(line.text(1))
}
