import {
  ClosedError,
  ConnectionClosedError,
  type ErrorSubject,
  type MemcacheError,
  ProtocolError,
  UnknownCommandError,
} from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import { isGat, isIdempotent } from '../protocol/request.ts'

/** Cause of a connection's end, for decisions about the commands on it. */
export interface Loss {
  readonly server: string
  readonly error: MemcacheError
  /** Whether the connection worked, was idle when the commands were written, and got no byte since. */
  readonly maybeDeadBefore: boolean
  /** Whether a read on a line of its own was refused. */
  readonly refusedAlone: boolean
  /** Whether the server closed on `gat`, a command that it does not know. */
  readonly refusedGat: boolean
  /** Whether the server closed on `gat`, a command that it may not know. */
  readonly suspectsGat: boolean
}

/**
 * Settles commands that were written and not answered, once their socket is destroyed.
 *
 * @returns the operations that may be sent again, and the quiet ones without a waiting caller.
 */
export function settleLost(
  operations: readonly Operation[],
  loss: Loss,
): { readonly again: Operation[]; readonly quiet: Operation[] } {
  const again: Operation[] = []
  const quiet: Operation[] = []
  for (const operation of operations) {
    // No caller waits for its outcome.
    if (operation.quiet && !operation.awaitsBarrier) quiet.push(operation)
    if (operation.settled) continue
    if (operation.earlyError !== undefined) operation.fail(operation.earlyError)
    else if (mayRepeat(operation, loss)) again.push(operation)
    else operation.fail(lostError(operation, loss))
  }
  return { again, quiet }
}

function mayRepeat(operation: Operation, loss: Loss): boolean {
  if (loss.error instanceof ClosedError) return false
  // A proxy that closes on a bad key loses the reads after it as well; only a key that fails alone fails. Each round
  // settles at least the bad key, so the rounds end.
  if (operation.alone && loss.refusedAlone) return true
  // A second close on the same read is hardly chance: the third one decides, and each round comes nearer to it.
  if (operation.repeated && loss.suspectsGat && isGat(operation.command)) return true
  // An idle connection was dead before any byte came back: operations that are safe to repeat are repeated, once.
  if (!loss.maybeDeadBefore || operation.repeated || operation.quiet) return false
  operation.repeated = isIdempotent(operation.request)
  return operation.repeated
}

/** Makes the error of a command that was written on a lost connection, and could not be repeated on the next. */
export function repeatedError(operation: Operation, server: string, error: MemcacheError): MemcacheError {
  const message = `${operation.describe()}: it was written, its connection was lost, and then: ${error.message}`
  return new ConnectionClosedError(message, { server, delivery: 'unknown', cause: error, ...operation.about })
}

/**
 * Makes the error of a command that was written when its connection was lost.
 *
 * @param subject - Command named in the message; none if the error is about other commands too.
 */
export function lostError(
  operation: Operation,
  { server, error, refusedGat }: Loss,
  subject: ErrorSubject = operation.about,
): MemcacheError {
  const message = `${operation.describe()}: ${error.message}`
  const { command, key } = subject
  const details = { server, delivery: 'unknown', cause: error, command, key } as const
  if (refusedGat && isGat(operation.command)) {
    return new UnknownCommandError(`${message}; it does not know this command, it seems`, details)
  }
  if (error instanceof ProtocolError) return new ProtocolError(message, details)
  if (error instanceof ClosedError) return new ClosedError(message, details)
  return new ConnectionClosedError(message, details)
}
