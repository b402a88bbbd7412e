import type { WatchName } from './watchers.ts'

/** The connection that a command came on, for the few commands that do more with it than answer. */
export interface Client {
  /** Its number. */
  readonly id: number
  /** Other commands came with this one, and memcached has not sent their replies yet, not even where there is none. */
  readonly pipelined: boolean
  /** memcached sends here what it has: what comes next has nothing before it. */
  flush(): void
  /** Sends a long reply piece by piece, as the client reads it; the next command waits for its end. */
  stream(pieces: Iterator<string>): void
  /** Sends lines about what happens from now on; whatever else the client sends is not read. */
  watch(names: ReadonlySet<WatchName>): void
  /** Ends the connection once all replies are out. */
  quit(): void
}
