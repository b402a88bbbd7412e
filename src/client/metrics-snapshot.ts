import { INSPECT } from '../inspect.ts'
import type { Mutable } from '../mutable.ts'
import type { Backend, ServerStatus } from '../seam/executor.ts'
import type { NearLayer } from '../seam/near-cache.ts'
import type { CallName } from './calls/call-name.ts'
import type { Calls } from './calls/calls.ts'
import { Tally } from './calls/tally.ts'
import { Histogram } from './latency.ts'
import type { CallMetrics, ClientMetrics, LatencyMetrics, LoadMetrics, ServerMetrics } from './metrics.ts'
import { ServerCounts, type TrafficCounts } from './observation.ts'

/** Makes a copy of what a client has counted. */
export function takeMetrics(
  calls: Calls,
  traffic: TrafficCounts,
  { servers }: Backend,
  near?: NearLayer,
): ClientMetrics {
  const { since, written, commands, mostCommands, coalescedReads, retries, desyncs } = traffic
  const numbers = serversOf(
    traffic,
    servers.map(({ status }) => status),
  )
  const latency = new Histogram()
  for (const counts of traffic.servers.values()) latency.add(counts.latency)
  return showAsTable({
    since,
    calls: callsOf(calls.tallies),
    errors: errorsOf(calls.tallies),
    latency: latencyOf(latency),
    writes: { written, commandsPerWrite: written === 0 ? 0 : commands / written, mostCommands, coalescedReads },
    loads: loadsOf(calls),
    retries,
    failovers: Object.values(numbers).reduce((sum, { failovers }) => sum + failovers, 0),
    desyncs,
    servers: numbers,
    ...(near && { nearCache: near.metrics() }),
  })
}

/** Adds the method by which `console.log` shows metrics as a table. */
function showAsTable(metrics: ClientMetrics): ClientMetrics {
  return Object.defineProperty(metrics, INSPECT, { value: () => tableOf(metrics) })
}

/** Returns metrics with the numbers of further calls added. */
export function addCalls(metrics: ClientMetrics, tallies: ReadonlyMap<CallName, Tally>): ClientMetrics {
  const sums = new Map<CallName, Tally>()
  for (const [name, tally] of tallies) {
    const known = metrics.calls[name]
    const sum = new Tally(false)
    if (known !== undefined) sum.counts.set(Object.values(known))
    sum.merge(tally)
    sums.set(name, sum)
  }
  const errors: Record<string, number> = { ...metrics.errors }
  for (const [code, keys] of Object.entries(errorsOf(tallies))) errors[code] = (errors[code] ?? 0) + keys
  return showAsTable({ ...metrics, calls: { ...metrics.calls, ...callsOf(sums) }, errors })
}

/** Returns the numbers of a tally. */
function callMetricsOf({ counts }: Tally): CallMetrics {
  const [calls = 0, keys = 0, hits = 0, misses = 0, stored = 0, notStored = 0, failed = 0, absorbed = 0] = counts
  return { calls, keys, hits, misses, stored, notStored, failed, absorbed }
}

function callsOf(tallies: ReadonlyMap<CallName, Tally>): ClientMetrics['calls'] {
  const made = [...tallies].map(([name, tally]) => [name, callMetricsOf(tally)] as const)
  return Object.fromEntries(made.filter(([, { calls }]) => calls > 0))
}

function errorsOf(tallies: ReadonlyMap<CallName, Tally>): ClientMetrics['errors'] {
  const sums: Record<string, number> = {}
  for (const { errors } of tallies.values()) {
    for (const [code, keys] of errors) sums[code] = (sums[code] ?? 0) + keys
  }
  return sums
}

function loadsOf({ loads: { reasons, failed, shared } }: Calls): LoadMetrics {
  const count = Object.values(reasons).reduce((sum, one) => sum + one, 0)
  return { count, failed, shared, reasons: { ...reasons } }
}

function serversOf(traffic: TrafficCounts, servers: readonly ServerStatus[]): Record<string, ServerMetrics> {
  const numbers: Record<string, ServerMetrics> = {}
  const unused = new ServerCounts()
  for (const status of servers) numbers[status.name] = serverOf(traffic.servers.get(status.name) ?? unused, status)
  // Servers that were removed, and those of older clusters.
  for (const [name, counts] of traffic.servers) numbers[name] ??= serverOf(counts, undefined)
  return numbers
}

function serverOf(counts: ServerCounts, status: ServerStatus | undefined): ServerMetrics {
  const { opened, connectFailures, closed, bytesOut, bytesIn, failovers, downs, downMs, latency } = counts
  const numbers: Mutable<ServerMetrics> = {
    pending: status?.pending ?? 0,
    connections: status?.connections.open ?? 0,
    opened,
    connectFailures,
    closed: { ...closed },
    bytesOut,
    bytesIn,
    latency: latencyOf(latency),
    failovers,
    downs,
    downMs,
  }
  if (status !== undefined) numbers.state = status.state
  return numbers
}

function latencyOf(times: Histogram): LatencyMetrics {
  const { count, maxMs: max } = times
  const [p50 = 0, p90 = 0, p99 = 0, p999 = 0] = [0.5, 0.9, 0.99, 0.999].map((part) => times.quantileMs(part))
  return { count, p50, p90, p99, p999, max }
}

function tableOf({ calls, servers, errors, since, ...rest }: ClientMetrics): string {
  const lines = [`since ${since.toISOString()}`, ...rows('call', calls), ...rows('server', servers)]
  for (const [name, numbers] of Object.entries({ errors, ...rest })) lines.push(`${name}: ${cell(numbers)}`)
  return lines.join('\n')
}

/** Shows records with the same fields, one in a row. */
function rows(title: string, records: Readonly<Record<string, object>>): string[] {
  const [first] = Object.values(records)
  if (first === undefined) return []
  const fields = Object.keys(first)
  const table = [
    [title, ...fields],
    ...Object.entries(records).map(([name, record]) => [
      name,
      ...fields.map((field) => cell((record as Record<string, unknown>)[field])),
    ]),
  ]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  return table.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

/** Shows a number, or the numbers of a record that are not 0. */
function cell(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 1000) / 1000)
  if (typeof value !== 'object' || value === null) return String(value)
  const shown = Object.entries(value).filter(([, number]) => number !== 0)
  return shown.map(([name, number]) => `${name} ${cell(number)}`).join(', ') || '-'
}
