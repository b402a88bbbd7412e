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

/** How a connection ended, as far as it decides about the commands that were on it. */
export interface Loss {
  readonly server: string
  readonly error: MemcacheError
  /** The connection worked, was idle when the commands were written, and no byte came since. */
  readonly maybeDeadBefore: boolean
  /** A read that travelled alone was refused. */
  readonly refusedAlone: boolean
  /** The server closed on `gat`, which it does not know. */
  readonly refusedGat: boolean
  /** The server closed on `gat`, which it may not know. */
  readonly suspectsGat: boolean
}

/**
 * Settles commands that were written and not answered, once their socket is destroyed.
 *
 * @returns those that may be sent again, and the quiet ones, for which no caller waits.
 */
export function settleLost(
  operations: readonly Operation[],
  loss: Loss,
): { readonly again: Operation[]; readonly quiet: Operation[] } {
  const again: Operation[] = []
  const quiet: Operation[] = []
  for (const operation of operations) {
    // Nobody waits for its outcome.
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
  // A proxy that closes on a bad key takes the reads behind it along; only a key that fails alone fails. Each round
  // settles the bad key at least, so this ends.
  if (operation.alone && loss.refusedAlone) return true
  // A second close on the same read is hardly chance: the third one tells, and each round comes nearer to it.
  if (operation.repeated && loss.suspectsGat && isGat(operation.command)) return true
  // An idle connection turned out dead before any byte came back: what can be repeated safely is, once.
  if (!loss.maybeDeadBefore || operation.repeated || operation.quiet) return false
  operation.repeated = isIdempotent(operation.request)
  return operation.repeated
}

/** The error of a command that was written on a connection that was lost, and could not be repeated on the next. */
export function repeatedError(operation: Operation, server: string, error: MemcacheError): MemcacheError {
  const message = `${operation.describe()}: it was written, its connection was lost, and then: ${error.message}`
  return new ConnectionClosedError(message, { server, delivery: 'unknown', cause: error, ...operation.about })
}

/**
 * The error of a command that was written when its connection was lost.
 *
 * @param subject - What it names; nothing where it is about other commands too.
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
