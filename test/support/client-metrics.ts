import type { ClientMetrics, LatencyMetrics } from '../../src/client/metrics.ts'

const LATENCY: LatencyMetrics = { count: 8, p50: 0.25, p90: 0.5, p99: 1, p999: 2, max: 4 }

/** What a client may have counted: every number is another one, as far as there is room. */
export const CLIENT_METRICS: ClientMetrics = {
  since: new Date('2026-11-30T00:00:00Z'),
  calls: {
    get: { calls: 5, keys: 5, hits: 2, misses: 3, stored: 0, notStored: 0, failed: 0, absorbed: 1 },
    setMany: { calls: 2, keys: 9, hits: 0, misses: 0, stored: 4, notStored: 3, failed: 2, absorbed: 0 },
  },
  errors: { MEMLANE_TIMEOUT: 2, OTHER: 1 },
  latency: LATENCY,
  writes: { written: 6, commandsPerWrite: 2.5, mostCommands: 7, coalescedReads: 3 },
  loads: {
    count: 4,
    failed: 1,
    shared: 2,
    reasons: { miss: 3, stale: 1, refreshAhead: 0, leaseLost: 0, noCache: 0 },
  },
  retries: 11,
  failovers: 12,
  desyncs: 13,
  servers: {
    'cache-1:11211': {
      state: 'up',
      pending: 14,
      connections: 1,
      opened: 2,
      connectFailures: 15,
      closed: { idle: 1, MEMLANE_CONNECTION_CLOSED: 2 },
      bytesOut: 16,
      bytesIn: 17,
      latency: LATENCY,
      failovers: 18,
      downs: 19,
      downMs: 2500,
    },
    '/run/"odd"\\\n.sock': {
      pending: 0,
      connections: 0,
      opened: 0,
      connectFailures: 0,
      closed: {},
      bytesOut: 0,
      bytesIn: 0,
      latency: { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 },
      failovers: 0,
      downs: 0,
      downMs: 0,
    },
  },
}
