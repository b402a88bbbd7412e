import { ClosedError, ConnectionClosedError, type MemcacheError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import type { ClosedConnection, ObservedConnection } from '../seam/observer.ts'
import type { ConnectionDecisions } from './connection-decisions.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { failureReason } from './failure-reason.ts'
import type { Liveness } from './liveness.ts'
import { type Loss, lostError, repeatedError, settleLost } from './lost-operations.ts'
import type { Leftovers } from './pipeline.ts'
import type { ReadyParts } from './ready-parts.ts'
import type { UnknownCommands } from './unknown-commands.ts'
import type { UnsentQueue } from './unsent-queue.ts'

/** Time for which reads have lines of their own after a refused read line, in milliseconds. */
const UNSHARED_MS = 30_000

/** Leftovers of a connection that never became ready. */
const NOTHING_LEFT: Leftovers = { unanswered: [], again: [], innocent: [], givenUp: 0 }

/** Cause of a connection's end, for decisions about its operations and its server. */
export interface EndCause {
  readonly error: MemcacheError
  readonly why: ClosedConnection['why']
  /** Whether the connection never became ready. */
  readonly neverReady: boolean
  /** Whether the end says nothing against the server. */
  readonly excused: boolean
  /** Whether the server closed on `gat`, a command that it does not know. */
  readonly refusedGat: boolean
  /** Whether the server closed on `gat`, a command that it may not know. */
  readonly suspectsGat: boolean
}

/**
 * Returns the end cause of a connection whose stream was closed from outside; `cause` is undefined if the server closed
 * it in order. A server that closes where the answer to a `gat` is due may not know the command, which is remembered.
 */
export function causeOfClose(
  server: string,
  cause: Error | undefined,
  liveness: Liveness,
  parts: ReadyParts | undefined,
  unknownCommands: UnknownCommands,
): Omit<EndCause, 'neverReady' | 'why'> {
  const isAboutGat = cause === undefined && parts?.pipeline.gatAtHead === true
  if (isAboutGat) unknownCommands.closedOn('gat')
  const refusedGat = isAboutGat && unknownCommands.has('gat')
  const why = cause === undefined ? 'the server closed it' : failureReason(cause)
  const message = `the connection to ${server} was lost: ${why}`
  return {
    error: new ConnectionClosedError(message, { server, delivery: 'unknown', cause }),
    // The server may have closed an idle connection before the command came.
    excused: liveness.maybeDead || refusedGat,
    refusedGat,
    suspectsGat: isAboutGat && !refusedGat,
  }
}

/** Connection that has ended, and its operations. */
export interface EndedConnection<C> {
  readonly connection: C
  readonly target: ConnectionTarget
  readonly owner: ConnectionDecisions<C>
  readonly liveness: Liveness
  readonly unsent: UnsentQueue
  /** Parts of the connection; undefined if it never became ready. */
  readonly parts: ReadyParts | undefined
  /** Number of operations on the connection before its end. */
  readonly pending: number
  /** Whether observers know the connection. */
  readonly isObserved: boolean
}

/** Reports a connection's end to its owner, and settles or hands back every operation. The socket must be destroyed. */
export function endOperations<C extends ObservedConnection>(ended: EndedConnection<C>, cause: EndCause): void {
  const { connection, target, owner, liveness, parts } = ended
  const pipeline = parts?.pipeline
  const { error, why, neverReady, excused, refusedGat } = cause
  // Calls whose bodies the socket was reading may settle only now, with the socket destroyed.
  const { unanswered, again: neighbours, innocent, givenUp } = pipeline?.drain() ?? NOTHING_LEFT
  if (neighbours.length > 0) target.memory.shareLinesFrom = performance.now() + UNSHARED_MS
  for (const operation of neighbours) operation.alone = true
  for (const operation of innocent) operation.repeated = true
  // An answer in the same bytes that ended the connection counts.
  const proven = liveness.proven || pipeline?.takeAnsweredInTime() === true
  const failed = (neverReady || unanswered.length + givenUp > 0) && !refusedGat && !(error instanceof ClosedError)
  owner.onEnd(connection, { error, neverReady, failed, evident: failed && !excused, proven })
  const closed = { why, error, wasOpen: !neverReady, pending: ended.pending }
  if (ended.isObserved) target.observer.connectionClosed(connection, closed)
  const again = [
    ...neighbours,
    ...innocent,
    ...settleWritten(ended, cause, unanswered),
    ...settleUnsent(ended, error, neverReady),
  ]
  for (const operation of again) operation.prepareAgain()
  if (again.length > 0) owner.onLeftOver(again)
}

function settleWritten<C>(
  { target, liveness, parts }: EndedConnection<C>,
  { error, refusedGat, suspectsGat }: EndCause,
  unanswered: readonly Operation[],
): Operation[] {
  const refusedAlone = parts?.pipeline.refusedAlone === true
  const loss: Loss = {
    server: target.server.name,
    error,
    maybeDeadBefore: liveness.maybeDead,
    refusedAlone,
    refusedGat,
    suspectsGat,
  }
  // No caller waits for the probe of an idle connection.
  const lost = unanswered.filter((operation) => operation !== parts?.writer.probe)
  const { again, quiet } = settleLost(lost, loss)
  const [first, ...others] = quiet
  if (first !== undefined) {
    const subject = others.length === 0 ? first.about : {}
    target.observer.unclaimedError(lostError(first, loss, subject), quiet)
  }
  return again
}

/** Returns the unwritten operations for the next connection, or fails them if there was none or will be none. */
function settleUnsent<C>(ended: EndedConnection<C>, error: MemcacheError, neverReady: boolean): Operation[] {
  const unsent = ended.unsent.drain()
  if (!neverReady && !(error instanceof ClosedError)) return unsent
  for (const operation of withoutServer(ended.owner, unsent, error)) {
    operation.fail(operation.repeated ? repeatedError(operation, ended.target.server.name, error) : error)
  }
  return []
}

/** Returns the operations that no other server takes. */
function withoutServer<C>(
  owner: ConnectionDecisions<C>,
  unsent: readonly Operation[],
  error: MemcacheError,
): readonly Operation[] {
  if (unsent.length === 0 || error instanceof ClosedError) return unsent
  for (const operation of unsent) operation.prepareAgain()
  return owner.onNeverSent(unsent)
}
