import { showAs } from './inspect.ts'
import { messageOf } from './message-of.ts'
import { showKey } from './show-key.ts'

/**
 * Whether the server may have carried out the command that failed.
 *
 * - `not-sent`: no byte of it left this process; repeating it is safe.
 * - `unknown`: it was written, fully or in part, and no reply came; it may have been carried out.
 * - `answered`: the server replied; the reply is the error.
 */
export type Delivery = 'not-sent' | 'unknown' | 'answered'

/** The stable code of each kind of failure; branch on this or on the class, never on a message. */
export type ErrorCode =
  | 'MEMLANE_INVALID_INPUT'
  | 'MEMLANE_CONNECT'
  | 'MEMLANE_AUTH'
  | 'MEMLANE_TIMEOUT'
  | 'MEMLANE_CONNECTION_CLOSED'
  | 'MEMLANE_CLOSED'
  | 'MEMLANE_OVERLOADED'
  | 'MEMLANE_PROTOCOL'
  | 'MEMLANE_CLIENT_ERROR'
  | 'MEMLANE_SERVER_ERROR'
  | 'MEMLANE_UNKNOWN_COMMAND'
  | 'MEMLANE_VALUE_TOO_LARGE'
  | 'MEMLANE_SERDE'
  | 'MEMLANE_CHUNK_LOST'
  | 'MEMLANE_SERVER_DOWN'
  | 'MEMLANE_CONFLICT'
  | 'MEMLANE_LOAD'
  | 'MEMLANE_BATCH'

/** Details of an error besides its message. */
export interface ErrorDetails {
  /** Name of the server that the command was for, as configured. Never an account or password. */
  readonly server?: string | undefined
  /** Whether the server may have carried out the command. */
  readonly delivery: Delivery
  /** Cause of the error. */
  readonly cause?: unknown
  /** Name of the command that failed. */
  readonly command?: string | undefined
  /** Key of the command, as the caller gave it; the error keeps 40 characters of it. */
  readonly key?: string | Uint8Array | undefined
}

/** Command that an error is about, and its key where it has one. */
export type ErrorSubject = Pick<ErrorDetails, 'command' | 'key'>

/** The details of an error whose class says that nothing was written, unless they say otherwise. */
export type UnsentDetails = Omit<ErrorDetails, 'delivery'> & Partial<Pick<ErrorDetails, 'delivery'>>

/** Base of every error that memlane makes. An aborted call is the exception: it rejects with its signal's reason. */
export abstract class MemcacheError extends Error {
  /** Kind of failure; stable across versions. */
  abstract readonly code: ErrorCode
  /** Name of the server, as configured, when one was chosen. */
  readonly server: string | undefined
  /** Whether the server may have carried out the command: may it be repeated? */
  readonly delivery: Delivery
  /**
   * Name of the command that failed: `get`, `set`, `getOrSet`. Of a call that sends several (`update`, `pop`), the one that
   * failed. Absent where the error is about no command: a bad option of the client, a connection, a list of servers.
   */
  declare readonly command?: string
  /** Key of the command, cut to 40 characters, for messages and logs; bytes are read as UTF-8. Absent where there is none. */
  declare readonly key?: string

  constructor(message: string, details: ErrorDetails) {
    const { server, delivery, cause, command, key } = given(details)
    super(message, cause === undefined ? undefined : { cause })
    this.server = server
    this.delivery = delivery ?? 'unknown'
    if (command !== undefined) nameCommand(this, command, key)
  }
}

function nameCommand(error: { command?: string; key?: string }, command: string, key: ErrorDetails['key']): void {
  error.command = command
  if (key !== undefined && key !== '') error.key = showKey(key).toWellFormed()
}

/** Errors of the caller's own: the call rejects with the object itself. */
const kept: WeakSet<object> = new WeakSet()

/** Keeps an error of the caller's as it is, whatever it fails. */
export function keepError(error: unknown): void {
  if (error instanceof MemcacheError) kept.add(error)
}

/** Whether an error was made by memlane, not by its caller. */
export function isOurs(error: unknown): error is MemcacheError {
  return error instanceof MemcacheError && !kept.has(error)
}

/**
 * Returns what a command fails with. An error that names no command may be shared by many (the end of a connection, of a
 * client), so the command gets a copy that names it.
 */
export function errorOf(reason: unknown, operation: { readonly about: ErrorSubject }): unknown {
  return !isOurs(reason) || reason.command !== undefined ? reason : copyError(reason, operation.about)
}

/** Returns a copy of an error of ours: of the same class, about this command. */
export function copyError(error: MemcacheError, { command, key }: ErrorSubject): MemcacheError {
  const { message, server, delivery, cause, stack } = error
  const limit = Error.stackTraceLimit
  // The stack of the first error says more than where the copy was made.
  Error.stackTraceLimit = 0
  // No spread: this runs for each of thousands of commands when a connection ends.
  const copy = new (error.constructor as ErrorClass)(message, { server, delivery, cause, command, key })
  Error.stackTraceLimit = limit
  if (stack !== undefined) copy.stack = stack
  return copy
}

/** Class of every error of ours but `BatchError`, which is made with its command. */
type ErrorClass = new (message: string, details: ErrorDetails) => MemcacheError

/** JavaScript may leave the details out: what is not said is not known. */
function given(details: UnsentDetails | undefined): UnsentDetails {
  return details ?? {}
}

/** A key, value, ttl, number or option that cannot be used. Nothing was written. */
export class InvalidInputError extends MemcacheError {
  override readonly name = 'InvalidInputError'
  readonly code = 'MEMLANE_INVALID_INPUT'

  constructor(message: string, details?: UnsentDetails) {
    super(message, { delivery: 'not-sent', ...details })
  }
}

/** No connection could be made: name not resolved, refused, unreachable, TLS failed, or not a memcached. */
export class ConnectError extends MemcacheError {
  override readonly name = 'ConnectError'
  readonly code = 'MEMLANE_CONNECT'

  constructor(message: string, details?: UnsentDetails) {
    super(message, { delivery: 'not-sent', ...details })
  }
}

/** The server wants a login, or refused the one it got. */
export class AuthError extends MemcacheError {
  override readonly name = 'AuthError'
  readonly code = 'MEMLANE_AUTH'

  constructor(message: string, details?: UnsentDetails) {
    super(message, { delivery: 'not-sent', ...details })
  }
}

/** The time for the call or for connecting ran out; the message names the stage. */
export class TimeoutError extends MemcacheError {
  override readonly name = 'TimeoutError'
  readonly code = 'MEMLANE_TIMEOUT'
}

/** The connection ended while the command was waiting for its reply. */
export class ConnectionClosedError extends MemcacheError {
  override readonly name = 'ConnectionClosedError'
  readonly code = 'MEMLANE_CONNECTION_CLOSED'
}

/** The client was closed. */
export class ClosedError extends MemcacheError {
  override readonly name = 'ClosedError'
  readonly code = 'MEMLANE_CLOSED'
}

/**
 * Too many commands or bytes wait on the connection (`maxPending`, `maxPendingBytes`), or for the server (`maxInFlight`).
 */
export class OverloadedError extends MemcacheError {
  override readonly name = 'OverloadedError'
  readonly code = 'MEMLANE_OVERLOADED'
}

/** The reply cannot be one to what was asked: the connection is out of step, or the peer is not a memcached. */
export class ProtocolError extends MemcacheError {
  override readonly name = 'ProtocolError'
  readonly code = 'MEMLANE_PROTOCOL'
}

/** The server answered `CLIENT_ERROR`; the message carries its text. */
export class ClientError extends MemcacheError {
  override readonly name = 'ClientError'
  readonly code = 'MEMLANE_CLIENT_ERROR'
}

/** The server answered `SERVER_ERROR`; the message carries its text. */
export class ServerError extends MemcacheError {
  override readonly name = 'ServerError'
  readonly code = 'MEMLANE_SERVER_ERROR'
}

/**
 * The server answered `ERROR`: it does not know the command, or not in this form. Also a command of the meta protocol that
 * is not sent (`delivery` is `'not-sent'`) because the server refused that protocol a moment ago; it is asked again within
 * a minute.
 */
export class UnknownCommandError extends MemcacheError {
  override readonly name = 'UnknownCommandError'
  readonly code = 'MEMLANE_UNKNOWN_COMMAND'
}

/** A value larger than a limit of the client (`maxItemBytes`, `maxValueBytes`) or of the server. */
export class ValueTooLargeError extends MemcacheError {
  override readonly name = 'ValueTooLargeError'
  readonly code = 'MEMLANE_VALUE_TOO_LARGE'
}

/** A value that the serde could not write, or bytes that it could not read; `cause` is what the serde threw. */
export class SerdeError extends MemcacheError {
  override readonly name = 'SerdeError'
  readonly code = 'MEMLANE_SERDE'
}

/** A chunk of a value is gone, or is not the one that was stored: evicted, deleted, or damaged. */
export class ChunkLostError extends MemcacheError {
  override readonly name = 'ChunkLostError'
  readonly code = 'MEMLANE_CHUNK_LOST'
}

/** The server failed a moment ago and its next connection attempt is not due yet; `cause` is the last failure. */
export class ServerDownError extends MemcacheError {
  override readonly name = 'ServerDownError'
  readonly code = 'MEMLANE_SERVER_DOWN'
}

/** Other clients changed the item again and again while the call tried to; or the mark of `once` is lost (its signal's reason). */
export class ConflictError extends MemcacheError {
  override readonly name = 'ConflictError'
  readonly code = 'MEMLANE_CONFLICT'
}

/** A loader failed where no caller got its error: in the background, or because an old value served; `cause` is its error. */
export class LoadError extends MemcacheError {
  override readonly name = 'LoadError'
  readonly code = 'MEMLANE_LOAD'
}

/** Results of a batch that failed in part. */
export interface BatchOutcome<K, V> {
  /** Reads: the hits that did arrive, by the caller's key. */
  readonly found: Map<K, V>
  /** Writes: the keys that were answered without an error, whatever the answer. */
  readonly done: K[]
  /** The keys that failed, and why. */
  readonly failed: Map<K, unknown>
}

/** Most failures that the text of a `BatchError` names. */
const MAX_SHOWN_FAILURES = 3

/** Some keys of a batch failed. The error carries what did succeed: a failure is never reported as a miss. */
export class BatchError<K = unknown, V = unknown> extends MemcacheError {
  override readonly name = 'BatchError'
  readonly code = 'MEMLANE_BATCH'
  /** Reads: the hits that did arrive, by the caller's key, in the caller's order. */
  readonly found: Map<K, V>
  /** Writes: the keys that were answered without an error, whatever the answer. */
  readonly done: K[]
  /** The keys that failed, and why: a `MemcacheError`, or the signal's reason when the call was aborted. */
  readonly failed: Map<K, unknown>

  constructor(message: string, outcome: BatchOutcome<K, V>, details: ErrorDetails) {
    super(message, details)
    this.found = outcome.found
    this.done = outcome.done
    this.failed = outcome.failed
    showAs(
      this,
      () => factsOf(this),
      () => String(this.stack).replace(/^Error/, 'BatchError'),
    )
  }
}

/** Returns what `console.log` shows of a batch that failed: numbers and the first failures, however many keys there are. */
function factsOf({ code, command, server, delivery, found, done, failed }: BatchError): object {
  const first: string[] = []
  for (const [key, reason] of failed) {
    if (first.push(`${showKey(key as string)}: ${messageOf(reason)}`) === MAX_SHOWN_FAILURES) break
  }
  return { code, command, server, delivery, found: found.size, done: done.length, failed: failed.size, first }
}

/** Makes the error of commands that come after the end of a client. */
export function closedError(): ClosedError {
  return new ClosedError('the client is closed', { delivery: 'not-sent' })
}
