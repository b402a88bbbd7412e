import type { MemcacheError } from './errors.ts'
import type { Operation } from './protocol/operation.ts'

/**
 * The seam: everything that can carry out a command. A connection, a pool, a cluster, a wrapper that retries, a mock:
 * clients see nothing else.
 */
export interface Executor {
  /**
   * Takes the operation and settles it, sooner or later, exactly once. Never throws and never settles it with a
   * failure of ours without saying whether the server may have carried it out.
   */
  dispatch(operation: Operation): void
}

/** An executor that stands for one server. */
export interface ServerExecutor extends Executor {
  /** The server's name, as configured. */
  readonly name: string
}

/** The executor at the bottom, with the life of its connections. */
export interface Backend extends Executor {
  /** One by one, for commands that go to every server. */
  readonly servers: readonly ServerExecutor[]
  /** Opens every connection now. Rejects with the first failure. */
  connect(): Promise<void>
  /** Closes every connection behind its pending replies; the next command connects again. */
  disconnect(): Promise<void>
  /** Takes no more commands, finishes those it has, and closes. */
  close(): Promise<void>
  /** Ends everything now; what waits fails with the error. */
  destroy(error: MemcacheError): void
}
