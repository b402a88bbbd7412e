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

/** Where a reply ends. */
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

/** The ending of replies that are one line. */
export const ONE_LINE: ReplyEnding = { kind: 'line', isLast: () => true }

/** The ending of `stats` replies: `END`, or the one word that some of them are. */
export const STATS_LINES: ReplyEnding = {
  kind: 'line',
  isLast: (line) => line === 'END' || line === 'OK' || line === 'RESET' || isErrorLine(line),
}
