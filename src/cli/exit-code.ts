import { Failure } from './failure.ts'
import { UsageError } from './usage-error.ts'

/** Exit codes of all commands. */
export const EXIT = {
  ok: 0,
  /** A miss, not stored, or warnings. */
  negative: 1,
  usage: 2,
  connection: 3,
  server: 4,
  /** A mistake of memlane itself. */
  internal: 70,
  /** Ended by Ctrl-C before there was a result. */
  interrupted: 130,
} as const

/** Meanings of the exit codes, for the help. */
export const EXIT_CODES: Readonly<Record<number, string>> = {
  [EXIT.ok]: 'done',
  [EXIT.negative]: 'a miss, not stored, or warnings',
  [EXIT.usage]: 'the command line is wrong',
  [EXIT.connection]: 'no connection, no answer in time, or no login',
  [EXIT.server]: 'the server answered with an error',
}

/** Exit codes by the codes of errors of memlane. */
const BY_CODE: Readonly<Record<string, number>> = {
  MEMLANE_INVALID_INPUT: EXIT.usage,
  MEMLANE_SERDE: EXIT.usage,
  MEMLANE_CHUNK_LOST: EXIT.negative,
  MEMLANE_CONNECT: EXIT.connection,
  MEMLANE_AUTH: EXIT.connection,
  MEMLANE_TIMEOUT: EXIT.connection,
  MEMLANE_CONNECTION_CLOSED: EXIT.connection,
  MEMLANE_CLOSED: EXIT.connection,
  MEMLANE_SERVER_DOWN: EXIT.connection,
}

/** Failure of a command, in words. */
export interface Explanation {
  /** Lines for standard error, without `memlane: `. */
  readonly lines: readonly string[]
  readonly exitCode: number
}

/** Explains what a command threw; undefined for a mistake of memlane itself. */
export function explainError(error: unknown): Explanation | undefined {
  if (error instanceof UsageError) return { lines: [error.message], exitCode: EXIT.usage }
  if (error instanceof Failure) return { lines: [error.message], exitCode: error.exitCode }
  const code = codeOf(error)
  if (code === undefined) return undefined
  if (code === 'MEMLANE_BATCH') return explainBatch((error as { readonly failed: Map<string, unknown> }).failed)
  return { lines: [oneLine((error as Error).message)], exitCode: BY_CODE[code] ?? EXIT.server }
}

/** Every failure of a batch, each in words that occur once; the exit code is the greatest. */
function explainBatch(failed: ReadonlyMap<unknown, unknown>): Explanation {
  const explained = [...failed].map(([what, reason]) => ({
    what: String(what),
    ...(explainError(reason) ?? { lines: [oneLine(String(reason))], exitCode: EXIT.internal }),
  }))
  const lines = explained.flatMap(({ what, lines: words }) =>
    words.map((line) => (line.includes(what) ? line : `${what}: ${line}`)),
  )
  return { lines: [...new Set(lines)], exitCode: Math.max(...explained.map(({ exitCode }) => exitCode)) }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { readonly code?: unknown }).code : undefined
  return typeof code === 'string' && code.startsWith('MEMLANE_') ? code : undefined
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ')
}
