import type { MemcacheError } from '../errors.ts'
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

/** Decisions about connections of the kind `C`, made by their owner. What merely happens goes to the observer. */
export interface ConnectionDecisions<C> {
  /** Called when the connection is ready for commands. */
  onReady(connection: C): void
  /** Called once when the connection ends, before its operations settle: their callers may dispatch again. */
  onEnd(connection: C, end: ConnectionEnd): void
  /** Takes operations that may be sent again: nothing of them was written, or repeating them is safe. */
  onLeftOver(operations: readonly Operation[]): void
  /** Takes operations that waited for a connection which could not be made; returns those that no other server takes. */
  onNeverSent(operations: readonly Operation[]): readonly Operation[]
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
