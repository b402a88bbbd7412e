import type { MemcacheError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'

/** How a connection ended. */
export interface ConnectionEnd {
  readonly error: MemcacheError
  /** Whether it never became ready. */
  readonly neverReady: boolean
  /** Whether it ended with commands waiting, or never became ready. */
  readonly failed: boolean
  /**
   * Whether the end is evidence against the server: refused, no handshake, out of step, a long silence, or lost with
   * commands waiting. An idle connection that was closed is none: servers have idle timeouts.
   */
  readonly evident: boolean
  /** Whether it answered a command in time since it was last doubted. */
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
export interface FlushPolicy {
  /**
   * Whether it writes once all sockets that are readable now have been read, and not at the end of the turn. With one
   * connection both give the same writes; with several, the answers of one set off commands to the others, and a write
   * each costs more than all the rest (seen with 8 servers and 64 gets in flight: 6 commands a write instead of 2, twice
   * the rate).
   */
  afterReading: boolean
}
