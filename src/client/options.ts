import { isBytes } from '../bytes.ts'
import { type ClusterOptions, type ResolvedClusterOptions, resolveClusterOptions } from '../cluster/options.ts'
import {
  type ConnectionOptions,
  type ResolvedConnectionOptions,
  resolveConnectionOptions,
} from '../connection/options.ts'
import { InvalidInputError } from '../errors.ts'
import { isRecord } from '../known-options.ts'
import { nearestName } from '../nearest-name.ts'
import { count, flag, refused } from '../option-checks.ts'
import { type Key, keyBytes } from '../protocol/key.ts'
import { NEAR, type NearCachePart, type NearLayer } from '../seam/near-cache.ts'
import type { Observing } from '../seam/observer.ts'
import { ATTACH_ZONES, type ZonesPart } from '../seam/zones.ts'
import { defaultSerde } from '../serde/default-serde.ts'
import type { Serde } from '../serde/serde.ts'
import { encodeExptime, FOREVER, type Ttl } from '../ttl.ts'
import { unreadable } from '../unreadable.ts'
import {
  type CompressionAlgorithm,
  type CompressionOptions,
  type ResolvedCompression,
  resolveCompression,
} from './compression.ts'
import { checkFailures, type Failures } from './failures.ts'
import { camelCase, foreignName } from './foreign-names.ts'
import { KeyEncoder, type LongKeys } from './key-encoder.ts'
import { ATTACH, type ChunksPart } from './large-values.ts'
import { checkLogger, type Logger } from './logging.ts'
import { type ResolvedWrapperOptions, resolveWrapperOptions, type WrapperOptions } from './wrapper-options.ts'

/** Options of a client. All have a default; all are checked when the client is made. */
export interface MemcacheOptions extends ConnectionOptions, WrapperOptions {
  /**
   * Connections to each server. One connection is multiplexed, and enough for nearly all programs; with more, a key always
   * takes the same one, so that its commands keep their order.
   *
   * @defaultValue `1`
   */
  readonly connectionsPerServer?: number
  /**
   * Whether `get`s of one key share a read until it is written: those of one turn of the event loop, and those that wait for a
   * connection. Each caller reads the value by itself. Without it every `get` travels. Calls of namespaces take part;
   * `getMany`, `gets`, `gat` and `getOrSet` do not.
   *
   * @defaultValue `false`
   */
  readonly shareReads?: boolean
  /**
   * Largest value that is sent, in bytes; a larger one rejects with `ValueTooLargeError` and nothing is sent. Without
   * it the server decides, and deletes the old value when it refuses the new one.
   */
  readonly maxItemBytes?: number
  /** Put in front of every key; counts for the 250 bytes. @defaultValue `''` */
  readonly keyPrefix?: Key
  /**
   * Whether `keyPrefix` takes part in choosing a key's server. Most clients leave it out; libmemcached's
   * `HASH_WITH_PREFIX_KEY` is the same choice.
   *
   * @defaultValue `false`
   */
  readonly hashKeyPrefix?: boolean
  /**
   * Keys beyond 250 bytes: `reject` them, or send `~` and the base64url of the SHA-256 of their bytes instead
   * (`hash`), or what a function of your own makes of them.
   *
   * @defaultValue `'reject'`
   */
  readonly longKeys?: LongKeys
  /** Conversion of values to bytes and back. @defaultValue text, numbers, bytes and JSON: see `defaultSerde` */
  readonly serde?: Serde
  /**
   * Compression of values from a size on, after the serde: only where it makes them smaller, and never of counters.
   * `true` is `{}`: zlib, with every option at its default.
   * Compressed values are read whatever this says, where the serde is one of memlane's own (default, `json`,
   * `structuredClone`). The client flag 8 marks zlib, 128 brotli, 256 zstd, 1024 an algorithm of your own. `append` and
   * `prepend` make a compressed value unreadable (`SerdeError`).
   *
   * @defaultValue `false`
   */
  readonly compression?: boolean | CompressionOptions
  /**
   * Stores values beyond a size in chunks, and reads them: `chunks()` of `memlane/chunks`. Without it, reading such a value is a
   * `SerdeError`.
   *
   * @defaultValue off
   */
  readonly chunks?: ChunksPart
  /**
   * Keeps values of keys that are read often in the process, for a short time: `nearCache({ ttlMs })` of `memlane/near-cache`.
   *
   * @defaultValue off
   */
  readonly nearCache?: NearCachePart
  /**
   * Keeps further copies of the cache in other zones: `zones({ … })` of `memlane/zones`. Reads go to the local zone first,
   * writes to all.
   *
   * @defaultValue off
   */
  readonly zones?: ZonesPart
  /** Time to live of values stored without a `ttl`, in seconds; 0 never expires. @defaultValue `0` */
  readonly defaultTtl?: Ttl
  /**
   * Whether every call that stores a value, or creates a counter, must have a `ttl`, its own or that of its namespace.
   * Without one it rejects with `InvalidInputError`, and nothing is sent. `FOREVER` (0) stores a value that never expires.
   * Cannot be combined with `defaultTtl`. `rawCommand` and `MetaClient.execute` are not checked.
   *
   * @defaultValue `false`
   */
  readonly requireTtl?: boolean
  /**
   * Longest time to live, in whole seconds, from 1 on: every item that this client stores or renews expires after this time
   * at the latest, also one that was to live longer, or for ever. `rawCommand` and the item that holds the generation of a
   * namespace are left out. Without it there is no limit.
   */
  readonly maxTtl?: number
  /**
   * Makes every ttl shorter by a random part of up to this much, 0 to 1, so that values stored together do not expire
   * together: 0.1 is up to 10 %.
   *
   * @defaultValue `0`
   */
  readonly ttlJitter?: number
  /** Treatment of commands that fail. @defaultValue `'throw'` */
  readonly failures?: Failures
  /**
   * Whether the client counts calls, loads, latencies and traffic for `metrics()`. Without it all numbers are zero; the
   * channels publish all the same.
   *
   * @defaultValue `true`
   */
  readonly metrics?: boolean
  /** Several servers: which key is where, when a server is out, and what happens then. */
  readonly cluster?: ClusterOptions
  /**
   * Takes a line for every change between the client and its servers: down, up, out of step, a refused login. At most one of a
   * kind for each server and second. `console` is one, and so is a logger of pino. The environment variable
   * `NODE_DEBUG=memlane` writes the same lines to stderr.
   */
  readonly logger?: Logger
  /**
   * Whether errors that come from the network have the frames of the caller in their `stack`, below a line `called from:`. A
   * `get` then costs the client three to four times as much CPU: for finding a mistake, not for every day.
   *
   * @defaultValue `false`
   */
  readonly callerStacks?: boolean
}

/** The key of observers among the options: a symbol, so that only layers of ours can give them. */
export const OBSERVERS: unique symbol = Symbol('observers')

/** Options of a client that a layer of ours makes: it may observe what happens below the client. */
export interface ObservedOptions extends MemcacheOptions {
  readonly [OBSERVERS]?: readonly Observing[]
}

/** A client's options, checked and complete. */
export interface ResolvedClientOptions {
  readonly connection: ResolvedConnectionOptions
  readonly connectionsPerServer: number
  readonly shareReads: boolean
  readonly maxItemBytes: number
  readonly keys: KeyEncoder
  /** The prefix, where servers are chosen by it as well. */
  readonly hashedPrefix: Key | undefined
  readonly cluster: ResolvedClusterOptions
  readonly wrappers: ResolvedWrapperOptions
  readonly serde: Serde
  readonly compression: ResolvedCompression | undefined
  /** The caller's own algorithm, for reading. */
  readonly ownAlgorithm: CompressionAlgorithm | undefined
  readonly chunks: ChunksPart | undefined
  readonly near: NearLayer | undefined
  readonly zones: ZonesPart | undefined
  /** Undefined: every call must give its own. */
  readonly defaultTtl: Ttl | undefined
  /** Longest time to live, in seconds. */
  readonly maxTtl: number | undefined
  readonly ttlJitter: number
  readonly failures: Failures
  readonly logger: Logger | undefined
  readonly callerStacks: boolean
  readonly metrics: boolean
  readonly observers: readonly Observing[]
}

const OPTIONS: ReadonlySet<string> = new Set<keyof MemcacheOptions>([
  'timeoutMs',
  'connectTimeoutMs',
  'noDelay',
  'keepAlive',
  'validateAfterIdleMs',
  'idleTimeoutMs',
  'keepProcessAlive',
  'tls',
  'auth',
  'connect',
  'protocol',
  'coalesceReads',
  'maxPending',
  'maxInFlight',
  'maxPendingBytes',
  'maxValueBytes',
  'connectionsPerServer',
  'shareReads',
  'maxItemBytes',
  'keyPrefix',
  'hashKeyPrefix',
  'cluster',
  'retry',
  'fallback',
  'fallbackOn',
  'refill',
  'middleware',
  'longKeys',
  'serde',
  'compression',
  'chunks',
  'nearCache',
  'zones',
  'defaultTtl',
  'requireTtl',
  'maxTtl',
  'ttlJitter',
  'failures',
  'logger',
  'callerStacks',
  'metrics',
])

/** Checks the options and fills in the defaults; every error names the option and the value. */
export function resolveClientOptions(options: ObservedOptions): ResolvedClientOptions {
  try {
    return resolve(options)
  } catch (cause) {
    throw unreadable('the options of the client', cause)
  }
}

function resolve(options: ObservedOptions): ResolvedClientOptions {
  if (!isRecord(options)) throw refused('options', 'an object', options)
  for (const name of Object.keys(options)) if (!OPTIONS.has(name)) throw unknownOption(name)
  const connection = resolveConnectionOptions(options)
  const keys = resolveKeys(options, connection.protocol === 'text')
  const near = createNear(options, keys)
  const serde = options.serde === undefined ? defaultSerde : checkSerde(options.serde)
  return Object.freeze({
    connection,
    connectionsPerServer: count('connectionsPerServer', options.connectionsPerServer) ?? 1,
    shareReads: flag('shareReads', options.shareReads, false),
    maxItemBytes: count('maxItemBytes', options.maxItemBytes) ?? Number.POSITIVE_INFINITY,
    keys,
    hashedPrefix: flag('hashKeyPrefix', options.hashKeyPrefix, false) ? options.keyPrefix : undefined,
    // Where there are zones, another zone is the better stand-in.
    cluster: resolveClusterOptions(options.cluster, options.zones === undefined ? 'next' : 'none'),
    wrappers: resolveWrapperOptions(options),
    serde: near === undefined ? serde : near.keeping(serde),
    compression: resolveCompression(options.compression),
    ownAlgorithm: ownAlgorithm(options.compression),
    chunks: checkChunks(options.chunks),
    near,
    zones: checkZones(options.zones),
    defaultTtl: resolveDefaultTtl(options),
    maxTtl: count('maxTtl', options.maxTtl),
    ttlJitter: resolveJitter(options.ttlJitter),
    failures: options.failures === undefined ? 'throw' : checkFailures(options.failures),
    logger: checkLogger(options.logger),
    callerStacks: flag('callerStacks', options.callerStacks, false),
    metrics: flag('metrics', options.metrics, true),
    observers: options[OBSERVERS] ?? [],
  })
}

/**
 * The error for an option that the client does not have. The value is not shown: it may be a password that belongs into `auth`.
 *
 * @param nearest - The option that was probably meant.
 */
export function unknownOption(
  name: string,
  nearest: string | undefined = foreignName(name) ?? nearestName(camelCase(name), OPTIONS),
): InvalidInputError {
  const hint = nearest === undefined ? '' : `: did you mean ${nearest}?`
  return new InvalidInputError(`option ${JSON.stringify(name)} must be one that memlane knows${hint}`)
}

function ownAlgorithm(compression: boolean | CompressionOptions | undefined): CompressionAlgorithm | undefined {
  const algorithm = typeof compression === 'object' ? compression.algorithm : undefined
  return typeof algorithm === 'object' ? algorithm : undefined
}

function checkChunks(part: ChunksPart | undefined): ChunksPart | undefined {
  if (part === undefined || typeof part?.[ATTACH] === 'function') return part
  throw refused('chunks', "chunks() (import { chunks } from 'memlane/chunks')", part)
}

/** Makes the near cache of a client. */
function createNear({ nearCache: part, keyPrefix = '' }: MemcacheOptions, keys: KeyEncoder): NearLayer | undefined {
  if (part === undefined) return undefined
  if (typeof part?.[NEAR] !== 'function') {
    throw refused('nearCache', "nearCache({ ttlMs: 1000 }) (import { nearCache } from 'memlane/near-cache')", part)
  }
  return part[NEAR]({
    keyPrefix: keyBytes(keyPrefix),
    encodeKey: (key) => keys.encode(key),
    now: () => performance.now(),
  })
}

function checkZones(part: ZonesPart | undefined): ZonesPart | undefined {
  if (part === undefined || typeof part?.[ATTACH_ZONES] === 'function') return part
  throw refused('zones', "zones({ … }) (import { zones } from 'memlane/zones')", part)
}

/** A serde has both directions. */
export function checkSerde(serde: Serde): Serde {
  try {
    if (typeof serde?.serialize === 'function' && typeof serde.deserialize === 'function') return serde
  } catch (cause) {
    throw unreadable('option serde', cause)
  }
  throw refused('serde', 'an object with serialize and deserialize, such as json of memlane/serde', serde)
}

function resolveKeys(options: MemcacheOptions, textOnly: boolean): KeyEncoder {
  const { keyPrefix = '', longKeys = 'reject' } = options
  if (longKeys !== 'reject' && longKeys !== 'hash' && typeof longKeys !== 'function') {
    throw refused('longKeys', "'reject', 'hash' or a function", longKeys)
  }
  if (typeof keyPrefix !== 'string' && !isBytes(keyPrefix))
    throw refused('keyPrefix', 'a string or a Uint8Array', keyPrefix)
  if (typeof keyPrefix === 'string' && !keyPrefix.isWellFormed())
    throw refused('keyPrefix', 'text without lone surrogates', keyPrefix)
  return new KeyEncoder(keyPrefix, longKeys, textOnly)
}

function resolveDefaultTtl({ defaultTtl: ttl = FOREVER, requireTtl }: MemcacheOptions): Ttl | undefined {
  const isRequired = flag('requireTtl', requireTtl, false)
  if (ttl !== FOREVER) encodeExptime(ttl, Date.now(), 'defaultTtl')
  if (isRequired && ttl !== FOREVER) {
    throw new InvalidInputError('option defaultTtl has no effect with requireTtl: every call gives its own ttl')
  }
  return isRequired ? undefined : ttl
}

function resolveJitter(jitter: number | undefined): number {
  if (jitter === undefined) return 0
  if (typeof jitter === 'number' && jitter >= 0 && jitter <= 1) return jitter
  throw refused('ttlJitter', 'a number from 0 to 1', jitter)
}
