import type { WatchName } from './watchers.ts'

/** Connection of a command, for the few commands that do more with it than reply. */
export interface Client {
  /** Number of the connection. */
  readonly id: number
  /** Whether other commands came with this one, with replies, even empty ones, that memcached has not sent yet. */
  readonly pipelined: boolean
  /** Marks the point at which memcached sends its replies: the next command has none before it. */
  flush(): void
  /** Sends a long reply piece by piece, as the client reads it; the next command waits for its end. */
  stream(pieces: Iterator<string>): void
  /** Sends lines about events from now on; later input of the client is not read. */
  watch(names: ReadonlySet<WatchName>): void
  /** Ends the connection once all replies are out. */
  quit(): void
}
