import type { ErrorCode } from '../errors.ts'
import type { ServerStatus } from '../seam/executor.ts'
import type { NearCacheMetrics } from '../seam/near-cache.ts'
import type { CallName } from './calls/call-name.ts'
import type { CloseReason, LoadReason } from './channel-contexts.ts'

/**
 * Numbers of the public calls of one name, as their callers see them. For reads, `hits + misses + failed = keys`; for writes,
 * `stored + notStored + failed = keys`. Calls without an answer (`noreply.…`) count as keys, and what came of them is not known.
 */
export interface CallMetrics {
  /** Number of calls that were made; those that are under way count. A call that is repeated counts once. */
  readonly calls: number
  /** Number of keys whose outcome is known. */
  readonly keys: number
  /** Reads that gave a value. `getOrSet` counts by its first look. */
  readonly hits: number
  /** Reads that gave none, or the option `default`: a placeholder is a miss. */
  readonly misses: number
  /** Writes that did what they were to do: stored, removed, renewed, counted. */
  readonly stored: number
  /** Writes that the server answered with no: the item is there, is not there, or has changed. */
  readonly notStored: number
  /** Keys that the call rejected for. */
  readonly failed: number
  /** Keys whose failure became a result by the option `failures`: they are among `misses` and `notStored`. */
  readonly absorbed: number
}

/**
 * Times from the turn of the event loop in which commands were made to the chunk of bytes that brought their replies, in
 * milliseconds; a percentile is at most 1.6 % above the real one. Zero where nothing was measured.
 */
export interface LatencyMetrics {
  /** Number of commands that were measured. */
  readonly count: number
  /** Half of the commands took no longer than this. */
  readonly p50: number
  /** 90 % of the commands took no longer than this. */
  readonly p90: number
  /** 99 % of the commands took no longer than this. */
  readonly p99: number
  /** 99.9 % of the commands took no longer than this. */
  readonly p999: number
  /** Longest time. */
  readonly max: number
}

/** Numbers of what a client wrote. */
export interface WriteMetrics {
  /** Number of writes to connections. */
  readonly written: number
  /** Mean number of commands in a write. */
  readonly commandsPerWrite: number
  /** Largest number of commands in a write. */
  readonly mostCommands: number
  /** Reads that shared the line of another one. */
  readonly coalescedReads: number
}

/** Numbers of loaders' calls, of `getOrSet` and `getOrSetMany`. */
export interface LoadMetrics {
  /** Number of calls of loaders. */
  readonly count: number
  /** Number of them that threw or rejected. */
  readonly failed: number
  /** Callers that got the value of a load which another call of this client had begun. */
  readonly shared: number
  /** Number of calls of loaders by their reason. */
  readonly reasons: Readonly<Record<LoadReason, number>>
}

/** Numbers of one server. */
export interface ServerMetrics {
  /** State, as in `servers`; absent where the server is no longer one of them. */
  readonly state?: ServerStatus['state']
  /** Commands that wait for it, as in `servers`. */
  readonly pending: number
  /** Connections that are ready for commands. */
  readonly connections: number
  /** Connections that became ready. */
  readonly opened: number
  /** Attempts to connect that failed. */
  readonly connectFailures: number
  /** Connections that were ready and ended, by reason. */
  readonly closed: Readonly<Partial<Record<CloseReason, number>>>
  /** Bytes written. */
  readonly bytesOut: number
  /** Bytes read. */
  readonly bytesIn: number
  /** Times of its commands. */
  readonly latency: LatencyMetrics
  /** Commands for keys of this server that went to another. */
  readonly failovers: number
  /** Number of times that it counted as down. */
  readonly downs: number
  /** Time for which it was down, in milliseconds; it counts when the server is back. */
  readonly downMs: number
}

/** Numbers that a client has counted since it was made, or since `resetMetrics`. A copy: it does not change. */
export interface ClientMetrics {
  /** When counting began. */
  readonly since: Date
  /** Numbers of calls by their name; names that were not called are left out. */
  readonly calls: Readonly<Partial<Record<CallName, CallMetrics>>>
  /** Failed keys by the code of their error, absorbed ones too; `OTHER`: aborts, and errors that are not memlane's. */
  readonly errors: Readonly<Partial<Record<ErrorCode | 'OTHER', number>>>
  /** Times of all commands. */
  readonly latency: LatencyMetrics
  /** Numbers of writes. */
  readonly writes: WriteMetrics
  /** Numbers of loads. */
  readonly loads: LoadMetrics
  /** Commands that were tried again, each try counted. */
  readonly retries: number
  /** Commands that went to another server than their key's. */
  readonly failovers: number
  /** Connections that were given up because a reply did not fit. */
  readonly desyncs: number
  /** Numbers of servers by their name. */
  readonly servers: Readonly<Record<string, ServerMetrics>>
  /** Numbers of the near cache; absent without the option `nearCache`. */
  readonly nearCache?: NearCacheMetrics
}
