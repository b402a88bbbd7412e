import {
  AuthError,
  ClientError,
  InvalidInputError,
  MemcacheError,
  SerdeError,
  ServerDownError,
  ServerError,
  TimeoutError,
  UnknownCommandError,
  ValueTooLargeError,
} from '../../errors.ts'
import { messageOf } from '../../message-of.ts'

/** Failure of a call: the error for the caller, and the line for the log. */
export interface CallFailure {
  readonly error: Error
  /** Undefined: nothing is written. */
  readonly line: string | undefined
}

/** An `append` or a `prepend` found no item. */
export class NotStored extends Error {}

/**
 * Returns the failure for an error of the client: its message is that of the package, its cause the error.
 *
 * @param lineOf - Makes the line for the log where no server has answered.
 */
export function failureOf(operation: string, reason: unknown, lineOf: (text: string) => string): CallFailure {
  const status = statusOf(operation, reason)
  if (status !== undefined) return answered(operation, status, reason)
  if (isOfCaller(reason)) return { error: reason, line: undefined }
  const error = unreachable(reason)
  return { error, line: lineOf(error.message) }
}

function isOfCaller(reason: unknown): reason is Error {
  if (!(reason instanceof Error)) return false
  return reason instanceof InvalidInputError || reason instanceof SerdeError || !(reason instanceof MemcacheError)
}

function answered(operation: string, status: string, cause?: unknown): CallFailure {
  const message = `MemJS ${operation}: ${status}`
  return { error: new Error(message, { cause }), line: message }
}

/** Returns what the binary protocol calls an answer; undefined where there was none. */
function statusOf(operation: string, reason: unknown): string | undefined {
  if (reason instanceof NotStored) return 'Item not stored'
  if (reason instanceof ValueTooLargeError) return 'Value too large'
  if (reason instanceof UnknownCommandError) return 'Unknown command'
  if (reason instanceof ClientError)
    return COUNTS.has(operation) ? 'Incr/Decr on non-numeric value' : 'Invalid arguments'
  if (!(reason instanceof ServerError)) return undefined
  return reason.message.includes('out of memory') ? 'Out of memory' : 'Internal error'
}

const COUNTS: ReadonlySet<string> = new Set(['INCREMENT', 'DECREMENT'])

/** Returns the error for a server that did not answer, with the `code` of the system where that failed. */
function unreachable(reason: unknown): Error {
  const system = systemError(reason)
  if (system !== undefined) return Object.assign(new Error(system.message, { cause: reason }), { code: system.code })
  return new Error(textOf(reason), { cause: reason })
}

function textOf(reason: unknown): string {
  if (reason instanceof ServerDownError && reason.cause instanceof MemcacheError) return textOf(reason.cause)
  if (reason instanceof TimeoutError) return 'socket timed out waiting on response.'
  if (!(reason instanceof AuthError)) return messageOf(reason)
  const hint = 'memlane sends the ASCII login (memcached -Y) or that of MemCachier, no SASL'
  return `Memcached server authentication failed! ${reason.message} (${hint})`
}

interface SystemError extends Error {
  readonly code: string
}

/** Returns the error of the system by which a connection failed, such as `connect ECONNREFUSED 127.0.0.1:11211`. */
function systemError(reason: unknown): SystemError | undefined {
  if (reason instanceof AggregateError) return systemError(reason.errors.at(-1))
  if (!(reason instanceof Error)) return undefined
  return isSystemError(reason) ? reason : systemError(reason.cause)
}

function isSystemError(error: Error): error is SystemError {
  const isDial = 'syscall' in error && (error.syscall === 'connect' || error.syscall === 'getaddrinfo')
  return isDial && 'code' in error && typeof error.code === 'string'
}
