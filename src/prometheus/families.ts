import type { CallMetrics, ClientMetrics, LatencyMetrics, ServerMetrics } from '../client/metrics.ts'
import type { NearCacheMetrics } from '../seam/near-cache.ts'

/** Labels of a sample. */
export type Labels = Readonly<Record<string, string>>

/** One number of a family. */
export interface Sample {
  /** Text after the name of the family: `_count` for a summary's number of observations. */
  readonly suffix?: string
  readonly labels: Labels
  readonly value: number
}

/** Samples of one name. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly samples: readonly Sample[]
}

/** Metrics of a client with the labels that tell it from others. */
export interface LabeledMetrics {
  readonly labels: Labels
  readonly metrics: ClientMetrics
}

/** Reads samples of one family out of a client's metrics. */
type Read = (metrics: ClientMetrics) => readonly Sample[]

interface Definition extends Omit<Family, 'samples'> {
  readonly read: Read
}

const MS_PER_SECOND = 1000

const CALLS: readonly Definition[] = [
  counter(
    'commands_total',
    'Calls of commands.',
    ofCalls(({ calls }) => calls),
  ),
  counter('keys_total', 'Keys of calls by what came of them.', keysOf),
  counter(
    'absorbed_keys_total',
    'Failed keys that the option failures turned into results.',
    ofCalls(({ absorbed }) => absorbed),
  ),
  counter('errors_total', 'Failed keys by the code of their error.', ({ errors }) => ofRecord('code', errors)),
  {
    name: 'duration_seconds',
    help: 'Time from the turn in which commands were made to their replies.',
    type: 'summary',
    read: ({ latency }) => quantiles(latency),
  },
  gauge('duration_max_seconds', 'Longest time of a command.', ({ latency }) => one(latency.max / MS_PER_SECOND)),
  counter('writes_total', 'Writes to connections.', ({ writes }) => one(writes.written)),
  gauge('commands_per_write', 'Mean number of commands in a write.', ({ writes }) => one(writes.commandsPerWrite)),
  counter('coalesced_reads_total', 'Reads that shared the line of another one.', ({ writes }) =>
    one(writes.coalescedReads),
  ),
  counter('loads_total', 'Calls of loaders by reason.', ({ loads }) => ofRecord('reason', loads.reasons)),
  counter('load_failures_total', 'Calls of loaders that failed.', ({ loads }) => one(loads.failed)),
  counter('shared_loads_total', 'Callers that got the value of a load that was under way.', ({ loads }) =>
    one(loads.shared),
  ),
  counter('retries_total', 'Commands that were tried again.', ({ retries }) => one(retries)),
  counter('failovers_total', "Commands that went to another server than their key's.", ({ failovers }) =>
    one(failovers),
  ),
  counter('desyncs_total', 'Connections that were given up because a reply did not fit.', ({ desyncs }) =>
    one(desyncs),
  ),
]

const NEAR_CACHE: readonly Definition[] = [
  counter(
    'near_cache_reads_total',
    'Reads that the near cache answered (hit), and those that it did not (miss).',
    ofNearCache(({ hits: hit, misses: miss }) => ofRecord('result', { hit, miss })),
  ),
  counter(
    'near_cache_fills_total',
    'Replies that the near cache kept.',
    ofNearCache(({ fills }) => one(fills)),
  ),
  counter(
    'near_cache_called_off_total',
    'Replies that the near cache did not keep because of a write meanwhile.',
    ofNearCache(({ calledOff }) => one(calledOff)),
  ),
  counter(
    'near_cache_evictions_total',
    'Entries that the near cache removed for others.',
    ofNearCache(({ evictions }) => one(evictions)),
  ),
  gauge(
    'near_cache_items',
    'Keys in the near cache.',
    ofNearCache(({ items }) => one(items)),
  ),
  gauge(
    'near_cache_bytes',
    'Memory of the near cache.',
    ofNearCache(({ bytes }) => one(bytes)),
  ),
]

const SERVERS: readonly Definition[] = [
  gauge(
    'server_up',
    'Whether a server takes commands: 1, or 0.',
    ofServers(({ state }) => Number(state === 'up')),
  ),
  gauge(
    'pending',
    'Commands that wait for a server.',
    ofServers(({ pending }) => pending),
  ),
  gauge(
    'connections',
    'Connections that are ready for commands.',
    ofServers(({ connections }) => connections),
  ),
  counter(
    'connections_opened_total',
    'Connections that became ready.',
    ofServers(({ opened }) => opened),
  ),
  counter(
    'connect_failures_total',
    'Attempts to connect that failed.',
    ofServers((server) => server.connectFailures),
  ),
  counter('connections_closed_total', 'Connections that ended, by reason.', (metrics) =>
    eachServer(metrics, ({ closed }) => ofRecord('reason', closed)),
  ),
  counter('bytes_total', 'Bytes to and from a server.', (metrics) =>
    eachServer(metrics, ({ bytesIn, bytesOut }) => ofRecord('direction', { in: bytesIn, out: bytesOut })),
  ),
  {
    name: 'server_duration_seconds',
    help: 'Time from the turn in which commands of a server were made to their replies.',
    type: 'summary',
    read: (metrics) => eachServer(metrics, ({ latency }) => quantiles(latency)),
  },
  counter(
    'server_failovers_total',
    'Commands for keys of a server that went to another.',
    ofServers((s) => s.failovers),
  ),
  counter(
    'server_downs_total',
    'How often a server counted as down.',
    ofServers(({ downs }) => downs),
  ),
  counter(
    'server_down_seconds_total',
    'How long a server was down, counted when it is back.',
    ofServers(({ downMs }) => downMs / MS_PER_SECOND),
  ),
]

/** Returns what clients have counted, by family; the samples of a family are those of all clients. */
export function familiesOf(clients: readonly LabeledMetrics[], prefix: string): Family[] {
  return [...CALLS, ...NEAR_CACHE, ...SERVERS].map(({ name, help, type, read }) => ({
    name: `${prefix}${name}`,
    help,
    type,
    samples: clients.flatMap(({ labels, metrics }) =>
      read(metrics).map((sample) => ({ ...sample, labels: { ...labels, ...sample.labels } })),
    ),
  }))
}

function counter(name: string, help: string, read: Read): Definition {
  return { name, help, type: 'counter', read }
}

function gauge(name: string, help: string, read: Read): Definition {
  return { name, help, type: 'gauge', read }
}

function one(value: number): Sample[] {
  return [{ labels: {}, value }]
}

function ofRecord(label: string, record: Readonly<Partial<Record<string, number>>>): Sample[] {
  return Object.entries(record).map(([name, value = 0]) => ({ labels: { [label]: name }, value }))
}

/** One number of each command that was called. */
function ofCalls(numberOf: (call: CallMetrics) => number): Read {
  return ({ calls }) => Object.entries(calls).map(([command, call]) => ({ labels: { command }, value: numberOf(call) }))
}

/** Numbers of the near cache; none of a client without one. */
function ofNearCache(read: (near: NearCacheMetrics) => readonly Sample[]): Read {
  return ({ nearCache }) => (nearCache === undefined ? [] : read(nearCache))
}

function keysOf({ calls }: ClientMetrics): Sample[] {
  return Object.entries(calls).flatMap(([command, call]) =>
    Object.entries(resultsOf(call)).map(([result, value]) => ({ labels: { command, result }, value })),
  )
}

function resultsOf({ hits, misses, stored, notStored, failed }: CallMetrics): Readonly<Record<string, number>> {
  return { hit: hits, miss: misses, stored, not_stored: notStored, failed }
}

/** One number of each server. */
function ofServers(numberOf: (server: ServerMetrics) => number): Read {
  return (metrics) => eachServer(metrics, (server) => one(numberOf(server)))
}

function eachServer({ servers }: ClientMetrics, read: (server: ServerMetrics) => readonly Sample[]): Sample[] {
  return Object.entries(servers).flatMap(([server, metrics]) =>
    read(metrics).map((sample) => ({ ...sample, labels: { server, ...sample.labels } })),
  )
}

function quantiles({ p50, p90, p99, p999, count }: LatencyMetrics): Sample[] {
  const ms = { '0.5': p50, '0.9': p90, '0.99': p99, '0.999': p999 }
  const samples = Object.entries(ms).map(([quantile, time]) => ({ labels: { quantile }, value: time / MS_PER_SECOND }))
  return [...samples, { suffix: '_count', labels: {}, value: count }]
}
