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
/** The same for each server of a wide cluster, and its limit: wide clusters have many clients. */
const LOSS_MAX_MS_PER_SERVER = 2
const WIDE_LOSS_MAX_MS = 200

/**
 * Returns the delay before the next attempt, in milliseconds: doubling, and jittered after the cap, so that clients
 * which lost a server together do not come back together.
 *
 * @param failures - Attempts that failed in a row; 0 when a connection that worked was lost.
 * @param login - Whether the last failure was a refused login.
 * @param servers - Number of servers that share the keys.
 */
export function backoffMs(failures: number, login: boolean, servers = 1): number {
  if (failures === 0) return Math.random() * Math.max(LOSS_MAX_MS, wideLossMs(servers))
  const base = login ? LOGIN_BASE_MS : BASE_MS
  const cap = login ? LOGIN_MAX_MS : MAX_MS
  const delay = Math.min(base * 2 ** Math.min(failures - 1, 30), cap)
  return delay / 2 + (Math.random() * delay) / 2
}

/**
 * Returns the delay before the attempt after a loss without waiting commands, in milliseconds. In a wide cluster nearly
 * every connection is idle when its server is lost; elsewhere the next command connects at once.
 */
export function idleLossMs(servers: number): number {
  return Math.random() * wideLossMs(servers)
}

/** Returns the longest delay after a loss in a wide cluster, in milliseconds; 0 for any other. */
function wideLossMs(servers: number): number {
  const delay = servers * LOSS_MAX_MS_PER_SERVER
  return delay > LOSS_MAX_MS ? Math.min(delay, WIDE_LOSS_MAX_MS) : 0
}
