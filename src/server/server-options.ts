import type { TlsOptions } from 'node:tls'
import { InvalidInputError } from '../errors.ts'
import { checkOptions, isRecord, refuseUnknown } from '../known-options.ts'
import { showValue } from '../show-value.ts'
import { dialectOf, type ServerDialect } from './dialect.ts'
import type { Account } from './login.ts'

const MEGABYTE = 1024 * 1024
const MAX_PORT = 65_535
/** Limit of `setTimeout`, in milliseconds. */
const MAX_TIMEOUT_MS = 0x7fff_ffff
/**
 * Limit of an item, in bytes: a block must fit into a Buffer on every platform, and into the protocol's signed lengths.
 */
const MAX_ITEM_BYTES = 1024 * MEGABYTE
const MIN_ITEM_BYTES = 1024

/** Options of a {@link MemcachedServer}. */
export interface MemcachedServerOptions {
  /**
   * Name or address to listen on. Anything but loopback admits other machines: there is no login unless `auth` is
   * given.
   *
   * @defaultValue `'127.0.0.1'`
   */
  readonly host?: string
  /**
   * TCP port, 0 to 65535; 0 takes a free one.
   *
   * @defaultValue `0`
   */
  readonly port?: number
  /**
   * Path of a unix socket to listen on instead of `host` and `port`. `close()` removes it. A socket that a killed process
   * left there is replaced; anything else that exists there is an error.
   */
  readonly path?: string
  /** Options of `node:tls` servers (`key`, `cert`, `ca`, `requestCert` …), to speak TLS. */
  readonly tls?: TlsOptions
  /** Accounts for the ASCII login. Until the login, a connection can do nothing else. */
  readonly auth?: Account | readonly Account[]
  /**
   * Version of memcached to imitate, 1.6.10 or newer for the meta commands; `version` reports it, and replies that
   * differ between versions follow it.
   *
   * @defaultValue `'1.6.45'`
   */
  readonly version?: string
  /**
   * Service to imitate. `elasticache-serverless` refuses what Amazon ElastiCache Serverless refuses by its
   * documentation: `me`, `lru`, `lru_crawler`, `watch`, `verbosity` and `stats` with anything but `reset` (`ERROR`), a
   * delayed `flush_all` and `get` and `gets` lines above 16 kB (`CLIENT_ERROR`). TLS, which the service always has, is
   * not required: give `tls`.
   *
   * @defaultValue `'memcached'`
   */
  readonly dialect?: ServerDialect
  /**
   * Room for items, in bytes, their headers of about 50 bytes included; beyond it the least recently used items are
   * evicted. 2 KiB or more.
   *
   * @defaultValue `67_108_864` (64 MiB)
   */
  readonly memoryBytes?: number
  /**
   * Largest item in bytes, 1 KiB to 1 GiB, key and header of about 50 bytes included. Anything larger is answered
   * `SERVER_ERROR object too large for cache`. As in memcached, it must not be more than half of `memoryBytes`.
   *
   * @defaultValue `1_048_576` (1 MiB), or half of `memoryBytes` if that is less
   */
  readonly maxItemBytes?: number
  /**
   * Connections at a time. One more gets `ERROR Too many open connections` and is closed. (memcached's `-c` also counts
   * the about 13 files that it has open itself.)
   *
   * @defaultValue `1024`
   */
  readonly maxConnections?: number
  /**
   * Time without a command after which a connection is closed, in milliseconds, 0 to 2147483647; 0: never. As in
   * memcached, a connection that watches, that is sending a value, or that has not read its replies yet is not idle,
   * and half a command line is no command.
   *
   * @defaultValue `0`
   */
  readonly idleTimeoutMs?: number
  /**
   * Whether clients may end the server with the command `shutdown`. Otherwise the command is refused.
   *
   * @defaultValue `false`
   */
  readonly enableShutdown?: boolean
  /**
   * Whether to refuse `flush_all`, as memcached's `-F` does.
   *
   * @defaultValue `false`
   */
  readonly disableFlushAll?: boolean
  /**
   * Whether to keep no cas numbers, as memcached's `-C` does: all are 0, and every `cas` answers `EXISTS`.
   *
   * @defaultValue `false`
   */
  readonly disableCas?: boolean
  /**
   * Whether to refuse items that do not fit instead of evicting others, as memcached's `-M` does: the reply is
   * `SERVER_ERROR out of memory storing object`. A refused `set` drops the old item.
   *
   * @defaultValue `false`
   */
  readonly disableEvictions?: boolean
  /**
   * Whether to refuse `lru_crawler metadump`, `lru_crawler mgdump`, `stats cachedump` and `stats detail`, as
   * memcached's `-X` does.
   *
   * @defaultValue `false`
   */
  readonly disableDumping?: boolean
  /**
   * Whether to refuse `watch`, as memcached's `-W` does.
   *
   * @defaultValue `false`
   */
  readonly disableWatch?: boolean
  /**
   * Character that ends the prefix of a key for `stats detail`, as in memcached's `-D`. If given, the server counts
   * prefixes from the start; without it, from `stats detail on`, and prefixes end with a colon.
   */
  readonly prefixDelimiter?: string
  /**
   * Whether `stats sizes` reports the sizes of the items, as memcached's `-o track_sizes` does.
   *
   * @defaultValue `false`
   */
  readonly trackSizes?: boolean
  /**
   * Called with warnings for the server's operator: a client closed because it speaks the binary protocol, or TLS to a
   * server without TLS; a failed TLS handshake; a connection above `maxConnections`. At most once in ten seconds for
   * each of these. By default nothing is reported.
   */
  readonly onWarning?: (message: string) => void
  /**
   * Clock for ttls, in milliseconds since 1970: give your own to let time pass in tests. Ttls count in whole seconds
   * from the start of the server.
   *
   * @defaultValue `Date.now`
   */
  readonly now?: () => number
}

/** Options with nothing left out. */
export interface ResolvedServerOptions {
  readonly host: string
  readonly port: number
  readonly path: string | undefined
  readonly tls: TlsOptions | undefined
  readonly accounts: readonly Account[]
  readonly version: string
  readonly dialect: ServerDialect
  readonly memoryBytes: number
  readonly maxItemBytes: number
  readonly maxConnections: number
  readonly idleTimeoutMs: number
  readonly enableShutdown: boolean
  readonly disableFlushAll: boolean
  readonly disableCas: boolean
  readonly disableEvictions: boolean
  readonly disableDumping: boolean
  readonly disableWatch: boolean
  readonly prefixDelimiter: string | undefined
  readonly trackSizes: boolean
  readonly onWarning: ((message: string) => void) | undefined
  readonly now: () => number
}

const OPTIONS: readonly (keyof MemcachedServerOptions)[] = [
  'host',
  'port',
  'path',
  'tls',
  'auth',
  'version',
  'memoryBytes',
  'maxItemBytes',
  'maxConnections',
  'idleTimeoutMs',
  'enableShutdown',
  'disableFlushAll',
  'disableCas',
  'disableEvictions',
  'disableDumping',
  'disableWatch',
  'prefixDelimiter',
  'trackSizes',
  'dialect',
  'onWarning',
  'now',
]

/** Fills in the defaults; throws `InvalidInputError` for invalid options. */
export function resolveServerOptions(options: MemcachedServerOptions): ResolvedServerOptions {
  checkOptions(options, OPTIONS, 'MemcachedServer')
  const version = options.version ?? '1.6.45'
  dialectOf(version)
  if (options.path === '') throw new InvalidInputError('option path must not be empty')
  return Object.freeze({
    host: options.host ?? '127.0.0.1',
    port: wholeNumber('port', options.port ?? 0, 0, MAX_PORT),
    path: options.path,
    tls: resolveTls(options.tls),
    accounts: resolveAccounts(options.auth),
    version,
    dialect: resolveDialect(options.dialect),
    ...resolveSizes(options),
    maxConnections: wholeNumber('maxConnections', options.maxConnections ?? 1024, 1, Number.MAX_SAFE_INTEGER),
    idleTimeoutMs: wholeNumber('idleTimeoutMs', options.idleTimeoutMs ?? 0, 0, MAX_TIMEOUT_MS),
    ...resolveSwitches(options),
    prefixDelimiter: resolveDelimiter(options.prefixDelimiter),
    onWarning: resolveCallback(options.onWarning),
    now: options.now ?? Date.now,
  })
}

function resolveDialect(dialect: ServerDialect | undefined): ServerDialect {
  if (dialect === undefined) return 'memcached'
  if (dialect === 'memcached' || dialect === 'elasticache-serverless') return dialect
  throw new InvalidInputError(
    `option dialect must be 'memcached' or 'elasticache-serverless', got ${showValue(dialect)}`,
  )
}

/**
 * Resolves the sizes. As memcached, refuses an item size limit above half of the memory; the default is never above it.
 */
function resolveSizes(options: MemcachedServerOptions): Pick<ResolvedServerOptions, 'memoryBytes' | 'maxItemBytes'> {
  const least = 2 * MIN_ITEM_BYTES
  const memoryBytes = wholeNumber('memoryBytes', options.memoryBytes ?? 64 * MEGABYTE, least, Number.MAX_SAFE_INTEGER)
  const half = Math.floor(memoryBytes / 2)
  const given = options.maxItemBytes ?? Math.min(MEGABYTE, half)
  const maxItemBytes = wholeNumber('maxItemBytes', given, MIN_ITEM_BYTES, MAX_ITEM_BYTES)
  if (maxItemBytes > half) {
    throw new InvalidInputError(
      `option maxItemBytes must be at most half of the memory, which is ${memoryBytes} bytes; got ${maxItemBytes}`,
    )
  }
  return { memoryBytes, maxItemBytes }
}

const SWITCHES = [
  'enableShutdown',
  'disableFlushAll',
  'disableCas',
  'disableEvictions',
  'disableDumping',
  'disableWatch',
  'trackSizes',
] as const

function resolveSwitches(options: MemcachedServerOptions): Record<(typeof SWITCHES)[number], boolean> {
  for (const name of SWITCHES) {
    const value: unknown = options[name] ?? false
    if (typeof value !== 'boolean') {
      throw new InvalidInputError(`option ${name} must be true or false, got ${showValue(value)}`)
    }
  }
  const { enableShutdown = false, disableFlushAll = false, disableCas = false, disableEvictions = false } = options
  const { disableDumping = false, disableWatch = false, trackSizes = false } = options
  return { enableShutdown, disableFlushAll, disableCas, disableEvictions, disableDumping, disableWatch, trackSizes }
}

function resolveDelimiter(delimiter: string | undefined): string | undefined {
  // Bytes that a key may have.
  if (delimiter === undefined || (typeof delimiter === 'string' && /^[!-~]$/.test(delimiter))) return delimiter
  throw new InvalidInputError(
    `option prefixDelimiter must be one printable ASCII character, got ${showValue(delimiter)}`,
  )
}

function resolveCallback(onWarning: ((message: string) => void) | undefined): ((message: string) => void) | undefined {
  if (onWarning === undefined || typeof onWarning === 'function') return onWarning
  throw new InvalidInputError(`option onWarning must be a function, got ${showValue(onWarning)}`)
}

function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new InvalidInputError(
      `option ${name} must be a whole number from ${least} to ${most}, got ${showValue(value)}`,
    )
  }
  return value
}

function resolveTls(tls: TlsOptions | undefined): TlsOptions | undefined {
  if (tls === undefined || isRecord(tls)) return tls
  throw new InvalidInputError(`option tls must be an object of TLS options, got ${showValue(tls)}`)
}

function resolveAccounts(auth: Account | readonly Account[] | undefined): readonly Account[] {
  if (auth === undefined) return []
  const accounts = isList(auth) ? auth : [auth]
  // An empty list would admit every client.
  if (accounts.length === 0) throw new InvalidInputError('option auth must not be an empty list')
  for (const account of accounts) checkAccount(account)
  return accounts.map(({ username, password }) => ({ username, password }))
}

function isList(auth: Account | readonly Account[]): auth is readonly Account[] {
  return Array.isArray(auth)
}

function checkAccount(account: Account): void {
  // Messages do not show credentials.
  if (!isRecord(account)) throw new InvalidInputError('option auth must be an object with a username and a password')
  refuseUnknown(account, ['username', 'password'], 'auth')
  const { username, password }: Partial<Record<keyof Account, unknown>> = account
  // The login's first space ends the name.
  if (typeof username !== 'string' || !/^[^\s\0]+$/.test(username)) {
    throw new InvalidInputError('option auth must have a username without white space')
  }
  if (typeof password !== 'string' || password === '' || /[\r\n\0]/.test(password)) {
    throw new InvalidInputError('option auth must have a password, in one line')
  }
}
