import type { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { closedError } from '../errors.ts'
import { showAs, showOptions } from '../inspect.ts'
import { overrideOptions } from '../known-options.ts'
import { type Key, wireKeyBytes } from '../protocol/key.ts'
import { DELETE, GET } from '../protocol/request.ts'
import type { ServerStatus } from '../seam/executor.ts'
import type { NearCacheView } from '../seam/near-cache.ts'
import type { ZoneStatus } from '../seam/zones.ts'
import type { SerializedValue } from '../serde/serde.ts'
import type { ServerSpec } from '../server-address.ts'
import type { Ttl } from '../ttl.ts'
import { AdminCommands } from './admin.ts'
import type {
  AddManyEachOptions,
  AddManyOptions,
  AddOptions,
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  ExtendOptions,
  FlushOptions,
  GetManyOptions,
  GetOptions,
  GetOptionsWithDefault,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  PopOptionsWithDefault,
  RawCommandOptions,
  RemoveManyOptions,
  ReturnEach,
  ReturnTtl,
  ServerOptions,
  SetManyEachOptions,
  SetManyOptions,
  ShutdownOptions,
  StoreManyOptions,
  UpdateOptions,
  WriteOptions,
} from './call-options.ts'
import type { CallName } from './calls/call-name.ts'
import { attemptCall, type CallKind, type Calls, createCalls, isTraced, refuse } from './calls/calls.ts'
import type { Tally } from './calls/tally.ts'
import { registerAccess } from './client-access.ts'
import { ClientEvents } from './client-events.ts'
import { CommandPipeline } from './command-pipeline.ts'
import type { MakeCommand } from './commands/command.ts'
import { gatCommand, gatsCommand, getCommand, getsCommand, hasCommand, inspectCommand } from './commands/reads.ts'
import {
  casCommand,
  deleteCommand,
  invalidateCommand,
  setsCommand,
  storeCommand,
  touchCommand,
} from './commands/writes.ts'
import { type ComposedBackend, composeBackend, type Servers } from './compose.ts'
import { count } from './counters.ts'
import { Dispatcher, rejectThrown } from './dispatcher.ts'
import type { Entries } from './entries.ts'
import type { MemcacheEvents } from './events.ts'
import { registerExecutor } from './executor-of.ts'
import { extend } from './extend.ts'
import type { Inspection } from './inspection.ts'
import type { GetOrSetManyOptions, GetOrSetOptions, Loader, ManyLoader } from './lease/options.ts'
import type { ClientMetrics } from './metrics.ts'
import { takeMetrics } from './metrics-snapshot.ts'
import { type AnyNamespaceOptions, createNamespace, type NamespaceHost } from './namespace/create-namespace.ts'
import type { Namespace } from './namespace/namespace.ts'
import type { NamespaceKeys } from './namespace/namespace-keys.ts'
import type { Clearable, GenerationOptions, NamespaceOptions } from './namespace/options.ts'
import { createNoreply, type NoreplyCommands } from './noreply.ts'
import { Observation } from './observation.ts'
import { checkCallOptions, GET_OR_SET_MANY_NAMES, GET_OR_SET_NAMES, KEY_NAMES, WRITE_NAMES } from './option-names.ts'
import { type MemcacheOptions, resolveClientOptions } from './options.ts'
import { type ClientParts, createClientParts } from './parts.ts'
import { popValue } from './pop.ts'
import type { ValueWithCas } from './reader.ts'
import {
  type AnyCount,
  type CasResult,
  type Counted,
  type CountedWithTtl,
  readDeleted,
  readStored,
  type SetsResult,
} from './results.ts'
import type { SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.ts'
import type { Stats } from './stats.ts'
import { type Change, updateValue } from './update.ts'

/**
 * A memcached client. Nothing connects until the first command; one client is safe to share, and one is enough.
 * Commands for one key are carried out in the order of the calls: also after a batch that is so large that it is sent
 * in parts, for whose keys later calls wait. Only a batch of reads (more than 10,000 keys, or half of `maxPending`) may
 * see what later calls write. An idle client does not keep the process alive.
 *
 * Every call may reject with: `InvalidInputError` (nothing was written), `TimeoutError`, `ConnectError`, `AuthError`,
 * `ServerDownError`, `ConnectionClosedError`, `OverloadedError`, `ProtocolError`, `ClientError`, `ServerError`,
 * `UnknownCommandError`, `ClosedError`; calls with values also with `SerdeError` and `ValueTooLargeError`; or with its
 * signal's reason. Each error says in `delivery` whether the server may have carried out the command.
 *
 * @example
 * ```ts
 * const cache = new Memcache('localhost:11211')
 * await cache.set('user:1', { name: 'Ada' }, { ttl: 60 })
 * const user = await cache.get<{ name: string }>('user:1') // undefined when it is not there
 * ```
 */
export class Memcache extends EventEmitter<MemcacheEvents> implements AsyncDisposable {
  readonly #backend: ComposedBackend
  readonly #events: ClientEvents = new ClientEvents(this)
  readonly #dispatcher: Dispatcher
  readonly #calls: Calls
  readonly #observation: Observation
  /** The hot calls. */
  readonly #gets: CallKind
  readonly #sets: CallKind
  readonly #parts: ClientParts
  readonly #noreply: NoreplyCommands
  readonly #admin: AdminCommands
  readonly #servers: Servers | undefined
  readonly #options: MemcacheOptions

  /**
   * @param servers - One server, several, or a source of servers that come and go; `localhost:11211` when left out.
   * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(servers?: Servers, options: MemcacheOptions = {}) {
    super()
    this.#servers = servers
    this.#options = options
    const resolved = resolveClientOptions(options)
    this.#calls = createCalls(resolved.metrics, () => this.#backend.addresses)
    const observation = new Observation(this.#calls.clientId, resolved.metrics)
    this.#observation = observation
    const events = this.#events.observer(() => this.#dispatcher)
    this.#backend = composeBackend(servers, resolved, [observation.observing, events])
    registerExecutor(this, this.#backend)
    this.#dispatcher = new Dispatcher(resolved, this.#backend, (event) => {
      observation.reported(event.error)
      this.#events.tell('commandError', event)
    })
    this.#gets = this.#calls.of('get')
    this.#sets = this.#calls.of('set')
    this.#parts = createClientParts(resolved, this.#dispatcher, this.#backend, this.#calls)
    this.#admin = new AdminCommands(this.#backend, this.#dispatcher, resolved.near)
    this.#noreply = createNoreply(this.#parts, this.#admin)
    showAs(this, () => ({ servers: this.servers, options: showOptions(options) }))
    this.#register(this, undefined)
  }

  #register(owner: object, namespaceKeys: NamespaceKeys | undefined, ttl?: Ttl): void {
    registerAccess(owner, { backend: this.#backend, parts: this.#parts, namespaceKeys, ttl })
  }

  #carry<Result, Args extends readonly unknown[]>(
    name: CallName,
    key: Key,
    make: MakeCommand<Args>,
    ...args: Args
  ): Promise<Result> {
    const kind = this.#calls.of(name)
    if (isTraced()) return kind.trace([key], (tally) => this.#carryOut(tally, key, make, args))
    return this.#carryOut(kind.count(), key, make, args)
  }

  #carryOut<Result, Args extends readonly unknown[]>(
    tally: Tally | undefined,
    key: Key,
    make: MakeCommand<Args>,
    args: Args,
  ): Promise<Result> {
    try {
      return this.#dispatcher.carry(make(this.#parts, ...args), tally)
    } catch (error) {
      return refuse(tally, error, key)
    }
  }

  /**
   * Reads a value.
   *
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @throws `SerdeError` - the stored bytes are not what the serde writes.
   * @throws `ValueTooLargeError` - the value is larger than `maxValueBytes`.
   */
  get<T>(key: Key, options: GetOptionsWithDefault<T>): Promise<T>
  get<T>(key: Key, options: GetOptions<null> & { readonly default: null }): Promise<T | null>
  get<T = unknown, D = undefined>(key: Key, options: GetOptions<D> & { readonly default: D }): Promise<T | D>
  get<T = unknown>(key: Key, options?: GetOptions): Promise<T | undefined>
  get(key: Key, options?: GetOptions<unknown>): Promise<unknown> {
    if (options !== undefined || isTraced()) return this.#carry('get', key, getCommand, key, options)
    return this.#dispatcher.run(GET, key, this.#parts.values.read, 'read', undefined, undefined, this.#gets.count())
  }

  /**
   * Reads a value and its cas number, for `cas`.
   *
   * @returns both; a miss gives `undefined`, or the option `default` as it is. A cas of 0n means that the server keeps none
   * (`memcached -C`).
   * @throws as {@link Memcache.get}
   */
  gets<T>(key: Key, options: GetOptions<null> & { readonly default: null }): Promise<ValueWithCas<T> | null>
  gets<T = unknown, D = undefined>(
    key: Key,
    options: GetOptions<D> & { readonly default: D },
  ): Promise<ValueWithCas<T> | D>
  gets<T = unknown>(key: Key, options?: GetOptions): Promise<ValueWithCas<T> | undefined>
  gets(key: Key, options?: GetOptions<unknown>): Promise<unknown> {
    return this.#carry('gets', key, getsCommand, key, options)
  }

  /**
   * Reads a value and renews its time to live, in one round trip.
   *
   * @param ttl - Counted from now; the client's `ttlJitter` applies.
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @throws as {@link Memcache.get}
   * @throws `UnknownCommandError` - memcached before 1.5.3, and some proxies (twemproxy), do not know it.
   */
  gat<T>(key: Key, ttl: Ttl, options: GetOptionsWithDefault<T>): Promise<T>
  gat<T>(key: Key, ttl: Ttl, options: GetOptions<null> & { readonly default: null }): Promise<T | null>
  gat<T = unknown, D = undefined>(key: Key, ttl: Ttl, options: GetOptions<D> & { readonly default: D }): Promise<T | D>
  gat<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): Promise<T | undefined>
  gat(key: Key, ttl: Ttl, options?: GetOptions<unknown>): Promise<unknown> {
    return this.#carry('gat', key, gatCommand, key, ttl, options)
  }

  /**
   * Reads a value and its cas number and renews its time to live, in one round trip.
   *
   * @returns both; a miss gives `undefined`, or the option `default` as it is.
   * @throws as {@link Memcache.get}
   * @throws `UnknownCommandError` - memcached before 1.5.3, and some proxies (twemproxy), do not know it.
   */
  gats<T>(key: Key, ttl: Ttl, options: GetOptions<null> & { readonly default: null }): Promise<ValueWithCas<T> | null>
  gats<T = unknown, D = undefined>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<D> & { readonly default: D },
  ): Promise<ValueWithCas<T> | D>
  gats<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): Promise<ValueWithCas<T> | undefined>
  gats(key: Key, ttl: Ttl, options?: GetOptions<unknown>): Promise<unknown> {
    return this.#carry('gats', key, gatsCommand, key, ttl, options)
  }

  /**
   * Asks whether an item is there, without reading its value (which text mode must, and discards).
   *
   * @returns whether it is. A value that is only being loaded, or was dropped, is not there.
   */
  has(key: Key, options?: KeyOptions): Promise<boolean> {
    return this.#carry('has', key, hasCommand, key, options)
  }

  /**
   * Asks what the server knows of an item, without disturbing the LRU. Needs the meta protocol.
   *
   * @returns ttl, last access and the rest; a miss gives `undefined`.
   * @throws `InvalidInputError` - the server speaks text; `UnknownCommandError` where it may speak meta and refused it just
   * now.
   */
  inspect(key: Key, options?: KeyOptions): Promise<Inspection | undefined> {
    return this.#carry('inspect', key, inspectCommand, key, options)
  }

  /**
   * Reads many values in one round trip.
   *
   * @returns the hits, by the caller's own keys and in their order; misses are left out. A key that is there twice is
   * asked once.
   * @throws `BatchError` - some keys failed; it carries what was found.
   */
  getMany<T = unknown>(keys: Iterable<string> & object, options?: GetManyOptions): Promise<Map<string, T>>
  getMany<T = unknown>(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, T>>
  getMany<T>(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, T>> {
    return this.#calls.of('getMany').runMany(keys, (given, tally) => this.#parts.batches.getMany(given, options, tally))
  }

  /**
   * Reads many values and their cas numbers in one round trip.
   *
   * @returns the hits, by the caller's own keys and in their order; misses are left out.
   * @throws `BatchError` - some keys failed; it carries what was found.
   */
  getsMany<T = unknown>(
    keys: Iterable<string> & object,
    options?: GetManyOptions,
  ): Promise<Map<string, ValueWithCas<T>>>
  getsMany<T = unknown>(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>>
  getsMany<T>(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>> {
    return this.#calls
      .of('getsMany')
      .runMany(keys, (given, tally) => this.#parts.batches.getsMany(given, options, tally))
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
    if (isTraced()) return this.#carry('set', key, storeCommand, 'set', key, value, options)
    const tally = this.#sets.count()
    try {
      checkCallOptions('set', options, WRITE_NAMES)
      const request = this.#parts.values.storeRequest('set', key, value, 0n, options)
      return this.#dispatcher.run(request, key, readStored, 'write', false, options, tally)
    } catch (error) {
      // As `storeCommand` and `#carry`, without an object for the command: this is the hot path of writes.
      return refuse(tally, error, key)
    }
  }

  /**
   * Stores a value and reports the cas number that the item has got, for a later `cas` without a read. Needs the meta
   * protocol.
   *
   * @returns `{ stored: true, cas }`; `{ stored: false }` where the server did not store it, or a failure is absorbed
   * (`failures: 'miss'`). A cas of 0n means that the server keeps none (`memcached -C`).
   * @throws `InvalidInputError` - the server speaks text: use `set`, and `gets` before the `cas`. `UnknownCommandError` where it
   * may speak meta and refused it just now.
   * @throws as {@link Memcache.set}
   */
  sets(key: Key, value: unknown, options?: WriteOptions): Promise<SetsResult> {
    return this.#carry('sets', key, setsCommand, key, value, options)
  }

  /**
   * Stores a value where there is none.
   *
   * @returns whether it was stored; `false`: there is a value already.
   * @throws as {@link Memcache.set}
   */
  add(key: Key, value: unknown, options?: AddOptions): Promise<boolean> {
    return this.#carry('add', key, storeCommand, 'add', key, value, options)
  }

  /**
   * Stores a value in the place of another.
   *
   * @returns whether it was stored; `false`: there is none.
   * @throws as {@link Memcache.set}
   */
  replace(key: Key, value: unknown, options?: WriteOptions): Promise<boolean> {
    return this.#carry('replace', key, storeCommand, 'replace', key, value, options)
  }

  /**
   * Adds bytes to the end of a value, past the serde and past compression. The item keeps its client flags and its time
   * to live; to renew that, use `touch`.
   *
   * Text and bytes can be extended. A compressed value cannot: the call gives `true`, and every later read is a
   * `SerdeError`. Store what you mean to extend with `compression: false`. An object, array or other JSON with bytes
   * after it is a `SerdeError` as well, unless the whole is JSON again (`1` and `2` become `12`); an integer with
   * digits after it is a longer integer, with anything else a `SerdeError`.
   *
   * @param data - Text is added as UTF-8.
   * @param options - `create`: makes an item of the data where there is none, with a ttl.
   * @returns whether there was an item to add to; also `false` when it would become larger than the server takes. With
   * `create`, `false` can also mean that the item was removed between two of the commands, on servers that need several.
   * @throws `ValueTooLargeError` - `data` is larger than `maxItemBytes` (not sent), or alone than the server takes,
   * which then has deleted the item unless it speaks text.
   */
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): Promise<boolean> {
    return this.#calls.of('append').run(key, (tally) => extend(this.#parts, 'append', key, data, options, tally))
  }

  /**
   * Adds bytes to the beginning of a value; otherwise as {@link Memcache.append}.
   *
   * @returns as {@link Memcache.append}.
   * @throws `ValueTooLargeError` - `data` is larger than `maxItemBytes` (not sent), or alone than the server takes,
   * which then has deleted the item unless it speaks text.
   */
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): Promise<boolean> {
    return this.#calls.of('prepend').run(key, (tally) => extend(this.#parts, 'prepend', key, data, options, tally))
  }

  /**
   * Stores many values in one round trip. The entries are copied at the call; the values of more than 5,000 are serialized
   * over several turns of the event loop, and must not change before it settles.
   *
   * @param entries - Pairs of key and value (a Map, an array of pairs, any iterable of them), or an object.
   * @returns the keys that were NOT stored; empty when all went well.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  setMany<K extends Key>(entries: Iterable<readonly [K, unknown]>, options?: SetManyOptions): Promise<K[]>
  setMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): Promise<string[]>
  setMany(entries: Entries<Key>, options: SetManyEachOptions): Promise<boolean[]>
  setMany(entries: Entries<Key>, options?: StoreManyOptions): Promise<Key[] | boolean[]> {
    return this.#calls
      .of('setMany')
      .runEntries(entries, (given, tally) => this.#parts.batches.setMany(given, options, tally))
  }

  /**
   * Stores many values where there are none, in one round trip.
   *
   * @param entries - Pairs of key and value (a Map, an array of pairs, any iterable of them), or an object.
   * @returns the keys that were NOT stored, because there is a value already.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  addMany<K extends Key>(entries: Iterable<readonly [K, unknown]>, options?: AddManyOptions): Promise<K[]>
  addMany(entries: Readonly<Record<string, unknown>>, options?: AddManyOptions): Promise<string[]>
  addMany(entries: Entries<Key>, options: AddManyEachOptions): Promise<boolean[]>
  addMany(entries: Entries<Key>, options?: StoreManyOptions): Promise<Key[] | boolean[]> {
    return this.#calls
      .of('addMany')
      .runEntries(entries, (given, tally) => this.#parts.batches.addMany(given, options, tally))
  }

  /**
   * Stores a value if the item has not changed since `gets`.
   *
   * @param cas - From `gets`.
   * @returns `stored`, `exists` (it was changed) or `notFound`. All three are truthy: compare, do not test.
   * @throws as {@link Memcache.set}
   */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): Promise<CasResult> {
    return this.#carry('cas', key, casCommand, key, value, cas, options)
  }

  /**
   * Removes an item.
   *
   * @returns whether it was there.
   */
  delete(key: Key, options?: KeyOptions): Promise<boolean> {
    if (options !== undefined || isTraced()) return this.#carry('delete', key, deleteCommand, key, options)
    const tally = this.#calls.of('delete').count()
    return this.#dispatcher.run(DELETE, key, readDeleted, 'write', false, undefined, tally)
  }

  /**
   * Removes many items in one round trip.
   *
   * @returns how many were there.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  deleteMany(keys: Iterable<Key> & object, options: DeleteManyOptions & ReturnEach): Promise<boolean[]>
  deleteMany(keys: Iterable<Key> & object, options?: DeleteManyOptions): Promise<number>
  deleteMany(keys: Iterable<Key> & object, options?: RemoveManyOptions): Promise<number | boolean[]> {
    return this.#calls
      .of('deleteMany')
      .runMany(keys, (given, tally) => this.#parts.batches.deleteMany(given, options, tally))
  }

  /**
   * Reads a value and removes it: of several callers at a time one gets it.
   *
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @param options - `attempts`: how often to try when others change the item meanwhile (8).
   * @throws `ConflictError` - others changed the item at every attempt.
   * @throws as {@link Memcache.get}; the item stays where it is.
   */
  pop<T>(key: Key, options: PopOptionsWithDefault<T>): Promise<T>
  pop<T>(key: Key, options: PopOptions<null> & { readonly default: null }): Promise<T | null>
  pop<T = unknown, D = undefined>(key: Key, options: PopOptions<D> & { readonly default: D }): Promise<T | D>
  pop<T = unknown>(key: Key, options?: PopOptions): Promise<T | undefined>
  pop(key: Key, options?: PopOptions<unknown>): Promise<unknown> {
    return this.#calls.of('pop').run(key, (tally) => popValue(this.#parts, key, options, tally))
  }

  /**
   * Reads a value; where there is none, loads it and stores it. However many callers and processes ask at a time, one of
   * them is elected to load and the others wait for its value. A value that is stale (see {@link Memcache.invalidate}),
   * or nearly expired (`refreshAhead`), is given at once while one caller loads it anew in the background.
   *
   * A value that is deleted or stored while another is being loaded wins: what was loaded is returned and not stored. A
   * loader that outlives its lease is not stored either. A value that cannot be read is loaded anew.
   *
   * Every caller gets what a later reader gets: an object of its own, read from what was stored, or from what would have been
   * stored. The default serde makes text of a `Date`, for the caller that loads too. With `fresh: 'asLoaded'` the callers of
   * a load share the loader's own object.
   *
   * A loader must not wait for a `getOrSet` of its own key on this client: it would wait for itself. Nothing limits the
   * time of a loader but what it does itself; `close` waits for it, `destroy` does not.
   *
   * @param loader - Gives the value. `undefined` is not stored.
   * @returns the value, read or loaded.
   * @throws whatever the loader throws, to every caller that waited for it; what held the place in the cache is removed.
   * @throws `SerdeError` - the serde cannot store what was loaded, or not read it back; also where failures are absorbed.
   * @throws `ValueTooLargeError` - what was loaded is above `maxItemBytes`.
   * @throws `InvalidInputError` - also: `refreshAhead` or `staleOnError`, and the server speaks text.
   *
   * @example
   * ```ts
   * const user = await cache.getOrSet('user:1', () => database.findUser(1), { ttl: 300 })
   * ```
   */
  getOrSet<T, Stale extends T = T>(key: Key, loader: Loader<T, Stale>, options?: GetOrSetOptions<T>): Promise<T> {
    return this.#calls.of('getOrSet').run(key, (tally) =>
      attemptCall(tally, () => {
        checkCallOptions('getOrSet', options, GET_OR_SET_NAMES)
        return this.#parts.getOrSet.run(key, loader as Loader<unknown>, options, undefined, tally) as Promise<T>
      }),
    )
  }

  /**
   * Reads many values, and loads those that are missing with one call of the loader: all that this caller was elected for.
   * Loads of other clients are waited for; a lease of theirs that runs out makes for another call. Each key otherwise
   * as by {@link Memcache.getOrSet}.
   *
   * @param loader - Gives a Map of the values, by the keys that it was given.
   * @returns the values, by the caller's own keys and in their order; what the loader left out is left out.
   * @throws whatever the loader throws; what held the places in the cache is removed.
   * @throws `BatchError` - the cache failed for some keys; it carries what was found.
   *
   * @example
   * ```ts
   * const users = await cache.getOrSetMany(ids, (missing) => database.findUsers(missing), { ttl: 300, keyPrefix: 'user:' })
   * ```
   */
  getOrSetMany<T>(
    keys: Iterable<string> & object,
    loader: ManyLoader<string, T>,
    options?: GetOrSetManyOptions<T>,
  ): Promise<Map<string, T>>
  getOrSetMany<T>(
    keys: Iterable<Key> & object,
    loader: ManyLoader<Key, T>,
    options?: GetOrSetManyOptions<T>,
  ): Promise<Map<Key, T>>
  getOrSetMany(
    keys: Iterable<Key> & object,
    loader: ManyLoader<never, unknown>,
    options?: GetOrSetManyOptions<never>,
  ): Promise<Map<Key, unknown>> {
    const load = loader as unknown as ManyLoader<Key, unknown>
    return this.#calls.of('getOrSetMany').runMany(keys, (given, tally) =>
      attemptCall(tally, () => {
        checkCallOptions('getOrSetMany', options, GET_OR_SET_MANY_NAMES)
        return this.#parts.getOrSetMany.run(given, load, options, undefined, tally)
      }),
    )
  }

  /**
   * Changes a value: reads it, has the function make the next one, and stores that if the item did not change meanwhile;
   * else it tries again. The item's ttl is kept with `ttl: 'keep'` only: without `ttl`, the client's `defaultTtl` applies.
   *
   * @param change - Called once per attempt, with `undefined` where there is no value. If it gives `undefined`, the
   * item is left as it is.
   * @returns the new value; the present one where it was left as it is.
   * @throws whatever the function throws; the item is left as it is.
   * @throws `ConflictError` - others changed the item at every attempt.
   * @throws `SerdeError` - the stored bytes are not what the serde writes, or it cannot store the new value.
   * @throws `ValueTooLargeError` - the present value is above `maxValueBytes`, or the new one above `maxItemBytes`.
   * @throws `InvalidInputError` - also: the server keeps no cas numbers (`memcached -C`); with `ttl: 'keep'`, it speaks text.
   *
   * @example
   * ```ts
   * await cache.update<string[]>('recent', (recent = []) => [page, ...recent].slice(0, 10))
   * ```
   */
  update<T>(key: Key, change: (current: T | undefined) => T | Promise<T>, options?: UpdateOptions): Promise<T>
  update<T>(key: Key, change: Change<T>, options?: UpdateOptions): Promise<T | undefined>
  update<T>(key: Key, change: Change<T>, options?: UpdateOptions): Promise<T | undefined> {
    return this.#calls
      .of('update')
      .run(key, (tally) =>
        updateValue(this.#parts, key, change as Change<unknown>, options, undefined, tally),
      ) as Promise<T | undefined>
  }

  /**
   * Marks a value stale: plain reads still give it, and the next `getOrSet` gets it too and loads it anew in the
   * background. Needs the meta protocol.
   *
   * @param options - `staleFor`: seconds after which the value is gone if no new one was loaded, 1 or more.
   * @returns whether the item was there.
   * @throws `InvalidInputError` - the server speaks text; `UnknownCommandError` where it may speak meta and refused it just
   * now.
   */
  invalidate(key: Key, options: InvalidateOptions): Promise<boolean> {
    return this.#carry('invalidate', key, invalidateCommand, key, options)
  }

  /**
   * Renews the time to live.
   *
   * @returns whether the item was there.
   */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<boolean> {
    return this.#carry('touch', key, touchCommand, key, ttl, options)
  }

  /**
   * Adds to a counter; beyond 2^64 - 1 it starts again at 0.
   *
   * @param delta - A number counts in numbers, a bigint in bigints, exact to 64 bits.
   * @returns the new value; where there was none `initial`, or else `undefined`.
   * @throws `ClientError` - the value is not a number; memcached says so now and then of a number of 2^63 or more, too: it looks
   * for a minus sign after it, in what older items have left in its memory.
   * @throws `InvalidInputError` with `delivery: 'answered'` - done, but the result is beyond 2^53 - 1: pass a bigint.
   */
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & ReturnTtl,
  ): Promise<CountedWithTtl<N> | undefined>
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  incr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  incr(key: Key, delta: number | bigint = 1, options?: CountOptions): Promise<AnyCount | undefined> {
    return this.#calls.of('incr').run(key, (tally) => count(this.#parts, 'incr', key, delta, options, tally))
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
    options: CountOptions & ReturnTtl,
  ): Promise<CountedWithTtl<N> | undefined>
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  decr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  decr(key: Key, delta: number | bigint = 1, options?: CountOptions): Promise<AnyCount | undefined> {
    return this.#calls.of('decr').run(key, (tally) => count(this.#parts, 'decr', key, delta, options, tally))
  }

  /**
   * Adds to many counters in one round trip.
   *
   * @param delta - A number counts in numbers, a bigint in bigints, exact to 64 bits.
   * @returns the new values of those that exist, by the caller's own keys and in their order.
   * @throws `BatchError` - some keys failed; it carries the values of the others (`found`).
   */
  incrMany<N extends number | bigint = number>(
    keys: Iterable<string> & object,
    delta?: N,
    options?: CountManyOptions,
  ): Promise<Map<string, Counted<N>>>
  incrMany<N extends number | bigint = number>(
    keys: Iterable<Key> & object,
    delta?: N,
    options?: CountManyOptions,
  ): Promise<Map<Key, Counted<N>>>
  incrMany(
    keys: Iterable<Key> & object,
    delta?: number | bigint,
    options?: CountManyOptions,
  ): Promise<Map<Key, number | bigint>> {
    return this.#calls
      .of('incrMany')
      .runMany(keys, (given, tally) => this.#parts.batches.incrMany(given, delta, options, tally))
  }

  /**
   * A typed view on the keys with a prefix: the same commands, with keys without it. The wire key is the client's
   * prefix, this one, and the key, and nothing else; with `generations` the generation's number and a colon come before
   * the key.
   *
   * @param options - `schema` gives the values their type and checks what is read; `generations` makes `clear()` possible.
   *
   * @example
   * ```ts
   * const users = cache.namespace<User>('user:', { ttl: 300 })
   * await users.set('1', { name: 'Ada' }) // the item `user:1`
   * ```
   */
  namespace<S extends StandardSchema>(
    prefix: string,
    options: NamespaceOptions<SchemaOutput<S>> & GenerationOptions & { readonly schema: S },
  ): Namespace<SchemaOutput<S>, SchemaInput<S>> & Clearable
  namespace<S extends StandardSchema>(
    prefix: string,
    options: NamespaceOptions<SchemaOutput<S>> & { readonly schema: S; readonly generations?: undefined },
  ): Namespace<SchemaOutput<S>, SchemaInput<S>>
  namespace<T = unknown>(prefix: string, options: NamespaceOptions<T> & GenerationOptions): Namespace<T> & Clearable
  namespace<T = unknown>(
    prefix: string,
    options?: NamespaceOptions<T> & { readonly generations?: undefined },
  ): Namespace<T>
  namespace(prefix: string, options: AnyNamespaceOptions = {}): Namespace {
    const host: NamespaceHost = {
      parts: this.#parts,
      calls: this.#calls,
      onInvalid: (path, key, issues) => this.#events.tell('invalidValue', { key, prefix: path, issues }),
      onMade: (namespace, namespaceKeys, ttl) => this.#register(namespace, namespaceKeys, ttl),
    }
    return createNamespace(host, prefix, options)
  }

  /** Collects commands to be sent together; each has an outcome of its own. */
  pipeline(): CommandPipeline {
    return new CommandPipeline(this)
  }

  /**
   * Asks the servers for their version.
   *
   * @returns the version by the server's name.
   * @throws `BatchError` - a server failed; it carries the answers of the others.
   */
  version(options?: ServerOptions): Promise<Map<string, string>> {
    return this.#calls.of('version').runKeyless(() => this.#admin.version(options))
  }

  /**
   * Asks the servers for any reply.
   *
   * @returns the round-trip time by the server's name, in milliseconds; connecting included where that was due.
   * @throws `BatchError` - a server failed; it carries the answers of the others.
   */
  ping(options?: ServerOptions): Promise<Map<string, number>> {
    return this.#calls.of('ping').runKeyless(() => this.#admin.ping(options))
  }

  /**
   * Asks the servers for their statistics, over connections of their own.
   *
   * @param args - The sub-command: none, `'items'`, `'slabs'`, `'settings'`, `'sizes'`, `'conns'`, `'reset'`,
   * `'detail', 'on' | 'off' | 'dump'`, `'cachedump', slabClass, limit`, or whatever the server knows.
   * @returns what each server said, by its name. A value that is a number all through is one (a bigint beyond 2^53 - 1),
   * yes and no are booleans, anything else is text.
   * @throws `BatchError` - a server failed or does not know the sub-command; it carries the answers of the others.
   */
  stats(
    ...args: [...words: (string | number)[], options: ServerOptions] | (string | number)[]
  ): Promise<Map<string, Stats>> {
    return this.#calls.of('stats').runKeyless(() => this.#admin.stats(args))
  }

  /**
   * Makes the servers forget everything they hold.
   *
   * @returns `true` when every server said so.
   * @throws `BatchError` - a server failed or refused (`memcached -F`).
   */
  flushAll(options?: FlushOptions): Promise<true> {
    return this.#calls.of('flushAll').runKeyless(() => this.#admin.flushAll(options))
  }

  /**
   * Changes how much memory the servers use for items.
   *
   * @returns `true` when every server said so.
   * @throws `BatchError` - a server failed or refused.
   */
  cacheMemlimit(megabytes: number, options?: ServerOptions): Promise<true> {
    return this.#calls.of('cacheMemlimit').runKeyless(() => this.#admin.cacheMemlimit(megabytes, options))
  }

  /**
   * Changes how much the servers write to their logs.
   *
   * @returns `true` when every server said so.
   * @throws `BatchError` - a server failed or refused.
   */
  verbosity(level: number, options?: ServerOptions): Promise<true> {
    return this.#calls.of('verbosity').runKeyless(() => this.#admin.verbosity(level, options))
  }

  /**
   * Ends the servers, where they allow it (`memcached -A`).
   *
   * @returns `true` when every server closed the connection.
   * @throws `BatchError` - a server failed or refused.
   */
  shutdown(options?: ShutdownOptions): Promise<true> {
    return this.#calls.of('shutdown').runKeyless(() => this.#admin.shutdown(options))
  }

  /**
   * Sends a command line of your own to one server, over a connection of its own.
   *
   * @param line - Without CR LF; CR, LF and NUL in it are refused, and so is a length that is not that of the body.
   * @returns the reply's bytes up to the end token and with it, whole however long.
   * @throws `ClientError`, `ServerError`, `UnknownCommandError` - the reply is an error line.
   * @throws `ValueTooLargeError` - the reply is longer than `maxValueBytes`.
   * @throws `TimeoutError` - the end token did not come.
   */
  rawCommand(line: string, options?: RawCommandOptions): Promise<Buffer> {
    return this.#calls.of('rawCommand').runKeyless(() => this.#admin.rawCommand(line, options))
  }

  /** The servers, and how they are at this moment. */
  get servers(): readonly ServerStatus[] {
    return this.#backend.servers.map((server) => server.status)
  }

  /** The zones of the option `zones`, and how they are at this moment; empty without it. */
  get zones(): readonly ZoneStatus[] {
    return this.#backend.zones
  }

  /**
   * The server that the next command for this key would go to.
   *
   * @returns its name and its position among `servers`; `undefined` when there is none.
   */
  serverFor(key: Key, options?: KeyOptions): { readonly name: string; readonly index: number } | undefined {
    checkCallOptions('serverFor', options, KEY_NAMES)
    this.#dispatcher.encodeKey(key)
    const server = this.#backend.serverFor(this.#dispatcher.routingKey(key, options))
    return server && { name: server.name, index: this.#backend.servers.indexOf(server) }
  }

  /** The position of the key's server among `servers`, as pylibmc's `hash` gives it; -1 when there is none. */
  hash(key: Key): number {
    return this.serverFor(key)?.index ?? -1
  }

  /**
   * Adds a server. The keys that become its own move to it and no others; what the servers hold of them stays there
   * until it expires. Throws `InvalidInputError` when there is one of that name.
   */
  addServer(server: ServerSpec): void {
    this.#backend.addServer(server)
  }

  /**
   * Removes a server for good: it takes no more commands, finishes those it has, and is not asked again. Without any
   * server left every call rejects with `ServerDownError`.
   *
   * @param name - As in `servers`; an unknown one is an `InvalidInputError`.
   * @returns settles when its connections are closed.
   */
  removeServer(name: string): Promise<void> {
    return rejectThrown(() => this.#backend.removeServer(name))
  }

  /** The key's bytes on the wire, prefix included; throws `InvalidInputError` for a key that cannot be used. */
  checkKey(key: Key): Buffer {
    return wireKeyBytes(this.#dispatcher.encodeKey(key))
  }

  /** Serializes a value with the client's serde; throws `SerdeError` if it cannot. Compression is a later stage. */
  serialize(value: unknown, key: Key = ''): SerializedValue {
    return this.#parts.values.serialize(value, key)
  }

  /** Deserializes stored bytes with the client's serde; throws `SerdeError` if it cannot. */
  deserialize(data: Uint8Array, clientFlags: number, key: Key = ''): unknown {
    return this.#parts.values.deserialize(data, clientFlags, key)
  }

  /**
   * A new client with the servers and options that this one was made with, but for what is given here, and connections of its
   * own. Changes by `addServer` and `removeServer` are not carried over. An override that is undefined was not given.
   */
  clone(overrides: MemcacheOptions = {}): Memcache {
    return new Memcache(this.#servers, overrideOptions(this.#options, overrides))
  }

  /**
   * The same writes without their answers: each resolves, to nothing, when its bytes are out of the caller's hands. A
   * write that the server refuses is a `commandError` event. A write that could not be sent rejects, and is such an
   * event too: a call need not be awaited.
   */
  get noreply(): NoreplyCommands {
    return this.#noreply
  }

  /**
   * Returns what the client has counted since it was made, or since {@link Memcache.resetMetrics}: calls and what came of
   * their keys, failures, latencies, loads, writes, and the numbers of each server. `console.log` shows it as a table.
   */
  metrics(): ClientMetrics {
    return takeMetrics(this.#calls, this.#observation.counts, this.#backend, this.#backend.near)
  }

  /** Begins to count anew. Connections that are open stay counted as open. */
  resetMetrics(): void {
    this.#calls.reset()
    this.#observation.reset()
    this.#backend.near?.reset()
  }

  /** The near cache that the option `nearCache` has made: its numbers, and what it forgets. `undefined` without the option. */
  get nearCache(): NearCacheView | undefined {
    return this.#backend.near?.view
  }

  /** Connects now instead of at the first command. Rejects with what went wrong. */
  connect(): Promise<void> {
    return this.#backend.connect()
  }

  /** Closes the connections after their pending replies; the next command connects again. */
  disconnect(): Promise<void> {
    // At once where nothing is held back: what is called next goes to the next connection.
    return this.#dispatcher.prepared()?.then(() => this.#backend.disconnect()) ?? this.#backend.disconnect()
  }

  /** The same as {@link Memcache.disconnect}. */
  quit(): Promise<void> {
    return this.disconnect()
  }

  /**
   * Finishes what is pending and closes for good; afterwards every call rejects with `ClosedError`. Waits for loaders
   * of `getOrSet` however long they take; `destroy` then ends the waiting.
   */
  async close(): Promise<void> {
    const loads = this.#parts.getOrSet.close()
    if (loads !== undefined) await loads
    await this.#dispatcher.drain(closedError())
    await this.#dispatcher.large?.close()
    await this.#backend.close()
  }

  /** Closes for good at once: what is pending, and every later call, rejects with `ClosedError`. */
  destroy(): void {
    const error = closedError()
    this.#parts.getOrSet.destroy(error)
    this.#dispatcher.destroy(error)
    this.#backend.destroy(error)
  }

  /** The same as {@link Memcache.close}: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
