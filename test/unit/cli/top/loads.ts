import type { Load, ServerLoad } from '../../../../src/cli/top/server-load.ts'

/** Load of a server for tests: 100 gets a second, 97 % of them hits. */
export function makeLoad(facts: Partial<Load> = {}): Load {
  return {
    uptime: 86_400,
    items: 8_100_000,
    bytes: 3.84 * 1024 ** 3,
    limit: 4 * 1024 ** 3,
    gets: 100,
    hits: 97,
    misses: 3,
    sets: 10,
    deletes: 1,
    touches: 0,
    counts: 0,
    evictions: 0,
    expired: 0,
    connections: 212,
    maxConnections: 1024,
    newConnections: 1,
    rejected: 0,
    read: 9_000_000,
    written: 81_000_000,
    cpu: 0.3,
    ping: 0.12,
    longestPing: 0.43,
    ...facts,
  }
}

/** A server that answers with {@link makeLoad}. */
export function makeServer(server: string, facts: Partial<Load> = {}): ServerLoad {
  return { server, version: '1.6.45', load: makeLoad(facts), error: undefined }
}

/** A server that does not answer. */
export function makeDown(server: string, error: string): ServerLoad {
  return { server, version: '', load: undefined, error }
}
