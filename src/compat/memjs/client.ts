import { Buffer } from 'node:buffer'
import { env } from 'node:process'
import { Memcache } from '../../client/memcache.ts'
import { memjsHash } from '../../routing/memjs.ts'
import { throwLater } from '../../throw-later.ts'
import { ttlOf } from '../memcached/lifetime.ts'
import type {
  ClientOptions,
  CountCallback,
  IncrementDecrementOptions,
  InsertOptions,
  MemjsAny,
  MemjsCallback,
  Serializer,
  ServerOptions,
  StatsCallback,
  SuccessCallback,
} from './api.ts'
import { isCallback, readCallEnd } from './arguments.ts'
import { clientOptions, DEFAULTS, PLAIN } from './config.ts'
import { failureOf, NotStored } from './failures.ts'
import { type FoundItem, ITEM_SERDE, makeExtras, StoredItem, toUint32 } from './item.ts'
import { addressesOf, nameOf, parseServers, type Server } from './server.ts'
import { type CallbackValues, isWanted, settle } from './settle.ts'
import { readStats } from './stats.ts'
import { withDefaults } from './with-defaults.ts'

/** Codes of the binary protocol, for serializers. */
const OPCODES = { get: 0, set: 1, add: 2, replace: 3, append: 14, prepend: 15 } as const

type StoreKind = 'set' | 'add' | 'replace'

/** Result of `get` for a caller with a promise. */
export interface MemjsItem<TOut> {
  /** Null for a miss. */
  value: TOut
  /** The client flags, four bytes; null for a miss. */
  flags: Buffer | null
}

/** Result of `increment` and `decrement` for a caller with a promise. */
export interface MemjsCount {
  /** True: failures reject. */
  success: boolean
  /** The new value. */
  value?: number | null | undefined
}

/**
 * The client of the npm package `memjs` 1.3, over a {@link Memcache}: the same calls, answers, values and servers. Differences
 * when servers fail: each call settles once, and commands that must not be done twice are not repeated. `prepend` prepends.
 *
 * @typeParam TIn - What is stored.
 * @typeParam TOut - What is read.
 *
 * @example
 * ```js
 * import { Client } from 'memlane/compat/memjs' // was: from 'memjs'
 * const client = Client.create('localhost:11211')
 * await client.set('user:1', 'Ada', { expires: 60 })
 * const { value } = await client.get('user:1') // a Buffer, null for a miss
 * ```
 */
export class Client<TIn = string | Buffer, TOut = Buffer | null> {
  /** The client behind the calls, for new code; reads Buffers. */
  readonly memlane: Memcache
  /** The servers, in their order. */
  readonly servers: readonly Server[]
  /** The options, with their defaults. */
  readonly options: ClientOptions<TIn, TOut>
  /** Turns values into what is stored, and back. */
  readonly serializer: Serializer<TIn, TOut>

  /**
   * Returns a client for a list of servers, `user:password@host:port,host`.
   *
   * @param serversStr - Without it, the environment's `MEMCACHIER_SERVERS` or `MEMCACHE_SERVERS`, or `localhost:11211`.
   */
  static create<TIn = string | Buffer, TOut = Buffer | null>(
    serversStr?: string,
    options?: ClientOptions<TIn, TOut> & ServerOptions,
  ): Client<TIn, TOut> {
    const list = serversStr || env['MEMCACHIER_SERVERS'] || env['MEMCACHE_SERVERS'] || 'localhost:11211'
    // JavaScript may give null.
    const given = options ?? {}
    return new Client<TIn, TOut>(parseServers(list, given), given)
  }

  /** @param servers - At least one; the options of the first one hold for all. */
  constructor(servers: readonly Server[], options: ClientOptions<TIn, TOut> = {}) {
    this.servers = servers
    this.options = withDefaults<ClientOptions<TIn, TOut>>(options, DEFAULTS)
    this.serializer = this.options.serializer ?? PLAIN
    const shared = servers[0]?.options ?? {}
    this.memlane = new Memcache(
      addressesOf(servers),
      clientOptions(this.options, shared, (key) => this.getServer(key)),
    )
  }

  /** Returns the index of a key's server. A function of your own may take its place. */
  getServer(key: string): MemjsAny {
    return memjsHash(key) % this.servers.length
  }

  /** Returns a key's server. */
  server(key: string): Server | undefined {
    return this.servers[this.servers.length > 1 ? Number(this.getServer(key)) : 0]
  }

  /** Reads a value and its client flags, four bytes; both are null for a miss. */
  get(key: string): Promise<MemjsItem<TOut>>
  get(key: string, callback: (err: Error | null, value: TOut, flags: Buffer | null) => void): void
  get(key: string, callback?: MemjsCallback): Promise<MemjsItem<MemjsAny>> | undefined {
    const reading = this.#run('GET', key, async (): Promise<MemjsItem<MemjsAny>> => {
      const found = await this.memlane.get<FoundItem>(key, { serde: ITEM_SERDE })
      if (found === undefined) return { value: null, flags: null }
      const { value, extras } = this.serializer.deserialize(OPCODES.get, found.value, found.flags)
      return { value, flags: extras }
    })
    return settle(reading, callback, { done: ({ value, flags }) => [value, flags], failed: 2 })
  }

  /** Stores a value. */
  set(key: string, value: TIn, options?: InsertOptions): Promise<boolean>
  set(key: string, value: TIn, callback: SuccessCallback): void
  set(key: string, value: TIn, options: InsertOptions, callback: SuccessCallback): void
  set(key: string, value: TIn, options?: unknown, callback?: unknown): Promise<boolean> | undefined {
    return this.#store('set', key, value, options, callback)
  }

  /** Stores a value unless there is one; gives false then. */
  add(key: string, value: TIn, options?: InsertOptions): Promise<boolean>
  add(key: string, value: TIn, callback: SuccessCallback): void
  add(key: string, value: TIn, options: InsertOptions, callback: SuccessCallback): void
  add(key: string, value: TIn, options?: unknown, callback?: unknown): Promise<boolean> | undefined {
    return this.#store('add', key, value, options, callback)
  }

  /** Stores a value where there is one; gives false otherwise. */
  replace(key: string, value: TIn, options?: InsertOptions): Promise<boolean>
  replace(key: string, value: TIn, callback: SuccessCallback): void
  replace(key: string, value: TIn, options: InsertOptions, callback: SuccessCallback): void
  replace(key: string, value: TIn, options?: unknown, callback?: unknown): Promise<boolean> | undefined {
    return this.#store('replace', key, value, options, callback)
  }

  /** Deletes an item; gives whether there was one. */
  delete(key: string): Promise<boolean>
  delete(key: string, callback: SuccessCallback): void
  delete(key: string, callback?: MemjsCallback): Promise<boolean> | undefined {
    const deletion = this.#run('DELETE', key, () => this.memlane.delete(key))
    return settle(deletion, callback, success(2))
  }

  /** Adds to a counter, or creates it with `initial`. */
  increment(key: string, amount: number, options?: IncrementDecrementOptions): Promise<MemjsCount>
  increment(key: string, amount: number, callback: CountCallback): void
  increment(key: string, amount: number, options: IncrementDecrementOptions, callback: CountCallback): void
  increment(key: string, amount: number, ...end: unknown[]): Promise<MemjsCount> | undefined {
    return this.#count('incr', 'INCREMENT', key, amount, end)
  }

  /** Takes from a counter, down to 0, or creates it with `initial`. */
  decrement(key: string, amount: number, options?: IncrementDecrementOptions): Promise<MemjsCount>
  decrement(key: string, amount: number, callback: CountCallback): void
  decrement(key: string, amount: number, options: IncrementDecrementOptions, callback: CountCallback): void
  decrement(key: string, amount: number, ...end: unknown[]): Promise<MemjsCount> | undefined {
    return this.#count('decr', 'DECREMENT', key, amount, end)
  }

  /** Adds to the end of a value; an error where there is none. */
  append(key: string, value: TIn): Promise<boolean>
  append(key: string, value: TIn, callback: SuccessCallback): void
  append(key: string, value: TIn, callback?: MemjsCallback): Promise<boolean> | undefined {
    return this.#extend('append', key, value, callback)
  }

  /** Adds to the beginning of a value; an error where there is none. */
  prepend(key: string, value: TIn): Promise<boolean>
  prepend(key: string, value: TIn, callback: SuccessCallback): void
  prepend(key: string, value: TIn, callback?: MemjsCallback): Promise<boolean> | undefined {
    return this.#extend('prepend', key, value, callback)
  }

  /** Renews the time to live of an item; gives whether there is one. */
  touch(key: string, expires?: number): Promise<boolean>
  touch(key: string, callback: SuccessCallback): void
  touch(key: string, expires: number, callback: SuccessCallback): void
  touch(key: string, expires?: unknown, callback?: MemjsCallback): Promise<boolean> | undefined {
    const given = isCallback(expires) ? undefined : expires
    const touching = this.#run('TOUCH', key, async () => {
      const ttl = ttlOf(this.#expires(given))
      return ttl === undefined ? this.memlane.delete(key) : this.memlane.touch(key, ttl)
    })
    return settle(touching, isCallback(expires) ? expires : callback, success(1))
  }

  /** Removes all items of all servers; gives `{ 'host:port': true }`, with an error in the place of true where one failed. */
  flush(): Promise<Record<string, boolean>>
  flush(callback: (lastErr: Error | null, results: Record<string, boolean | Error>) => void): void
  flush(callback?: MemjsCallback): Promise<Record<string, boolean>> | undefined {
    const results = new Map<string, boolean | Error>()
    const flushing = this.#onEachServer(
      'FLUSH',
      (server) => this.memlane.flushAll({ server }),
      (name, error) => void results.set(name, error ?? true),
    )
    const lastError = (): Error | null => Array.from(results.values()).findLast((one) => one instanceof Error) ?? null
    if (isWanted(callback)) {
      // The callback gets the outcome of each server, also where one failed.
      void flushing.then(() => process.nextTick(() => callback?.(lastError(), Object.fromEntries(results))))
      return undefined
    }
    return flushing.then(() => {
      const error = lastError()
      if (error !== null) throw error
      return Object.fromEntries(Array.from(results.keys(), (name) => [name, true]))
    })
  }

  /** Reads statistics of all servers: the callback is called once for each. */
  statsWithKey(key: string, callback?: StatsCallback): void {
    const line = key === '' ? 'stats' : `stats ${key}`
    const endToken = key === 'reset' ? 'RESET\r\n' : 'END\r\n'
    const found = new Map<string, Record<string, string>>()
    void this.#onEachServer(
      `STATS (${key})`,
      async (server, name) => {
        found.set(name, readStats(await this.memlane.rawCommand(line, { server, endToken })))
      },
      (name, error) =>
        process.nextTick(() => isWanted(callback) && callback?.(error ?? null, name, found.get(name) ?? null)),
    )
  }

  /** Reads the statistics of all servers: the callback is called once for each. */
  stats(callback?: StatsCallback): void {
    this.statsWithKey('', callback)
  }

  /** Begins the statistics of all servers anew: the callback is called once for each. */
  resetStats(callback?: StatsCallback): void {
    this.statsWithKey('reset', callback)
  }

  /** Closes the connections behind the replies that are due. Later calls connect again. */
  quit(): void {
    this.close()
  }

  /** Closes the connections behind the replies that are due. Later calls connect again. */
  close(): void {
    this.memlane.disconnect().catch(() => {})
  }

  #store(kind: StoreKind, key: string, value: TIn, first: unknown, second: unknown): Promise<boolean> | undefined {
    const { options, callback, isOld } = readCallEnd(first, second)
    const operation = kind.toUpperCase()
    if (isOld) this.#logOldForm(operation)
    return this.#begin(callback, success(2), () => {
      const item = this.#serialize(kind, value, this.#expires(options.expires))
      return this.#run(operation, key, () => this.#write(kind, key, item))
    })
  }

  async #write(kind: StoreKind, key: string, item: StoredItem): Promise<boolean> {
    const ttl = ttlOf(item.expires)
    if (ttl !== undefined) return this.memlane[kind](key, item, { ttl, serde: ITEM_SERDE })
    // The value has expired when it comes: the answers are the server's, and nothing is left.
    if (kind === 'add') return !(await this.memlane.has(key))
    const wasThere = await this.memlane.delete(key)
    return kind === 'set' || wasThere
  }

  #extend(
    kind: 'append' | 'prepend',
    key: string,
    value: TIn,
    callback: MemjsCallback | undefined,
  ): Promise<boolean> | undefined {
    return this.#begin(callback, success(1), () => {
      const { data } = this.#serialize(kind, value, 0)
      return this.#run(kind.toUpperCase(), key, async () => {
        if (await this.memlane[kind](key, data)) return true
        throw new NotStored()
      })
    })
  }

  #count(
    kind: 'incr' | 'decr',
    operation: string,
    key: string,
    amount: number,
    [first, second, third]: readonly unknown[],
  ): Promise<MemjsCount> | undefined {
    const { options, callback, isOld } = readCallEnd(first, second, third)
    if (isOld) this.#logOldForm(operation)
    return this.#begin(callback, { done: ({ success: ok, value }) => [ok, value], failed: 2 }, () => {
      const delta = toUint32(amount)
      const initial = toUint32(options.initial || 0)
      // A counter of a time that has passed would be gone at once; the package has the server do that.
      const ttl = ttlOf(this.#expires(options.expires)) ?? 1
      return this.#run(operation, key, async () => {
        // As a bigint, whose result may be beyond 2^53: the server has counted.
        const value = await this.memlane[kind](key, BigInt(delta), { initial, ttl })
        return { success: true, value: Number(value) }
      })
    })
  }

  /** Begins a call. A caller with a callback gets an exception for bad arguments, as in the package. */
  #begin<T>(
    callback: MemjsCallback | null | undefined,
    values: CallbackValues<T>,
    begin: () => Promise<T>,
  ): Promise<T> | undefined {
    if (isWanted(callback)) return settle(begin(), callback, values)
    try {
      return begin()
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #serialize(kind: StoreKind | 'append' | 'prepend', value: TIn, expires: number): StoredItem {
    const isStore = kind === 'set' || kind === 'add' || kind === 'replace'
    const extras = isStore ? makeExtras(expires) : Buffer.alloc(0)
    const serialized = this.serializer.serialize(OPCODES[kind], value, extras)
    return new StoredItem(serialized.value, serialized.extras, expires)
  }

  #expires(given: unknown): number {
    return toUint32(given || this.options.expires || 0)
  }

  /** Runs a command; its failure is that of the package, and is logged. */
  async #run<T>(operation: string, key: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (reason) {
      throw this.#report(operation, reason, () => nameOf(this.server(key) ?? this.servers[0]!))
    }
  }

  #report(operation: string, reason: unknown, server: () => string): Error {
    const { retries } = this.options
    const { error, line } = failureOf(operation, reason, (text) => {
      return `MemJS: Server <${server()}> failed after (${String(retries)}) retries with error - ${text}`
    })
    if (line !== undefined) this.#log(line)
    return error
  }

  #logOldForm(operation: string): void {
    this.#log(`MemJS ${operation}: using deprecated call - arguments have changed`)
  }

  /** Logs a line. An error that the logger throws is an uncaught exception, and changes no call. */
  #log(line: string): void {
    try {
      this.options.logger?.log(line)
    } catch (error) {
      throwLater(error)
    }
  }

  /** Sends a command to every server, and says of each when it has answered or failed. */
  async #onEachServer(
    operation: string,
    work: (server: string, name: string) => Promise<unknown>,
    done: (name: string, error: Error | undefined) => void,
  ): Promise<void> {
    const addresses = addressesOf(this.servers)
    const each = this.servers.map(async (server, index) => {
      const name = nameOf(server)
      const outcome = await work(addresses[index]!.name, name).then(
        () => undefined,
        (reason: unknown) => this.#report(operation, reason, () => name),
      )
      done(name, outcome)
    })
    await Promise.all(each)
  }
}

/** Returns the arguments of the callback of a call that gives true or false. */
function success(failed: number): CallbackValues<boolean> {
  return { done: (value) => [value], failed }
}
