import { numberIn, type ServerSample } from '../stats/stats-sampler.ts'

/** Load of a server, or of several: rates are a second, and NaN where there is nothing to compare with. */
export interface Load {
  /** Seconds since the server was started; NaN for several. */
  readonly uptime: number
  readonly items: number
  /** Bytes of the items. */
  readonly bytes: number
  /** Most bytes of items. */
  readonly limit: number
  readonly gets: number
  readonly hits: number
  readonly misses: number
  readonly sets: number
  readonly deletes: number
  readonly touches: number
  /** `incr` and `decr`. */
  readonly counts: number
  readonly evictions: number
  readonly expired: number
  readonly connections: number
  readonly maxConnections: number
  readonly newConnections: number
  readonly rejected: number
  /** Bytes that the server has read, and written. */
  readonly read: number
  readonly written: number
  /** Seconds of CPU in a second. */
  readonly cpu: number
  /** Milliseconds to the server and back: the median of the last rounds, and the longest of them. */
  readonly ping: number
  readonly longestPing: number
}

/** Numbers of a {@link Load}. */
export type LoadName = keyof Load

/** A server, its load, and what is known of it. */
export interface ServerLoad {
  readonly server: string
  readonly version: string
  /** Undefined where the server has not answered. */
  readonly load: Load | undefined
  /** Why it has not answered, in one line. */
  readonly error: string | undefined
}

/** Times to a server and back, in milliseconds. */
export interface PingTimes {
  readonly median: number
  readonly longest: number
}

/** Returns the load that a sample shows. */
export function loadOf(sample: ServerSample, ping: PingTimes): Load | undefined {
  const { stats, rate } = sample
  if (stats === undefined) return undefined
  const now = (name: string): number => numberIn(stats, name)
  return {
    uptime: now('uptime'),
    items: now('curr_items'),
    bytes: now('bytes'),
    limit: now('limit_maxbytes'),
    gets: rate('cmd_get'),
    hits: rate('get_hits'),
    misses: rate('get_misses'),
    sets: rate('cmd_set'),
    deletes: rate('delete_hits') + rate('delete_misses'),
    touches: rate('cmd_touch'),
    counts: sum(['incr_hits', 'incr_misses', 'decr_hits', 'decr_misses'].map(rate)),
    evictions: rate('evictions'),
    expired: rate('reclaimed'),
    connections: now('curr_connections'),
    maxConnections: now('max_connections'),
    newConnections: rate('total_connections'),
    rejected: rate('rejected_connections'),
    read: rate('bytes_read'),
    written: rate('bytes_written'),
    cpu: rate('rusage_user') + rate('rusage_system'),
    ping: ping.median,
    longestPing: ping.longest,
  }
}

/** Adds up the loads of several servers. A number that a server lacks is left out; NaN where all lack it. */
export function totalLoad(loads: readonly Load[]): Load {
  const add = (name: LoadName): number => sum(known(loads, name))
  const most = (name: LoadName): number => Math.max(...known(loads, name), Number.NEGATIVE_INFINITY)
  return {
    uptime: Number.NaN,
    items: add('items'),
    bytes: add('bytes'),
    limit: add('limit'),
    gets: add('gets'),
    hits: add('hits'),
    misses: add('misses'),
    sets: add('sets'),
    deletes: add('deletes'),
    touches: add('touches'),
    counts: add('counts'),
    evictions: add('evictions'),
    expired: add('expired'),
    connections: add('connections'),
    maxConnections: add('maxConnections'),
    newConnections: add('newConnections'),
    rejected: add('rejected'),
    read: add('read'),
    written: add('written'),
    cpu: add('cpu'),
    ping: finite(most('ping')),
    longestPing: finite(most('longestPing')),
  }
}

/** Share of reads that were hits, from 0 to 1; NaN without reads. */
export function hitShare({ hits, misses }: Load): number {
  return hits / (hits + misses)
}

/** Share of the memory that items take; NaN without a limit. */
export function memoryShare({ bytes, limit }: Load): number {
  return limit > 0 ? bytes / limit : Number.NaN
}

function known(loads: readonly Load[], name: LoadName): number[] {
  return loads.map((load) => load[name]).filter((value) => !Number.isNaN(value))
}

function sum(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((a, b) => a + b)
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN
}
