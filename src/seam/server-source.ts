import type { ServerSpec } from '../server-address.ts'

/**
 * Servers that come and go: each list replaces the last. Iteration begins with the first command, and ends with the
 * client; an error or an end leaves the last list in force.
 */
export type ServerSource = AsyncIterable<readonly ServerSpec[]>

/** Whether the value is a source rather than servers. */
export function isServerSource(value: unknown): value is ServerSource {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

/** A source with its last error; messages about a list that does not come include it. */
export interface ExplainingSource extends ServerSource {
  readonly lastError: unknown
}

/** Returns the source's last error. */
export function lastErrorOf(source: ServerSource): unknown {
  return 'lastError' in source ? source.lastError : undefined
}
