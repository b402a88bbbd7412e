import type { CommandLine } from './command-line.ts'
import { readDecimal } from './decimal.ts'
import type { Engine } from './engine.ts'
import { isSubcommand, type TextReply, UNKNOWN_COMMAND } from './replies.ts'

/** Highest share of hot and warm items: memcached keeps a fifth of a class for the others. */
const MAX_PERCENT = 80

/**
 * Runs `lru mode|tune|temp_ttl …`: checked and shown by `stats settings`. Items are evicted in plain order of use here,
 * which has nothing to tune.
 */
export function runLru(engine: Engine, line: CommandLine): TextReply {
  return { text: setLru(engine, line), always: false }
}

function setLru(engine: Engine, line: CommandLine): string {
  const is = (word: string): boolean => isSubcommand(engine, line, 1, word)
  if (is('tune') && line.count >= 6) return tune(engine, line)
  if (is('mode') && line.count >= 3) return setMode(engine, line)
  if (is('temp_ttl') && line.count >= 3) return setTemporaryTtl(engine, line)
  return UNKNOWN_COMMAND
}

function tune({ numbers, settings }: Engine, line: CommandLine): string {
  const hot = numbers.uint32(line.bytes, line.start(2), line.end(2))
  const warm = numbers.uint32(line.bytes, line.start(3), line.end(3))
  const [hotFactor, warmFactor] = [readDecimal(line.text(4)), readDecimal(line.text(5))]
  if (hot === undefined || warm === undefined) return UNKNOWN_COMMAND
  if (hotFactor === undefined || warmFactor === undefined) return UNKNOWN_COMMAND
  if (hot + warm > MAX_PERCENT) return 'ERROR hot and warm pcts must not exceed 80\r\n'
  if (hotFactor <= 0 || warmFactor <= 0) return 'ERROR hot/warm age factors must be greater than 0\r\n'
  Object.assign(settings, {
    hotPercent: hot,
    warmPercent: warm,
    hotMaxFactor: hotFactor,
    warmMaxFactor: warmFactor,
  })
  return 'OK\r\n'
}

function setMode(engine: Engine, line: CommandLine): string {
  const flat = isSubcommand(engine, line, 2, 'flat')
  if (!flat && !isSubcommand(engine, line, 2, 'segmented')) return UNKNOWN_COMMAND
  engine.settings.segmented = !flat
  return 'OK\r\n'
}

function setTemporaryTtl({ numbers, settings }: Engine, line: CommandLine): string {
  const ttl = numbers.int32(line.bytes, line.start(2), line.end(2))
  if (ttl === undefined) return UNKNOWN_COMMAND
  settings.temporaryLru = ttl >= 0
  if (ttl >= 0) settings.temporaryTtl = ttl
  return 'OK\r\n'
}
