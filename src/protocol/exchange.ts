import type { Buffer } from 'node:buffer'
import type { MemcacheError } from '../errors.ts'

/**
 * A command outside the usual forms, and how the end of its reply is known: administration, and whatever a caller sends
 * by himself.
 */
export interface Exchange {
  /** The command line, without its CR LF. One character per byte. */
  readonly line: string
  /** A data block that follows the line; its CR LF is added. */
  readonly body?: Uint8Array | undefined
  readonly ending: ReplyEnding
  /** The time for all of it, connecting included, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** A command whose reply is read while it comes, because it is long, or has no end: key listings, `watch`. */
export interface StreamExchange extends Pick<Exchange, 'line' | 'body' | 'signal'> {
  /** Line that ends the reply, without its CR LF; left out for a reply that ends when the server closes. */
  readonly lastLine?: string | undefined
  /** Time until the first bytes of the reply, connecting included, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  /** Longest silence of the server within the reply, in milliseconds; left out: it may be silent for any time. */
  readonly silenceMs?: number | undefined
  /** Most bytes that are held for a reader that is slower than the server. */
  readonly maxBufferedBytes: number
  /** Returns the error of a first line that refuses the command; error lines of the protocol are refused without it. */
  readonly refusal?: ((firstLine: string) => MemcacheError | undefined) | undefined
  /** Returns the lines of a piece that the reader wants. Called before anything of the piece is held. */
  readonly select?: ((lines: Buffer) => Buffer) | undefined
}

/** Where a reply ends, if no error line comes before. */
export type ReplyEnding =
  /** Behind the first of these bytes. */
  | { readonly kind: 'token'; readonly token: Uint8Array }
  /** Behind the first line that is the last one. The line comes without its CR LF, one character per byte. */
  | { readonly kind: 'line'; readonly isLast: (line: string) => boolean }
  /** Where the server closes; or behind a line, if one comes. */
  | { readonly kind: 'close' }

const ERROR_LINE = /^(?:ERROR|CLIENT_ERROR|SERVER_ERROR)/

/** Whether a line is one of the protocol's three error lines; a colon may be glued to the word. */
export function isErrorLine(line: string): boolean {
  return ERROR_LINE.test(line)
}

const DATA_BLOCK = /^(?:VALUE \S+ \d+|VA) (\d{1,15})(?: |$)/

/** Bytes of the data block that follows a line of a reply, its CR LF included; 0 where none does. */
export function dataBlockBytes(line: string): number {
  const bytes = DATA_BLOCK.exec(line)?.[1]
  return bytes === undefined ? 0 : Number(bytes) + 2
}

/** The ending of replies that are one line. */
export const ONE_LINE: ReplyEnding = { kind: 'line', isLast: () => true }

/** The ending of `stats` replies: `END`, or the one word that some of them are. */
export const STATS_LINES: ReplyEnding = {
  kind: 'line',
  isLast: (line) => line === 'END' || line === 'OK' || line === 'RESET' || isErrorLine(line),
}
