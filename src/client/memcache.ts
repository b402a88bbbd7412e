import { EventEmitter } from 'node:events'
import { InvalidInputError, MemcacheError } from '../errors.ts'
import type { Backend, ServerExecutor } from '../executor.ts'
import { closedError } from '../pool/slot.ts'
import type { Key } from '../protocol/key.ts'
import type { Interpret } from '../protocol/operation.ts'
import { DELETE, GET, GETS, NOOP, VERSION } from '../protocol/request.ts'
import type { ServerSpec } from '../server-address.ts'
import type { Ttl } from '../ttl.ts'
import { batchError } from './batch.ts'
import { BatchCommands } from './batch-commands.ts'
import type {
  CallOptions,
  CountOptions,
  DeleteManyOptions,
  GetManyOptions,
  GetOptions,
  ReadOptions,
  SetManyOptions,
  WriteOptions,
} from './call-options.ts'
import { composeBackend } from './compose.ts'
import { Counters } from './counters.ts'
import { attempt, Dispatcher } from './dispatcher.ts'
import type { Entries } from './entries.ts'
import type { MemcacheEvents } from './events.ts'
import { NoreplyCommands } from './noreply.ts'
import { checkCas } from './numbers.ts'
import { checkSerde, type MemcacheOptions, resolveClientOptions } from './options.ts'
import {
  type CasResult,
  type Counted,
  readCas,
  readDeleted,
  readNothing,
  readStored,
  readTouched,
  readVersion,
} from './results.ts'
import { casReader, reader, Values, type ValueWithCas } from './values.ts'

/**
 * A memcached client. Nothing connects until the first command; one client is safe to share, and one is enough.
 * Commands for one key are carried out in the order of the calls. An idle client does not keep the process alive.
 *
 * Every call may reject with: `InvalidInputError` (nothing was written), `TimeoutError`, `ConnectError`, `AuthError`,
 * `ServerDownError`, `ConnectionClosedError`, `OverloadedError`, `ProtocolError`, `ClientError`, `ServerError`,
 * `ClosedError`; or with its signal's reason. Each tells in `delivery` whether the server may have carried it out.
 *
 * @example
 * ```ts
 * const cache = new Memcache('localhost:11211')
 * await cache.set('user:1', { name: 'Ada' }, { ttl: 60 })
 * const user = await cache.get<{ name: string }>('user:1') // undefined when it is not there
 * ```
 */
export class Memcache extends EventEmitter<MemcacheEvents> implements AsyncDisposable {
  readonly #backend: Backend
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #batches: BatchCommands
  readonly #counters: Counters
  readonly #noreply: NoreplyCommands

  /**
   * @param servers - The server; `localhost:11211` when left out.
   * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(servers?: ServerSpec | readonly ServerSpec[], options: MemcacheOptions = {}) {
    super()
    const resolved = resolveClientOptions(options)
    this.#backend = composeBackend(servers, resolved, {
      onUnclaimedError: (error, operations) =>
        this.#dispatcher.report(
          error,
          operations.map((operation) => operation.callerKey),
        ),
      onDesync: (error) => this.#tell('desync', { error, server: error.server }),
    })
    this.#dispatcher = new Dispatcher(resolved, this.#backend, (event) => this.#tell('commandError', event))
    this.#values = new Values(resolved)
    this.#batches = new BatchCommands(this.#dispatcher, this.#values, resolved)
    this.#counters = new Counters(this.#dispatcher, this.#values)
    this.#noreply = new NoreplyCommands(this.#dispatcher, this.#values)
  }

  /** Events come out of the middle of a connection's work, which a listener that throws must not break off. */
  #tell<E extends keyof MemcacheEvents>(name: E, ...event: MemcacheEvents[E]): void {
    try {
      // The emitter's own types lose the link between a generic name and its event.
      ;(this as EventEmitter).emit(name, ...event)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /**
   * Reads a value.
   *
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @throws `SerdeError` - the stored bytes are not what the serde writes.
   * @throws `ValueTooLargeError` - the value is larger than `maxValueBytes`.
   */
  get<T = unknown, D = undefined>(key: Key, options: GetOptions<D> & { readonly default: D }): Promise<T | D>
  get<T = unknown>(key: Key, options?: GetOptions): Promise<T | undefined>
  get(key: Key, options?: GetOptions<unknown>): Promise<unknown> {
    if (options === undefined) return this.#dispatcher.run(GET, key, this.#values.read, 'read', undefined, undefined)
    return attempt(() => this.#dispatcher.run(GET, key, this.#reader(options), 'read', options.default, options))
  }

  #reader(options: GetOptions<unknown>): Interpret {
    const read = options.serde === undefined ? this.#values.read : reader(checkSerde(options.serde))
    if (options.default === undefined) return read
    const fallback = options.default
    return (reply, operation) => (reply.outcome === 'hit' ? read(reply, operation) : fallback)
  }

  /**
   * Reads a value and its cas number, for `cas`.
   *
   * @returns both; a miss gives `undefined`. A cas of 0n means that the server keeps none (`memcached -C`).
   */
  gets<T = unknown>(key: Key, options?: ReadOptions): Promise<ValueWithCas<T> | undefined> {
    return attempt(() => {
      const read = options?.serde === undefined ? this.#values.readWithCas : casReader(checkSerde(options.serde))
      return this.#dispatcher.run(GETS, key, read, 'read', undefined, options)
    })
  }

  /**
   * Reads many values in one round trip.
   *
   * @returns the hits, by the caller's own keys and in their order; misses are left out. A key that is there twice is
   * asked once.
   * @throws `BatchError` - some keys failed; it carries what was found.
   */
  getMany<T = unknown>(keys: Iterable<string>, options?: GetManyOptions): Promise<Map<string, T>>
  getMany<T = unknown>(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, T>>
  getMany<T>(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, T>> {
    return this.#batches.getMany<T, Key>(keys, options)
  }

  /**
   * Stores a value.
   *
   * @returns whether it was stored.
   * @throws `SerdeError` - the serde cannot store this value.
   * @throws `ValueTooLargeError` - larger than `maxItemBytes` (not sent), or than the server takes, which then has
   * deleted the old value.
   */
  set(key: Key, value: unknown, options?: WriteOptions): Promise<boolean> {
    try {
      const request = this.#values.storeRequest('set', key, value, 0n, options)
      return this.#dispatcher.run(request, key, readStored, 'write', false, options)
    } catch (error) {
      // As `attempt` does, without its closure: this is the hot path of writes.
      return Promise.reject(error)
    }
  }

  /**
   * Stores many values in one round trip.
   *
   * @param entries - Pairs of key and value (a Map, an array of pairs, any iterable of them), or an object.
   * @returns the keys that were NOT stored; empty when all went well.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  setMany<K extends Key>(entries: Iterable<readonly [K, unknown]>, options?: SetManyOptions): Promise<K[]>
  setMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): Promise<string[]>
  setMany(entries: Entries<Key>, options?: SetManyOptions): Promise<Key[]> {
    return this.#batches.setMany(entries, options)
  }

  /**
   * Stores a value if the item has not changed since `gets`.
   *
   * @param cas - From `gets`.
   * @returns `stored`, `exists` (somebody changed it) or `notFound`. All three are truthy: compare, do not test.
   */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): Promise<CasResult> {
    return attempt(() => {
      const request = this.#values.storeRequest('cas', key, value, checkCas(cas), options)
      return this.#dispatcher.run(request, key, readCas, 'never', undefined, options)
    })
  }

  /**
   * Removes an item.
   *
   * @returns whether it was there.
   */
  delete(key: Key, options?: CallOptions): Promise<boolean> {
    return this.#dispatcher.run(DELETE, key, readDeleted, 'write', false, options)
  }

  /**
   * Removes many items in one round trip.
   *
   * @returns how many were there.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<number> {
    return this.#batches.deleteMany(keys, options)
  }

  /**
   * Renews the time to live.
   *
   * @returns whether the item was there.
   */
  touch(key: Key, ttl: Ttl, options?: CallOptions): Promise<boolean> {
    return attempt(() => {
      const request = { command: 'touch', exptime: this.#values.exptime(requireTtl(ttl)) } as const
      return this.#dispatcher.run(request, key, readTouched, 'write', false, options)
    })
  }

  /**
   * Adds to a counter; beyond 2^64 - 1 it starts again at 0.
   *
   * @param delta - A number counts in numbers, a bigint in bigints, exact to 64 bits.
   * @returns the new value; where there was none `initial`, or else `undefined`.
   * @throws `ClientError` - the value is not a number.
   * @throws `InvalidInputError` with `delivery: 'answered'` - done, but the result is beyond 2^53 - 1: pass a bigint.
   */
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  incr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  incr(key: Key, delta: number | bigint = 1, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#counters.count('incr', key, delta, options)
  }

  /**
   * Takes from a counter; it stops at 0.
   *
   * @param delta - A number counts in numbers, a bigint in bigints, exact to 64 bits.
   * @returns the new value; where there was none `initial`, or else `undefined`.
   * @throws `ClientError` - the value is not a number.
   * @throws `InvalidInputError` with `delivery: 'answered'` - done, but the result is beyond 2^53 - 1: pass a bigint.
   */
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  decr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  decr(key: Key, delta: number | bigint = 1, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#counters.count('decr', key, delta, options)
  }

  /**
   * Asks every server for its version.
   *
   * @returns the version by the server's name.
   * @throws `BatchError` - a server failed; it carries the answers of the others.
   */
  version(options?: CallOptions): Promise<Map<string, string>> {
    return this.#askServers('version', (server) =>
      this.#dispatcher.runKeyless<string>(server, VERSION, readVersion, options),
    )
  }

  /**
   * Asks every server for any reply.
   *
   * @returns the round-trip time by the server's name, in milliseconds; connecting included where that was due.
   * @throws `BatchError` - a server failed; it carries the answers of the others.
   */
  ping(options?: CallOptions): Promise<Map<string, number>> {
    return this.#askServers('ping', async (server) => {
      const start = performance.now()
      await this.#dispatcher.runKeyless(server, NOOP, readNothing, options)
      return performance.now() - start
    })
  }

  async #askServers<T>(what: string, ask: (server: ServerExecutor) => Promise<T>): Promise<Map<string, T>> {
    const { servers } = this.#backend
    const answers = await Promise.allSettled(servers.map(ask))
    const found = new Map<string, T>()
    const failed = new Map<string, unknown>()
    for (const [index, answer] of answers.entries()) {
      if (answer.status === 'fulfilled') found.set(servers[index]!.name, answer.value)
      else failed.set(servers[index]!.name, answer.reason)
    }
    // What is wrong with the call, and an abort, is no server's failure.
    for (const reason of failed.values())
      if (!(reason instanceof MemcacheError) || reason instanceof InvalidInputError) throw reason
    if (failed.size > 0) throw batchError(what, failed, servers.length, found, [...found.keys()])
    return found
  }

  /**
   * The same writes without their answers: each resolves, to nothing, when its bytes are out of the caller's hands.
   * What the server refuses comes as a `commandError` event.
   */
  get noreply(): NoreplyCommands {
    return this.#noreply
  }

  /** Connects now instead of at the first command. Rejects with what went wrong. */
  connect(): Promise<void> {
    return this.#backend.connect()
  }

  /** Closes the connections behind their pending replies; the next command connects again. */
  disconnect(): Promise<void> {
    return this.#backend.disconnect()
  }

  /** The same as {@link Memcache.disconnect}. */
  quit(): Promise<void> {
    return this.disconnect()
  }

  /** Finishes what is pending and closes for good; afterwards every call rejects with `ClosedError`. */
  close(): Promise<void> {
    return this.#backend.close()
  }

  /** Closes for good at once: what is pending, and every later call, rejects with `ClosedError`. */
  destroy(): void {
    this.#backend.destroy(closedError())
  }

  /** The same as {@link Memcache.close}: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** A touch without a ttl would make the item immortal, or take the default's; neither is what was meant. */
function requireTtl(ttl: Ttl): Ttl {
  if (ttl === undefined) throw new InvalidInputError('touch needs a ttl: seconds, 0 (never expires) or a Date')
  return ttl
}
