import type { CommandLine } from './command-line.ts'
import { readDecimal } from './decimal.ts'
import type { Engine } from './engine.ts'
import { BAD_LINE, isSubcommand, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import { LARGEST_SLAB_CLASS, MAX_SLAB_CLASSES } from './slab-class.ts'
import { pagesOf } from './stats-slabs.ts'

/** Fewest pages of a class that gives a page away: it keeps one. */
const LEAST_PAGES = 2

const MOST_AUTOMOVE = 2

/** Range of `slabs automove window` since memcached 1.6.40. */
const LEAST_WINDOW = 3
const MOST_WINDOW = 1800

/** Runs `slabs reassign|automove …`: checked and shown by `stats settings`. There are no pages here that could move. */
export function runSlabs(engine: Engine, line: CommandLine): TextReply {
  const { sharedParser } = engine.dialect
  if (isSubcommand(engine, line, 1, 'reassign')) return { text: reassign(engine, line), always: !sharedParser }
  if (isSubcommand(engine, line, 1, 'automove')) return { text: automove(engine, line), always: false }
  return { text: UNKNOWN_COMMAND, always: !sharedParser }
}

function reassign(engine: Engine, line: CommandLine): string {
  if (line.count !== 4) return UNKNOWN_COMMAND
  const source = engine.numbers.int32(line.bytes, line.start(2), line.end(2))
  const target = engine.numbers.int32(line.bytes, line.start(3), line.end(3))
  if (source === undefined || target === undefined) return BAD_LINE
  if (source === target) return 'SAME src and dst class are identical\r\n'
  if (!isClass(engine, source) || !isClass(engine, target)) return 'BADCLASS invalid src or dst class id\r\n'
  return pagesOf(engine, source) < LEAST_PAGES ? 'NOSPARE source class has no spare pages\r\n' : 'OK\r\n'
}

/** Checks a class; 0 is the pool of free pages. memcached 1.6.38 takes classes that do not exist as well. */
function isClass({ dialect }: Engine, number: number): boolean {
  const most = dialect.afterDebian12 && !dialect.sharedParser ? MAX_SLAB_CLASSES - 1 : LARGEST_SLAB_CLASS
  return number >= 0 && number <= most
}

function automove(engine: Engine, line: CommandLine): string {
  if (line.count < 3) return UNKNOWN_COMMAND
  const is = (word: string): boolean => isSubcommand(engine, line, 2, word)
  if (is('ratio')) return setRatio(engine, line, 'automoveRatio')
  if (engine.dialect.afterDebian12) {
    if (is('freeratio')) return setRatio(engine, line, 'automoveFreeRatio')
    if (is('window')) return setWindow(engine, line)
  }
  return setMode(engine, line)
}

function setRatio({ settings }: Engine, line: CommandLine, name: 'automoveRatio' | 'automoveFreeRatio'): string {
  const ratio = readDecimal(line.text(3))
  if (ratio === undefined) return UNKNOWN_COMMAND
  settings[name] = ratio
  return 'OK\r\n'
}

function setWindow({ numbers, settings, dialect }: Engine, line: CommandLine): string {
  const window = line.count < 4 ? undefined : numbers.uint32(line.bytes, line.start(3), line.end(3))
  if (window === undefined) return BAD_LINE
  if (dialect.sharedParser && (window < LEAST_WINDOW || window > MOST_WINDOW)) {
    return 'CLIENT_ERROR automove window too low or too high\r\n'
  }
  settings.automoveWindow = window
  return 'OK\r\n'
}

function setMode({ numbers, settings }: Engine, line: CommandLine): string {
  const mode = numbers.uint32(line.bytes, line.start(2), line.end(2))
  if (mode === undefined) return BAD_LINE
  if (mode > MOST_AUTOMOVE) return UNKNOWN_COMMAND
  settings.automove = mode
  return 'OK\r\n'
}
