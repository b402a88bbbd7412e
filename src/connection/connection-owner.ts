import type { MemcacheError, ProtocolError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'

/** How a connection ended. */
export interface ConnectionEnd {
  readonly error: MemcacheError
  /** It never became ready. */
  readonly neverReady: boolean
  /** It ended with commands waiting, or never became ready: evidence against the server. */
  readonly failed: boolean
  /**
   * The server is unwell, as far as one connection can tell: refused, no handshake, out of step, a long silence, or lost
   * with commands waiting. Not so a connection that had been idle and was closed: servers have idle timeouts.
   */
  readonly evident: boolean
  /** It answered a command in time, once at least since it was last doubted. */
  readonly proven: boolean
}

/** Who owns connections of the kind `C` and is told of their lives. */
export interface ConnectionOwner<C> {
  /** It is ready for commands. */
  onReady(connection: C): void
  /** A reply did not fit: told before `onEnd`. */
  onDesync(error: ProtocolError): void
  /** It is no more. Told once, before anything that was on it settles: whoever hears of that may send more. */
  onEnd(connection: C, end: ConnectionEnd): void
  /** Commands that were on it and may be sent again: nothing of them was written, or repeating them is safe. */
  onLeftOver(operations: readonly Operation[]): void
  /** Commands that waited for a connection which could not be made; gives those that nobody else takes. */
  onNeverSent(operations: readonly Operation[]): readonly Operation[]
  /** Something failed that no caller waits for. */
  onUnclaimedError(error: MemcacheError, operations: readonly Operation[]): void
}

/** When a connection writes; shared by those of one server. */
export interface Pace {
  /**
   * At the end of the turn, or once the sockets that are readable now have all been read. With one connection both give
   * the same writes; with several, the answers of one set off commands to the others, and a write each costs more than
   * all the rest (seen with 8 servers and 64 gets in flight: 6 commands a write instead of 2, twice the rate).
   */
  afterReading: boolean
}
