import type { Observing } from '../../seam/observer.ts'

/** The worker's end of the direct way, as seen by the session in the worker. */
export interface SocketHost {
  /** Whether the caller may be using a socket. */
  readonly isOpen: boolean
  /** Observers for the client whose sockets are lent. */
  readonly observers: readonly Observing[]
  /** Sets the client that was given the observers. */
  watch(client: object): void
  /** Records which connections are alive, at the end of a call. */
  note(): void
  /** Lends the caller the idle sockets. */
  openIfIdle(): void
  /**
   * Takes the sockets back: the caller calls the worker.
   *
   * @returns settles when the connections that cannot be used again have ended; undefined when there are none.
   */
  settle(): Promise<unknown> | undefined
  /** Takes the sockets back at the end of the worker. */
  close(): void
}

/**
 * Makes a {@link SocketHost}.
 *
 * @param fields - Memory shared with the caller.
 */
export type CreateSocketHost = (fields: Int32Array) => SocketHost
