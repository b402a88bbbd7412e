/** First delay between attempts to connect, in milliseconds. */
const BASE_MS = 50
/** Longest delay, in milliseconds. */
const MAX_MS = 2000
/** A refused login will not be accepted a moment later, and servers log it: its delays, in milliseconds. */
const LOGIN_BASE_MS = 1000
const LOGIN_MAX_MS = 30_000
/** What a connection that worked and was lost waits at most, in milliseconds: all its clients lost it together. */
const LOSS_MAX_MS = 20

/**
 * How long to wait before the next attempt, in milliseconds: doubling, and jittered after the cap, so that clients
 * which lost a server together do not come back together.
 *
 * @param failures - Attempts that failed in a row; 0 when a connection that worked was lost.
 * @param login - The last failure was a refused login.
 */
export function backoffMs(failures: number, login: boolean): number {
  if (failures === 0) return Math.random() * LOSS_MAX_MS
  const base = login ? LOGIN_BASE_MS : BASE_MS
  const cap = login ? LOGIN_MAX_MS : MAX_MS
  const delay = Math.min(base * 2 ** Math.min(failures - 1, 30), cap)
  return delay / 2 + (Math.random() * delay) / 2
}
