import type { Buffer } from 'node:buffer'
import type { MemcacheError } from '../errors.ts'

/** Command outside the usual forms, and the ending of its reply: administration, and commands spelled by the caller. */
export interface Exchange {
  /** Command line, without its CR LF. One character per byte. */
  readonly line: string
  /** Data block that follows the line; its CR LF is added. */
  readonly body?: Uint8Array | undefined
  readonly ending: ReplyEnding
  /** Time for the whole exchange, connecting included, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** Command whose reply is read as it comes, because it is long, or has no end: key listings, `watch`. */
export interface StreamExchange extends Pick<Exchange, 'line' | 'body' | 'signal'> {
  /** Line that ends the reply, without its CR LF; left out for a reply that ends when the server closes. */
  readonly lastLine?: string | undefined
  /** Time until the first bytes of the reply, connecting included, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  /** Longest silence of the server within the reply, in milliseconds; left out: no limit. */
  readonly silenceMs?: number | undefined
  /** Most bytes held for a reader that is slower than the server. */
  readonly maxBufferedBytes: number
  /** Returns the error of a first line that refuses the command; error lines of the protocol are refused without it. */
  readonly refusal?: ((firstLine: string) => MemcacheError | undefined) | undefined
  /** Selects the wanted lines of a piece. Called before any part of the piece is held. */
  readonly select?: ((lines: Buffer) => Buffer) | undefined
}

/** End of a reply, if no error line comes before. */
export type ReplyEnding =
  /** After the first of these bytes. */
  | { readonly kind: 'token'; readonly token: Uint8Array }
  /** After the first line that is the last one. The line comes without its CR LF, one character per byte. */
  | { readonly kind: 'line'; readonly isLast: (line: string) => boolean }
  /** When the server closes; or after a line, if one comes. */
  | { readonly kind: 'close' }

const ERROR_LINE = /^(?:ERROR|CLIENT_ERROR|SERVER_ERROR)/

/** Checks whether a line is one of the protocol's three error lines; a colon may be glued to the word. */
export function isErrorLine(line: string): boolean {
  return ERROR_LINE.test(line)
}

const DATA_BLOCK = /^(?:VALUE \S+ \d+|VA) (\d{1,15})(?: |$)/

/** Returns the bytes of the data block that follows a line of a reply, its CR LF included; 0 if none does. */
export function dataBlockBytes(line: string): number {
  const bytes = DATA_BLOCK.exec(line)?.[1]
  return bytes === undefined ? 0 : Number(bytes) + 2
}

/** Ending of replies that are one line. */
export const ONE_LINE: ReplyEnding = { kind: 'line', isLast: () => true }

/** Ending of `stats` replies: `END`, or the single word of some replies. */
export const STATS_LINES: ReplyEnding = {
  kind: 'line',
  isLast: (line) => line === 'END' || line === 'OK' || line === 'RESET' || isErrorLine(line),
}
