import { InvalidInputError } from '../errors.ts'
import { isRecord, refuseUnknown } from '../known-options.ts'
import { findNodeModule } from '../node-modules.ts'
import { count, duration, flag, refused } from '../option-checks.ts'
import { type Credentials, parseCredentials, parseTls, type ServerAddress } from '../server-address.ts'
import type { TlsOptions } from '../tls-options.ts'
import type { ByteStream, DialedStream } from './byte-stream.ts'
import type { LineLimits } from './read-line.ts'

/** TCP keep-alive. */
export interface KeepAliveOptions {
  /** Idle time before the first probe, in milliseconds. @defaultValue `60000` */
  readonly idleMs?: number
  /** Time between probes, in milliseconds; refused on runtimes that cannot set it. */
  readonly intervalMs?: number
  /** Unanswered probes until the connection counts as dead; refused on runtimes that cannot set it. */
  readonly probes?: number
}

/** Second argument of a {@link Dialer}, after the server. */
export interface DialContext {
  /** Aborts when the time for the connection is up, or the client is closed. */
  readonly signal: AbortSignal
  /** TLS options that hold for the server; undefined without TLS. */
  readonly tls?: TlsOptions | undefined
}

/**
 * Function that opens the stream to a server: for tunnels, proxies, other socket layers. The signal aborts when time is
 * up.
 *
 * Returns a stream, such as a `Duplex` of Node's, or an object with the stream and properties that the stream does not
 * have. If TLS is asked for (`memcacheds://`, the option `tls`), a stream whose property `encrypted` is `true`, as that
 * of every socket of `node:tls`, or that comes with `secure: true`, is used as it is. Any other is wrapped in TLS, and
 * the certificate must name the server. On a runtime without `node:tls` such a stream is refused, and nothing is
 * written.
 */
export type Dialer = (server: ServerAddress, context: DialContext) => Promise<ByteStream | DialedStream>

/** Options of the connections to a server. */
export interface ConnectionOptions {
  /**
   * Time from the call to the last byte of its reply, in milliseconds, queueing and connecting included. When it has
   * passed the call rejects with `TimeoutError`; a late reply is read and dropped. `Infinity` switches it off. Of
   * `getOrSet` and `update` it bounds each round trip, not your own function.
   *
   * @defaultValue `1000`
   */
  readonly timeoutMs?: number
  /**
   * Time for making a connection, in milliseconds: name look-up, TCP, TLS, login and handshake together. The addresses
   * of a name overlap (RFC 8305): after 250 ms of silence, or a share of this time where they are many, the next
   * address starts in parallel. `Infinity` switches it off.
   * @defaultValue `500`
   */
  readonly connectTimeoutMs?: number
  /** Send small packets at once (`TCP_NODELAY`). @defaultValue `true` */
  readonly noDelay?: boolean
  /** TCP keep-alive; `false` switches it off. @defaultValue `{ idleMs: 60000 }` */
  readonly keepAlive?: boolean | KeepAliveOptions
  /**
   * Idle time, in milliseconds, after which a connection is asked its `version` before it is trusted: together with the
   * command if the command may be repeated, otherwise before it. `Infinity` switches it off.
   *
   * @defaultValue `30000`
   */
  readonly validateAfterIdleMs?: number
  /** Close connections that were idle for this long, in milliseconds; 0 keeps them. @defaultValue `0` */
  readonly idleTimeoutMs?: number
  /** Whether an open connection without pending commands keeps the process alive. @defaultValue `false` */
  readonly keepProcessAlive?: boolean
  /** TLS: `true`, or options of `node:tls` (own CA, client certificate, server name). @defaultValue `false` */
  readonly tls?: boolean | TlsOptions
  /** ASCII login (`memcached -Y`). */
  readonly auth?: Credentials
  /**
   * Own dialer instead of TCP and unix socket; needed where the runtime has no `node:net`. TLS and login apply to its
   * streams as well: see {@link Dialer}.
   */
  readonly connect?: Dialer
  /**
   * Protocol: `auto` asks the server and speaks meta if possible (memcached 1.6.10 and newer), else text; `meta` fails
   * on a server without meta; `text` is the classic protocol alone.
   *
   * @defaultValue `'auto'`
   */
  readonly protocol?: 'auto' | 'meta' | 'text'
  /**
   * Whether neighbouring plain reads share one command line, and how many at most. Halves the cost for both sides.
   *
   * @defaultValue `{ maxKeys: 128, maxBytes: 15000 }`
   */
  readonly coalesceReads?: boolean | Partial<LineLimits>
  /** Commands that may wait on one connection; beyond it `OverloadedError` at once. @defaultValue `100000` */
  readonly maxPending?: number
  /**
   * Commands that may be unanswered by one server, over all of its connections; beyond it `OverloadedError` at once. Counts
   * what waits for a connection too. For servers that may become slow: without it, each of their connections holds up to
   * `maxPending` calls until their time is up. The commands do not go to another server, whatever `failover` says.
   *
   * @defaultValue no limit but `maxPending`
   */
  readonly maxInFlight?: number
  /** Bytes of commands that may wait on one connection. @defaultValue `67108864` (64 MiB) */
  readonly maxPendingBytes?: number
  /**
   * Largest value that is read, in bytes. A larger one is skipped on the wire and its read rejects with
   * `ValueTooLargeError`; the connection stays.
   *
   * @defaultValue `134217728` (128 MiB)
   */
  readonly maxValueBytes?: number
}

/** Connection options, checked and complete. */
export interface ResolvedConnectionOptions {
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  readonly noDelay: boolean
  readonly keepAlive: ResolvedKeepAlive | undefined
  readonly validateAfterIdleMs: number
  readonly idleTimeoutMs: number
  readonly keepProcessAlive: boolean
  readonly tls: TlsOptions | undefined
  readonly auth: Credentials | undefined
  readonly connect: Dialer | undefined
  readonly protocol: 'auto' | 'meta' | 'text'
  readonly coalesceReads: LineLimits | undefined
  readonly maxPending: number
  readonly maxInFlight: number | undefined
  readonly maxPendingBytes: number
  readonly maxValueBytes: number
}

interface ResolvedKeepAlive {
  readonly idleMs: number
  readonly intervalMs: number | undefined
  readonly probes: number | undefined
}

/**
 * Default limits of a read line: 128 keys of ordinary length; more at once starve the server's other clients. Amazon
 * ElastiCache Serverless refuses `get` lines above 16 kB.
 */
const DEFAULT_LINE: LineLimits = { maxKeys: 128, maxBytes: 15_000 }

const KEEP_ALIVE_OPTIONS: readonly (keyof KeepAliveOptions)[] = ['idleMs', 'intervalMs', 'probes']
const LINE_OPTIONS: readonly (keyof LineLimits)[] = ['maxKeys', 'maxBytes']

/** Checks the options and fills in the defaults; every error names the option and the value. */
export function resolveConnectionOptions(options: ConnectionOptions): ResolvedConnectionOptions {
  return Object.freeze({
    timeoutMs: duration('timeoutMs', options.timeoutMs, 1000),
    connectTimeoutMs: duration('connectTimeoutMs', options.connectTimeoutMs, 500),
    noDelay: flag('noDelay', options.noDelay, true),
    keepAlive: resolveKeepAlive(options.keepAlive),
    validateAfterIdleMs: duration('validateAfterIdleMs', options.validateAfterIdleMs, 30_000),
    idleTimeoutMs: options.idleTimeoutMs === 0 ? 0 : (count('idleTimeoutMs', options.idleTimeoutMs) ?? 0),
    keepProcessAlive: flag('keepProcessAlive', options.keepProcessAlive, false),
    tls: parseTls(options.tls, 'tls') || undefined,
    auth: options.auth === undefined ? undefined : parseCredentials(options.auth, 'auth'),
    connect: resolveDialer(options.connect),
    protocol: resolveProtocol(options.protocol),
    coalesceReads: resolveCoalesce(options.coalesceReads),
    maxPending: count('maxPending', options.maxPending) ?? 100_000,
    maxInFlight: count('maxInFlight', options.maxInFlight),
    maxPendingBytes: count('maxPendingBytes', options.maxPendingBytes) ?? 64 * 2 ** 20,
    maxValueBytes: count('maxValueBytes', options.maxValueBytes) ?? 128 * 2 ** 20,
  })
}

function resolveKeepAlive(value: boolean | KeepAliveOptions | undefined): ResolvedKeepAlive | undefined {
  if (value === false) return undefined
  if (value === undefined || value === true) return { idleMs: 60_000, intervalMs: undefined, probes: undefined }
  if (!isRecord(value)) throw refused('keepAlive', 'a boolean or an object', value)
  refuseUnknown(value, KEEP_ALIVE_OPTIONS, 'keepAlive')
  const idleMs = count('keepAlive.idleMs', value.idleMs) ?? 60_000
  const intervalMs = count('keepAlive.intervalMs', value.intervalMs)
  const probes = count('keepAlive.probes', value.probes)
  if ((intervalMs !== undefined || probes !== undefined) && !hasProbeSettings()) {
    throw new InvalidInputError('options keepAlive.intervalMs and keepAlive.probes cannot be set on this runtime')
  }
  return { idleMs, intervalMs, probes }
}

/** Checks for the parameters of the interval and the count, which newer versions of Node have. */
function hasProbeSettings(): boolean {
  const parameters = findNodeModule('node:net')?.Socket.prototype.setKeepAlive.length ?? 0
  return parameters >= 4
}

function resolveDialer(value: Dialer | undefined): Dialer | undefined {
  if (value !== undefined && typeof value !== 'function') throw refused('connect', 'a function', value)
  return value
}

function resolveProtocol(value: ConnectionOptions['protocol']): 'auto' | 'meta' | 'text' {
  if (value === undefined) return 'auto'
  if (value === 'auto' || value === 'meta' || value === 'text') return value
  throw refused('protocol', "'auto', 'meta' or 'text'", value)
}

function resolveCoalesce(value: ConnectionOptions['coalesceReads']): LineLimits | undefined {
  if (value === false) return undefined
  if (value === undefined || value === true) return DEFAULT_LINE
  if (!isRecord(value)) throw refused('coalesceReads', 'a boolean or an object', value)
  refuseUnknown(value, LINE_OPTIONS, 'coalesceReads')
  return {
    maxKeys: count('coalesceReads.maxKeys', value.maxKeys) ?? DEFAULT_LINE.maxKeys,
    maxBytes: count('coalesceReads.maxBytes', value.maxBytes) ?? DEFAULT_LINE.maxBytes,
  }
}
