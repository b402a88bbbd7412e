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
  | 'MEMLANE_SERVER_DOWN'
  | 'MEMLANE_CONFLICT'
  | 'MEMLANE_LOAD'
  | 'MEMLANE_BATCH'

/** What an error carries besides its message. */
export interface ErrorDetails {
  /** Name of the server that the command was for, as configured. Never an account or password. */
  readonly server?: string | undefined
  /** Whether the server may have carried out the command. */
  readonly delivery: Delivery
  /** What caused it. */
  readonly cause?: unknown
}

/** The details of an error whose class says that nothing was written, unless they say otherwise. */
export type UnsentDetails = Omit<ErrorDetails, 'delivery'> & Partial<Pick<ErrorDetails, 'delivery'>>

/** Base of every error that memlane makes. An aborted call is the exception: it rejects with its signal's reason. */
export abstract class MemcacheError extends Error {
  /** What kind of failure; stable across versions. */
  abstract readonly code: ErrorCode
  /** Name of the server, as configured, when one was chosen. */
  readonly server: string | undefined
  /** Whether the server may have carried out the command: may it be repeated? */
  readonly delivery: Delivery

  constructor(message: string, details: ErrorDetails) {
    const { server, delivery, cause } = resolveDetails(details)
    super(message, cause === undefined ? undefined : { cause })
    this.server = server
    this.delivery = delivery
  }
}

/** JavaScript may leave the details out: what is not said is not known. */
function resolveDetails(details: UnsentDetails | undefined): ErrorDetails {
  return { ...details, delivery: details?.delivery ?? 'unknown' }
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

/** Too many commands or bytes are waiting on the connection (`maxPending`, `maxPendingBytes`). */
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

/** The server failed a moment ago and its next connection attempt is not due yet; `cause` is the last failure. */
export class ServerDownError extends MemcacheError {
  override readonly name = 'ServerDownError'
  readonly code = 'MEMLANE_SERVER_DOWN'
}

/** Other clients changed the item again and again while the call tried to. */
export class ConflictError extends MemcacheError {
  override readonly name = 'ConflictError'
  readonly code = 'MEMLANE_CONFLICT'
}

/** A loader failed where no caller got its error: in the background, or because an old value served; `cause` is its error. */
export class LoadError extends MemcacheError {
  override readonly name = 'LoadError'
  readonly code = 'MEMLANE_LOAD'
}

/** What a batch that failed in part achieved. */
export interface BatchOutcome<K, V> {
  /** Reads: the hits that did arrive, by the caller's key. */
  readonly found: Map<K, V>
  /** Writes: the keys that were answered without an error, whatever the answer. */
  readonly done: K[]
  /** The keys that failed, and why. */
  readonly failed: Map<K, unknown>
}

/** Some keys of a batch failed. It carries what did succeed: a failure is never reported as a miss. */
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
  }
}

/** Makes the error of commands that come after the end of a client. */
export function closedError(): ClosedError {
  return new ClosedError('the client is closed', { delivery: 'not-sent' })
}
