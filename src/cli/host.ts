import type { Readable, Writable } from 'node:stream'

/** Stream that may be a terminal. */
interface MaybeTerminal {
  readonly isTTY?: boolean
}

/** Stream that a program writes to. */
export interface OutputStream extends Writable, MaybeTerminal {
  readonly columns?: number
  readonly rows?: number
}

/** Stream that a program reads from. */
export interface InputStream extends Readable, MaybeTerminal {
  setRawMode?(mode: boolean): unknown
}

/** Parts of the process that a program uses; tests have their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Aborts with the first SIGINT or SIGTERM; a second one ends the process. */
  readonly signal: AbortSignal
  /** Does what SIGINT does: for Ctrl-C on a terminal in raw mode, where it is a key. */
  interrupt(): void
  /** Has SIGINT call a function instead of aborting the signal; undefined: no longer. For commands that run others. */
  takeInterrupts(handler: (() => void) | undefined): void
  /** Whether standard input has command lines, so that a command cannot read a value from it. */
  readonly hasTakenInput?: boolean
}
