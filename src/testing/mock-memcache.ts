import type { Buffer } from 'node:buffer'
import { batchError } from '../client/batch.ts'
import type { FlushOptions, RawCommandOptions, ServerOptions, ShutdownOptions } from '../client/call-options.ts'
import type { Servers } from '../client/compose.ts'
import { rejectThrown } from '../client/dispatcher.ts'
import { Memcache } from '../client/memcache.ts'
import { checkTimeout } from '../client/numbers.ts'
import { checkCallOptions, FLUSH_NAMES, RAW_NAMES, SERVER_NAMES, SHUTDOWN_NAMES } from '../client/option-names.ts'
import type { MemcacheOptions } from '../client/options.ts'
import type { Stats } from '../client/stats.ts'
import type { Dialer } from '../connection/options.ts'
import { InvalidInputError, MemcacheError } from '../errors.ts'
import { isRecord, overrideOptions } from '../known-options.ts'
import { withRetry } from '../middleware/retry.ts'
import type { Executor } from '../seam/executor.ts'
import { toMiddleware } from '../seam/operation-view.ts'
import { showValue } from '../show-value.ts'
import type { MockCommand } from './mock-command.ts'
import { MockExecutor } from './mock-executor.ts'
import { carryOutKeyless } from './mock-keyless.ts'
import { mockNearCache } from './mock-near-cache.ts'
import type { MockDelayOptions, MockFailureOptions, MockRule } from './mock-rule.ts'
import { type MockServerOptions, MockServers } from './mock-servers.ts'

/**
 * Options of a {@link MockMemcache}: all of `Memcache` but `connect`. Options about sockets (`tls`, `auth`, `keepAlive`,
 * `noDelay` …) are checked and have no effect, so that a service can pass its production options.
 */
export interface MockMemcacheOptions extends Omit<MemcacheOptions, 'connect'> {
  /** Clock for ttls, in milliseconds since 1970. @defaultValue `Date.now`, also where fake timers replace it */
  readonly now?: () => number
  /** Options of the servers: their memcached version, their memory, their largest item. */
  readonly server?: MockServerOptions
  /** Other mock whose servers to share: the same items, clock and failures. `clone()` sets it. */
  readonly sharedWith?: MockMemcache
}

/**
 * `Memcache` without sockets, for tests: every command, option, event and error of the client, carried out by the store
 * of {@link MemcachedServer} in the same process. The test decides when time passes, and which commands fail or are
 * slow, by name and key. Each server name has a store of its own.
 *
 * A failure concerns the whole cache, so that it also hides the clusters of the option `fallback`; the option `retry`
 * works as usual. Use {@link MemcachedServer} with a {@link FaultProxy} to test effects of connections (one of several
 * servers out, resets, cut replies).
 *
 * @example Time
 * ```ts
 * const cache = new MockMemcache()
 * await cache.set('session', 'Ada', { ttl: 60 })
 * cache.advance(61)
 * await cache.get('session') // undefined
 * ```
 *
 * @example Down, slow, full
 * ```ts
 * cache.fail({ error: 'down' }) // every call: ServerDownError
 * cache.heal()
 * cache.slow({ latencyMs: 200 }) // every answer comes late; past timeoutMs it is a TimeoutError
 * cache.fail({ error: 'full' }) // whatever stores: ServerError
 * cache.fail({ command: 'get', key: 'user:1', error: 'timeout', times: 2 })
 * ```
 */
export class MockMemcache extends Memcache {
  readonly #servers: MockServers
  readonly #executor: MockExecutor
  readonly #specs: Servers | undefined
  readonly #options: Omit<MockMemcacheOptions, 'now' | 'server' | 'sharedWith'>
  readonly #streams: { opened: number }

  /**
   * @param specs - As for `Memcache`; nothing is looked up or dialled.
   * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(specs?: Servers, options: MockMemcacheOptions = {}) {
    const { now = () => Date.now(), server = {}, sharedWith, ...rest } = checkOptions(options)
    const servers = sharedWith === undefined ? new MockServers(server, now) : MockMemcache.#serversOf(sharedWith)
    const streams = { opened: 0 }
    let executor: MockExecutor | undefined
    super(
      specs,
      withMiddleware(rest, servers, streams, (next) => {
        executor = new MockExecutor(next, servers.rules, {
          serverOf: ({ routingKey, callerKey }) => this.serverFor(routingKey ?? callerKey)?.name ?? 'the cache',
          onQuietError: (error, { callerKey: key }) =>
            this.emit('commandError', { error, command: error.command, key, keys: [key], server: error.server }),
        })
        return executor
      }),
    )
    this.#servers = servers
    this.#executor = executor!
    this.#specs = specs
    this.#options = rest
    this.#streams = streams
  }

  static #serversOf(mock: MockMemcache): MockServers {
    if (typeof mock === 'object' && mock !== null && #servers in mock) return mock.#servers
    throw new InvalidInputError(`option sharedWith must be a MockMemcache, got ${showValue(mock)}`)
  }

  /**
   * Makes commands fail from now on, until `heal()`. If several failures concern a command, the newest one counts.
   *
   * @returns the failure: how many commands it met, and `heal()` for it alone.
   *
   * @example
   * ```ts
   * const outage = cache.fail({ error: 'down' })
   * expect(await service.price('apple')).toBe(1.2) // from the database
   * expect(outage.count).toBe(1)
   * ```
   */
  fail(options: MockFailureOptions): MockRule {
    return this.#servers.rules.fail(options)
  }

  /**
   * Delays the answers of commands from now on, until `heal()`. A command is carried out when it is called, only its
   * answer is late: past the call's `timeoutMs` it rejects with `TimeoutError`, `delivery` `'unknown'`, and was carried
   * out. Several delays of a command add up. Quiet commands, which have no answer, are not delayed.
   *
   * @returns the delay: how many commands it met, and `heal()` for it alone.
   */
  slow(options: MockDelayOptions): MockRule {
    return this.#servers.rules.slow(options)
  }

  /** Undoes every `fail` and `slow`. Answers that are already delayed come when they are due. */
  heal(): void {
    this.#servers.rules.heal()
  }

  /** Drops all items, as a restart would. Failures and the clock stay. */
  flush(): void {
    this.#servers.flush()
  }

  /** Number of items. */
  get size(): number {
    return this.keys().length
  }

  /** Returns the keys of the items as sent, with every prefix; in no order. */
  keys(): string[] {
    return this.#servers.keys()
  }

  /** Time of the servers, in milliseconds since 1970. */
  get now(): number {
    return this.#servers.now
  }

  /**
   * Advances the time of the servers, in seconds: ttls, leases, delayed flushes. Timeouts of calls are not affected.
   */
  advance(seconds: number): void {
    this.#servers.advance(seconds)
  }

  /** Number of connections that this client has opened so far; none of them is a socket. */
  get connections(): number {
    return this.#streams.opened
  }

  /**
   * Dialer that opens streams to the same servers, for another client:
   * `new MetaClient('cache', { connect: mock.dialer })` finds the items of the server that this client calls `cache`.
   * Failures of this client do not affect the other one.
   */
  get dialer(): Dialer {
    return this.#servers.dial
  }

  /** Creates a client of the same servers, with the same items, clock and failures. */
  override clone(overrides: Omit<MockMemcacheOptions, 'now' | 'server' | 'sharedWith'> = {}): MockMemcache {
    return new MockMemcache(this.#specs, { ...overrideOptions(this.#options, overrides), sharedWith: this })
  }

  override connect(): Promise<void> {
    return this.#alone('connect', undefined, () => super.connect())
  }

  override version(options?: ServerOptions): Promise<Map<string, string>> {
    return this.#perServer('version', options, () => super.version(options))
  }

  override ping(options?: ServerOptions): Promise<Map<string, number>> {
    return this.#perServer('ping', options, () => super.ping(options))
  }

  override stats(
    ...args: [...words: (string | number)[], options: ServerOptions] | (string | number)[]
  ): Promise<Map<string, Stats>> {
    const all: readonly (string | number | ServerOptions)[] = args
    const last = all.at(-1)
    return this.#perServer('stats', typeof last === 'object' ? last : undefined, () => super.stats(...args))
  }

  override flushAll(options?: FlushOptions): Promise<true> {
    return this.#perServer('flushAll', options, () => super.flushAll(options))
  }

  override cacheMemlimit(megabytes: number, options?: ServerOptions): Promise<true> {
    return this.#perServer('cacheMemlimit', options, () => super.cacheMemlimit(megabytes, options))
  }

  override verbosity(level: number, options?: ServerOptions): Promise<true> {
    return this.#perServer('verbosity', options, () => super.verbosity(level, options))
  }

  override shutdown(options?: ShutdownOptions): Promise<true> {
    return this.#perServer('shutdown', options, () => super.shutdown(options))
  }

  override rawCommand(line: string, options?: RawCommandOptions): Promise<Buffer> {
    return rejectThrown(() => this.#alone('rawCommand', options, () => super.rawCommand(line, options)))
  }

  override async close(): Promise<void> {
    const late = this.#executor.close()
    await super.close()
    await late
  }

  override destroy(): void {
    this.#executor.destroy()
    super.destroy()
  }

  #alone<T>(command: MockCommand, options: ServerOptions | undefined, call: () => Promise<T>): Promise<T> {
    checkCallOptions(command, options, OWN_NAMES[command] ?? SERVER_NAMES)
    const timeoutMs =
      (options?.timeoutMs === undefined ? undefined : checkTimeout(options.timeoutMs)) ??
      this.#options.timeoutMs ??
      DEFAULT_TIMEOUT_MS
    const server = options?.server ?? this.servers[0]?.name ?? 'the cache'
    // A closed client reports that itself.
    if (this.#executor.closed) return call()
    const mishap = this.#servers.rules.applyKeyless(command)
    return carryOutKeyless({ command, mishap, server, timeoutMs, signal: options?.signal }, call)
  }

  /** Fails each server as the client reports it. */
  async #perServer<T>(command: MockCommand, options: ServerOptions | undefined, call: () => Promise<T>): Promise<T> {
    let reached = false
    try {
      return await this.#alone(command, options, () => {
        reached = true
        return call()
      })
    } catch (error) {
      if (reached || !(error instanceof MemcacheError) || error instanceof InvalidInputError) throw error
      const names = options?.server === undefined ? this.servers.map(({ name }) => name) : [options.server]
      const failed = new Map(names.map((name) => [name, error]))
      throw batchError(command, failed, names.length, new Map(), [])
    }
  }
}

/** Options of the server commands that have options of their own. */
const OWN_NAMES: Readonly<Record<string, Readonly<Record<string, true>>>> = {
  flushAll: FLUSH_NAMES,
  shutdown: SHUTDOWN_NAMES,
  rawCommand: RAW_NAMES,
}

/** Default timeout of the client, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 1000

function checkOptions(options: MockMemcacheOptions): MockMemcacheOptions {
  if (!isRecord(options)) {
    throw new InvalidInputError(`option options must be an object, got ${showValue(options)}`)
  }
  if ((options as MemcacheOptions).connect !== undefined) {
    throw new InvalidInputError('option connect makes no sense here: a MockMemcache opens no connections')
  }
  if (options.sharedWith !== undefined && (options.now ?? options.server) !== undefined) {
    throw new InvalidInputError('options now and server are those of the mock that sharedWith names')
  }
  return options
}

function withMiddleware(
  options: MemcacheOptions,
  servers: MockServers,
  streams: { opened: number },
  innermost: (next: Executor) => Executor,
): MemcacheOptions {
  const { retry: retryOptions, middleware = [], ...rest } = options
  const near = mockNearCache(options.nearCache, () => servers.now)
  const retries = retryOptions === undefined ? [] : [withRetry(retryOptions)]
  // Retries are outside the failures, so that failures are retried; what is near is outside both.
  const inner = [...(near === undefined ? [] : [near.around]), ...retries, innermost].map(toMiddleware)
  return {
    ...rest,
    ...(near !== undefined && { nearCache: near.part }),
    connect: (address, context) => {
      streams.opened++
      return servers.dial(address, context)
    },
    middleware: Array.isArray(middleware) ? [...(middleware as typeof inner), ...inner] : middleware,
  }
}
