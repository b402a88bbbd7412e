import type { CommandLine } from './command-line.ts'
import { createCounters } from './counters.ts'
import type { Engine } from './engine.ts'
import { BAD_LINE, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import { generalStats, settingsStats } from './stats.ts'
import { hasWords, refuseWords } from './text-commands.ts'

const MEGABYTE = 1024 * 1024
const LEAST_MEGABYTES = 8
const MOST_MEGABYTES = 1_000_000_000

/** `version` */
export function runVersion(engine: Engine): TextReply {
  return { text: `VERSION ${engine.dialect.version}\r\n`, always: true }
}

/** `verbosity <level> [noreply]`: checked, and without effect. */
export function runVerbosity(engine: Engine, line: CommandLine): TextReply {
  if (!hasWords(engine, line, 2, 3)) return refuseWords(engine)
  const level = engine.numbers.uint32(line.bytes, line.start(1), line.end(1))
  return { text: level === undefined ? BAD_LINE : 'OK\r\n', always: false }
}

/** `shutdown`: never enabled here. The colon is memcached's. */
export function runShutdown(engine: Engine): TextReply {
  return engine.dialect.sharedParser
    ? { text: 'SERVER_ERROR: shutdown not enabled\r\n', always: false }
    : { text: 'ERROR: shutdown not enabled\r\n', always: true }
}

/** `cache_memlimit <megabytes> [noreply]` */
export function runCacheMemlimit(engine: Engine, line: CommandLine): TextReply {
  if (line.count < 2 || !hasWords(engine, line, 2, 3)) return { text: UNKNOWN_COMMAND, always: true }
  const megabytes = engine.numbers.uint32(line.bytes, line.start(1), line.end(1))
  return { text: setMemoryLimit(engine, megabytes), always: false }
}

function setMemoryLimit(engine: Engine, megabytes: number | undefined): string {
  if (megabytes === undefined) return UNKNOWN_COMMAND
  if (megabytes < LEAST_MEGABYTES) return 'MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n'
  if (megabytes > MOST_MEGABYTES) return 'MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n'
  engine.store.memoryBytes = megabytes * MEGABYTE
  return 'OK\r\n'
}

/** `stats [what]` */
export function runStats(engine: Engine, line: CommandLine): TextReply {
  return { text: statsText(engine, line), always: true }
}

function statsText(engine: Engine, line: CommandLine): string {
  switch (line.text(1)) {
    case '':
      return generalStats(engine)
    case 'settings':
      return settingsStats(engine)
    case 'reset':
      resetCounters(engine)
      return 'RESET\r\n'
    case 'detail':
      return statsDetail(line)
    case 'sizes':
      return 'STAT sizes_status disabled\r\nEND\r\n'
    default:
      return UNKNOWN_COMMAND
  }
}

/** Statistics by key prefix are never collected: turned on, they stay empty. */
function statsDetail(line: CommandLine): string {
  if (line.is(2, 'on') || line.is(2, 'off')) return 'OK\r\n'
  return line.is(2, 'dump') ? 'END\r\n' : 'CLIENT_ERROR usage: stats detail on|off|dump\r\n'
}

function resetCounters(engine: Engine): void {
  Object.assign(engine.counters, createCounters())
}
