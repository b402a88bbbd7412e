import type { Client } from './client.ts'
import type { CommandLine } from './command-line.ts'
import type { Engine } from './engine.ts'
import { BAD_LINE, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import { hasWords, refuseWords } from './text-commands.ts'

/** Highest level; a higher one is taken as this one. */
const MOST_VERBOSE = 2
const MEGABYTE = 1024 * 1024
const LEAST_MEGABYTES = 8
const MOST_MEGABYTES = 1_000_000_000

/** Runs `version`. */
export function runVersion(engine: Engine): TextReply {
  return { text: `VERSION ${engine.dialect.version}\r\n`, always: true }
}

/** Runs `verbosity <level> [noreply]`: there is no log to lengthen; `stats settings` shows the level. */
export function runVerbosity(engine: Engine, line: CommandLine): TextReply {
  if (!hasWords(engine, line, 2, 3)) return refuseWords(engine)
  const level = engine.numbers.uint32(line.bytes, line.start(1), line.end(1))
  if (level !== undefined) engine.settings.verbosity = Math.min(level, MOST_VERBOSE)
  return { text: level === undefined ? BAD_LINE : 'OK\r\n', always: false }
}

/** Runs `shutdown [graceful]`: ends the server, if that is allowed. */
export function runShutdown(engine: Engine, line: CommandLine, client: Client): TextReply {
  const always = !engine.dialect.sharedParser
  if (engine.shutDown === undefined) {
    // The colon is memcached's.
    const word = engine.dialect.sharedParser ? 'SERVER_ERROR' : 'ERROR'
    return { text: `${word}: shutdown not enabled\r\n`, always }
  }
  const graceful = line.count === 2 && line.is(1, 'graceful')
  if (line.count !== 1 && !graceful) return { text: 'CLIENT_ERROR invalid shutdown mode\r\n', always }
  engine.shutDown()
  client.quit()
  return { text: '', always: true }
}

/** Runs `refresh_certs`: the certificates were given in memory, so there is no file to read again. */
export function runRefreshCerts(engine: Engine): TextReply {
  return { text: engine.listening.tls ? UNKNOWN_COMMAND : 'Error TLS not enabled\r\n', always: true }
}

/** Runs `cache_memlimit <megabytes> [noreply]`. */
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
