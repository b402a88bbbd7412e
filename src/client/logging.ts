import type { MemcacheError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import { findNodeModule } from '../node-modules.ts'
import { refused } from '../option-checks.ts'
import type { Observing } from '../seam/observer.ts'
import { isThenable } from '../thenable.ts'

/** Shortest time between two lines about the same thing of the same server, in milliseconds. */
const PAUSE_MS = 1000

/** Most pairs of kind and server whose last line is remembered. */
const MAX_REMEMBERED = 1000

/** Facts of a line. Never a value or a credential. */
export interface LogContext {
  /** Name of the server, where the line is about one. */
  readonly server?: string | undefined
  /** Error, where the line is about one. */
  readonly err?: MemcacheError
  /** Number of lines of the same kind about the same server that were left out before this one. */
  readonly leftOut?: number
  /** Anything else that the line says: see docs/observability.md. */
  readonly [fact: string]: unknown
}

/** Takes the lines of a client's log, with arguments in the order of pino. `console` is one, and so is a logger of pino. */
export interface Logger {
  /** Connections that were opened, or closed in order. */
  debug(context: LogContext, message: string): unknown
  /** Changes for the better: a server is back, the list of servers changed. */
  info(context: LogContext, message: string): unknown
  /** Failures that the client gets over by itself: a server is out, a connection was lost. */
  warn(context: LogContext, message: string): unknown
  /** Failures that need a person: a login that was refused. */
  error(context: LogContext, message: string): unknown
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]

/** Checks the option `logger`. */
export function checkLogger(logger: Logger | undefined): Logger | undefined {
  if (logger === undefined) return undefined
  // Any value may come from JavaScript.
  const methods: Partial<Logger> | null = logger
  if (LEVELS.every((level) => typeof methods?.[level] === 'function')) return logger
  throw refused('logger', 'an object with the methods debug, info, warn and error', logger)
}

/** Returns the observers that log: for the option `logger`, and for `NODE_DEBUG=memlane`. */
export function logObservers(logger: Logger | undefined): Observing[] {
  return [logger, debugLogger()].filter((one) => one !== undefined).map(logObserver)
}

/** Writes to stderr where the environment asks for it. Taken from the runtime, which may not have it. */
function debugLogger(): Logger | undefined {
  // In Cloudflare Workers every log is enabled.
  if (globalThis.process?.env?.['NODE_DEBUG'] === undefined) return undefined
  const debug = findNodeModule('node:util')?.debuglog?.('memlane')
  if (debug?.enabled !== true) return undefined
  const log = (context: LogContext, message: string): void => debug('%s %o', message, context)
  return { debug: log, info: log, warn: log, error: log }
}

/** Logs what changes between a client and its servers, not what every command does. */
function logObserver(logger: Logger): Observing {
  const log = createLog(logger)
  /** Servers whose last connection failed. */
  const failing = new Set<string>()
  let isListed = false
  return {
    connectionOpened: ({ server }, { protocol, version, encrypted }) => {
      const level = failing.delete(server) ? 'info' : 'debug'
      log(level, { server, protocol, version, encrypted }, level === 'info' ? 'connected again' : 'connected')
    },
    connectionClosed: ({ server }, { why, error: err, wasOpen, pending }) => {
      if (why !== 'failed') return log('debug', { server, why }, 'connection closed')
      failing.add(server)
      if (err.code === 'MEMLANE_AUTH') log('error', { server, err }, 'login refused')
      else log('warn', { server, err, pending }, wasOpen ? 'connection lost' : 'cannot connect')
    },
    desync: (err) => log('warn', { server: err.server, err }, 'out of step'),
    serverDown: (server, err, failures) => log('warn', { server, err, failures }, 'server down'),
    serverUp: (server, downMs, removedKeys) => log('info', { server, downMs, removedKeys }, 'server up'),
    rejoinOverflow: (server, maxKeys) => log('warn', { server, maxKeys }, 'rejoin overflow'),
    serversChanged: (added, removed) => {
      log(isListed ? 'info' : 'debug', { added, removed }, isListed ? 'list of servers changed' : 'list of servers')
      isListed = true
    },
    sourceFailed: (err) => log('warn', { err }, 'list of servers failed'),
  }
}

/** Returns the function that writes lines, and lets no failure of the logger out. */
function createLog(logger: Logger): (level: Level, context: LogContext, message: string) => void {
  /** Time of the last line of each kind and server, and number of those that were left out since. */
  const lines = new Map<string, [at: number, leftOut: number]>()
  /** Returns how many were left out before this one; undefined: this one is left out too. */
  const pass = (name: string): number | undefined => {
    const now = performance.now()
    const [at, leftOut] = lines.get(name) ?? [-PAUSE_MS, 0]
    const isLeftOut = now - at < PAUSE_MS
    // Servers may come and go for ever.
    if (lines.size > MAX_REMEMBERED) lines.clear()
    lines.set(name, isLeftOut ? [at, leftOut + 1] : [now, 0])
    return isLeftOut ? undefined : leftOut
  }
  return (level, context, message) => {
    const leftOut = pass(`${message} ${context.server}`)
    if (leftOut === undefined) return
    const complain = (reason: unknown): void => {
      if (pass(message) !== undefined) warn(`the option logger failed: ${messageOf(reason)}`)
    }
    try {
      const given = logger[level](leftOut === 0 ? context : { ...context, leftOut }, message)
      if (isThenable(given)) Promise.resolve(given).catch(complain)
    } catch (error) {
      complain(error)
    }
  }
}

/** Warns the process that the logger is broken: the logger cannot report that itself. */
function warn(message: string): void {
  // Runtimes may be without `process`, or its methods.
  const runtime: { readonly process?: Partial<Pick<NodeJS.Process, 'emitWarning'>> } = globalThis
  runtime.process?.emitWarning?.(message, 'MemlaneWarning')
}
