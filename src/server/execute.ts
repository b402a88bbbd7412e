import { runCacheMemlimit, runRefreshCerts, runShutdown, runVerbosity, runVersion } from './admin-commands.ts'
import type { Client } from './client.ts'
import type { CommandLine } from './command-line.ts'
import { runCrawler } from './crawler-commands.ts'
import type { Engine } from './engine.ts'
import { runExtstore } from './extstore-command.ts'
import { runLru } from './lru-commands.ts'
import { runMetaArithmetic } from './meta-arithmetic.ts'
import { runMetaDebug } from './meta-debug.ts'
import { runMetaDelete } from './meta-delete.ts'
import { runMetaGet } from './meta-get.ts'
import { runMetaSet } from './meta-set.ts'
import { BAD_LINE, isQuiet, lastWord, type TextReply, UNKNOWN_COMMAND } from './replies.ts'
import type { ReplyBuffer } from './reply-buffer.ts'
import type { Request } from './request-parser.ts'
import { serverlessRefusal } from './serverless.ts'
import { runSlabs } from './slabs-command.ts'
import { runStats } from './stats-command.ts'
import { storeModeOf } from './storage-line.ts'
import { runArithmetic, runDelete, runFlushAll, runTouch } from './text-commands.ts'
import { runGet, runRetrieval } from './text-retrieval.ts'
import { runStorage } from './text-storage.ts'
import { runWatch } from './watch-command.ts'

/** Fate of the connection: it stays, ends once all replies are out, or ends at once. */
export type ConnectionFate = 'stay' | 'quit' | 'drop'

const LETTER_G = 0x67
const LETTER_M = 0x6d

/**
 * First letters of known commands up to memcached 1.6.39: an unknown command with one of them is not examined further.
 */
const KNOWN_FIRST_LETTERS = 'gsacidt'

/** Commands known after leading spaces since memcached 1.6.40; no others are. */
const KNOWN_INDENTED: ReadonlySet<string> = new Set([
  'cache_memlimit',
  'flush_all',
  'lru',
  'lru_crawler',
  'refresh_certs',
  'shutdown',
  'verbosity',
])

/** Shortest line since memcached 1.6.40, its end included. */
const MIN_LINE_BYTES = 4

/** Runs a request; the reply goes to the output. */
export function execute(engine: Engine, request: Request, output: ReplyBuffer, client: Client): ConnectionFate {
  const { line } = request
  const { sharedParser, meta } = engine.dialect
  if (sharedParser && line.rawBytes < MIN_LINE_BYTES) {
    output.text(BAD_LINE)
    return 'stay'
  }
  if (line.count === 0 || (!sharedParser && line.length(0) < 2)) {
    output.text(UNKNOWN_COMMAND)
    return 'stay'
  }
  const refusal = engine.isServerless ? serverlessRefusal(engine, line) : undefined
  if (refusal !== undefined) {
    output.text(refusal)
    return 'stay'
  }
  if (sharedParser && line.indented && !KNOWN_INDENTED.has(line.text(0))) return runUnknown(engine, line, output)
  const letter = line.letter(0)
  if (letter === LETTER_M && line.length(0) === 2)
    return meta ? runMeta(engine, request, output, client) : refuse(output)
  if (letter === LETTER_G && isRetrieval(engine, line)) {
    runRetrieval(engine, line, output)
    // 1.6.18 sends its pending replies after a classic read.
    if (!engine.dialect.afterDebian12) client.flush()
    return 'stay'
  }
  return executeText(engine, request, output, client)
}

function refuse(output: ReplyBuffer): ConnectionFate {
  output.text(UNKNOWN_COMMAND)
  return 'stay'
}

/** Checks whether the command is a read. Up to memcached 1.6.39 the words are counted before the command is known. */
function isRetrieval(engine: Engine, line: CommandLine): boolean {
  if (!engine.dialect.sharedParser) return true
  return line.is(0, 'get') || line.is(0, 'gets') || line.is(0, 'gat') || line.is(0, 'gats')
}

function runMeta(engine: Engine, request: Request, output: ReplyBuffer, client: Client): ConnectionFate {
  const { line, block } = request
  switch (String.fromCharCode(line.bytes[line.start(0) + 1]!)) {
    case 'g':
      runMetaGet(engine, line, output)
      return 'stay'
    case 's':
      output.text(runMetaSet(engine, line, block))
      return 'stay'
    case 'd':
      output.text(runMetaDelete(engine, line))
      return 'stay'
    case 'a':
      output.text(runMetaArithmetic(engine, line))
      return 'stay'
    case 'n':
      output.text('MN\r\n')
      client.flush()
      return 'stay'
    case 'e':
      output.text(runMetaDebug(engine, line))
      return 'stay'
    default:
      return engine.dialect.sharedParser ? runUnknown(engine, line, output) : refuse(output)
  }
}

function executeText(engine: Engine, request: Request, output: ReplyBuffer, client: Client): ConnectionFate {
  const { line } = request
  const reply = runText(engine, request) ?? runAdmin(engine, line, client)
  if (reply !== undefined) {
    if (reply.always || !isQuiet(engine, line)) output.text(reply.text)
    return 'stay'
  }
  if (line.is(0, 'quit')) return 'quit'
  if (line.is(0, 'bget') && !engine.dialect.sharedParser) {
    runGet(engine, line, output, false)
    return 'stay'
  }
  return runUnknown(engine, line, output)
}

function runText(engine: Engine, { line, block }: Request): TextReply | undefined {
  const mode = storeModeOf(line)
  if (mode !== undefined) return runStorage(engine, line, block, mode)
  switch (line.text(0)) {
    case 'delete':
      return runDelete(engine, line)
    case 'touch':
      return runTouch(engine, line)
    case 'incr':
      return runArithmetic(engine, line, true)
    case 'decr':
      return runArithmetic(engine, line, false)
    case 'flush_all':
      return runFlushAll(engine, line)
    default:
      return undefined
  }
}

function runAdmin(engine: Engine, line: CommandLine, client: Client): TextReply | undefined {
  switch (line.text(0)) {
    case 'version':
      return runVersion(engine)
    case 'verbosity':
      return runVerbosity(engine, line)
    case 'stats':
      return runStats(engine, line, client)
    case 'slabs':
      return runSlabs(engine, line)
    case 'extstore':
      return runExtstore(engine, line)
    case 'lru':
      return runLru(engine, line)
    case 'lru_crawler':
      return runCrawler(engine, line, client)
    case 'watch':
      return runWatch(engine, line, client)
    case 'cache_memlimit':
      return runCacheMemlimit(engine, line)
    case 'shutdown':
      return runShutdown(engine, line, client)
    case 'refresh_certs':
      return runRefreshCerts(engine)
    default:
      return undefined
  }
}

/** Handles an unknown command. Lines like HTTP end the connection, so that a browser cannot talk to the cache. */
function runUnknown(engine: Engine, line: CommandLine, output: ReplyBuffer): ConnectionFate {
  const { sharedParser } = engine.dialect
  const first = line.text(0)
  const examined = sharedParser ? line.count > 1 : !KNOWN_FIRST_LETTERS.includes(first.charAt(0))
  if (examined && line.text(lastWord(engine, line)).startsWith('HTTP/')) return 'drop'
  if (!sharedParser || !isQuiet(engine, line)) output.text(UNKNOWN_COMMAND)
  return 'stay'
}
