/** First delay between attempts to connect, in milliseconds. */
const BASE_MS = 50
/** Longest delay, in milliseconds. */
const MAX_MS = 2000
/** Delays after a refused login, in milliseconds: a retry at once would be refused and logged too. */
const LOGIN_BASE_MS = 1000
const LOGIN_MAX_MS = 30_000
/**
 * Longest delay after the loss of a working connection, in milliseconds: all clients of a server lose theirs together.
 */
const LOSS_MAX_MS = 20

/**
 * Returns the delay before the next attempt, in milliseconds: doubling, and jittered after the cap, so that clients
 * which lost a server together do not come back together.
 * @param failures - Attempts that failed in a row; 0 when a connection that worked was lost.
 * @param login - Whether the last failure was a refused login.
 */
export function backoffMs(failures: number, login: boolean): number {
  if (failures === 0) return Math.random() * LOSS_MAX_MS
  const base = login ? LOGIN_BASE_MS : BASE_MS
  const cap = login ? LOGIN_MAX_MS : MAX_MS
  const delay = Math.min(base * 2 ** Math.min(failures - 1, 30), cap)
  return delay / 2 + (Math.random() * delay) / 2
}
