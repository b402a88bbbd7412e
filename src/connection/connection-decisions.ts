import type { MemcacheError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'

/** End of a connection. */
export interface ConnectionEnd {
  readonly error: MemcacheError
  /** Whether the connection never became ready. */
  readonly neverReady: boolean
  /** Whether the connection ended with commands waiting, or never became ready. */
  readonly failed: boolean
  /**
   * Whether the end is evidence against the server: refused, no handshake, out of step, a long silence, or lost with
   * commands waiting. Closing an idle connection is no evidence: servers have idle timeouts.
   */
  readonly evident: boolean
  /** Whether the connection answered a command in time since it was last doubted. */
  readonly proven: boolean
}

/** Decisions about connections of the kind `C`, made by their owner. Mere events go to the observer. */
export interface ConnectionDecisions<C> {
  /** Called when the connection is ready for commands. */
  onReady(connection: C): void
  /** Called once when the connection ends, before its operations settle: their callers may dispatch again. */
  onEnd(connection: C, end: ConnectionEnd): void
  /** Takes operations that may be sent again: not written at all, or safe to repeat. */
  onLeftOver(operations: readonly Operation[]): void
  /** Takes operations that waited for a connection which could not be made; returns those that no other server takes. */
  onNeverSent(operations: readonly Operation[]): readonly Operation[]
}

/** Time at which a connection writes; shared by the connections of one server. */
export interface FlushPolicy {
  /**
   * Whether to write after all sockets that are readable now have been read, instead of at the end of the turn. With
   * one connection both give the same writes. With several, the answers of one lead to commands for the others, and a
   * write for each costs more than all the rest (seen with 8 servers and 64 gets in flight: 6 commands a write instead
   * of 2, twice the rate).
   */
  afterReading: boolean
}
