import type { CommandLine } from './command-line.ts'
import { readDecimal } from './decimal.ts'
import type { Engine } from './engine.ts'
import { isSubcommand, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import type { ExtstoreCounts } from './server-settings.ts'
import { MAX_SLAB_CLASSES } from './slab-class.ts'

const COUNTS: readonly (readonly [word: string, setting: keyof ExtstoreCounts])[] = [
  ['item_size', 'itemSize'],
  ['item_age', 'itemAge'],
  ['low_ttl', 'lowTtl'],
  ['recache_rate', 'recacheRate'],
  ['compact_under', 'compactUnder'],
  ['drop_under', 'dropUnder'],
  ['max_sleep', 'maxSleep'],
]

/** Runs `extstore <setting> <value>`: checked and shown by `stats settings`. There is no storage on disk here. */
export function runExtstore(engine: Engine, line: CommandLine): TextReply {
  return { text: set(engine, line) ? 'OK\r\n' : UNKNOWN_COMMAND, always: false }
}

function set(engine: Engine, line: CommandLine): boolean {
  const is = (word: string): boolean => isSubcommand(engine, line, 1, word)
  if (line.count < 3) return false
  if (is('free_memchunks')) return isFreeMemchunks(engine, line)
  const [, count] = COUNTS.find(([word]) => is(word)) ?? []
  if (count !== undefined) return setCount(engine, line, count)
  if (is('max_frag')) return setMaxFrag(engine, line)
  return is('drop_unread') && setDropUnread(engine, line)
}

function isFreeMemchunks({ numbers }: Engine, line: CommandLine): boolean {
  if (line.count < 4) return false
  const slabClass = numbers.uint32(line.bytes, line.start(2), line.end(2))
  const chunks = numbers.uint32(line.bytes, line.start(3), line.end(3))
  return slabClass !== undefined && slabClass < MAX_SLAB_CLASSES && chunks !== undefined
}

/** Sets a count. Up to memcached 1.6.39, a word that is no number sets 0, and is refused all the same. */
function setCount({ numbers, settings, dialect }: Engine, line: CommandLine, name: keyof ExtstoreCounts): boolean {
  const value = numbers.uint32(line.bytes, line.start(2), line.end(2))
  if (value !== undefined) settings.extstore[name] = value
  else if (!dialect.sharedParser) settings.extstore[name] = 0
  return value !== undefined
}

function setMaxFrag({ settings }: Engine, line: CommandLine): boolean {
  const value = readDecimal(line.text(2))
  settings.extstoreMaxFrag = value ?? 0
  return value !== undefined
}

function setDropUnread({ numbers, settings }: Engine, line: CommandLine): boolean {
  const value = numbers.uint32(line.bytes, line.start(2), line.end(2))
  if (value !== undefined) settings.extstoreDropUnread = value !== 0
  return value !== undefined
}
