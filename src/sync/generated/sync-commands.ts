// Written by scripts/sync-types.mjs (npm run generate) out of src/client: do not edit.
/* oxlint-disable typescript/no-unnecessary-type-parameters -- as the asynchronous clients have them */

import type { Buffer } from 'node:buffer'
import type {
  AddManyEachOptions,
  AddManyOptions,
  AddOptions,
  CallOptions,
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
  ReturnEach,
  ReturnTtl,
  ServerOptions,
  SetManyEachOptions,
  SetManyOptions,
  ShutdownOptions,
  UpdateOptions,
  WriteOptions,
} from '../../client/call-options.ts'
import type { PipelineOutcome, PipelineOutcomes } from '../../client/command-pipeline.ts'
import type { Entries } from '../../client/entries.ts'
import type { Inspection } from '../../client/inspection.ts'
import type { GetOrSetManyOptions, GetOrSetOptions, Loader, ManyLoader } from '../../client/lease/options.ts'
import type {
  MayLackValue,
  MetaAddOptions,
  MetaCasOptions,
  MetaCountOptions,
  MetaDeleteOptions,
  MetaExecution,
  MetaExtendOptions,
  MetaGatOptions,
  MetaGetOptions,
  MetaInvalidateOptions,
  MetaOptions,
  MetaReplaceOptions,
  MetaSetOptions,
} from '../../client/meta/options.ts'
import type { InPipeline, MetaPipelineCount, MetaPipelineOptions } from '../../client/meta/pipeline.ts'
import type {
  MetaCountResult,
  MetaDebugResult,
  MetaDeleteResult,
  MetaGetResult,
  MetaOutcomes,
  MetaReply,
  MetaStoreResult,
  MetaTouchResult,
} from '../../client/meta/results.ts'
import type { ClientMetrics } from '../../client/metrics.ts'
import type { GenerationOptions, InnerNamespaceOptions, NamespaceOptions } from '../../client/namespace/options.ts'
import type { ValueWithCas } from '../../client/reader.ts'
import type { CasResult, Counted, CountedWithTtl, SetsResult } from '../../client/results.ts'
import type { SchemaInput, SchemaOutput, StandardSchema } from '../../client/standard-schema.ts'
import type { Stats } from '../../client/stats.ts'
import type { Change } from '../../client/update.ts'
import type { Key } from '../../protocol/key.ts'
import type { ServerStatus } from '../../seam/executor.ts'
import type { ZoneStatus } from '../../seam/zones.ts'
import type { SerializedValue } from '../../serde/serde.ts'
import type { ServerSpec } from '../../server-address.ts'
import type { Ttl } from '../../ttl.ts'

/** Methods of Memcache, without `await`. */
export interface MemcacheSyncCommands {
  /**
   * Reads a value.
   *
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @throws `SerdeError` - the stored bytes are not what the serde writes.
   * @throws `ValueTooLargeError` - the value is larger than `maxValueBytes`.
   */
  get<T>(key: Key, options: GetOptionsWithDefault<T>): T
  get<T>(key: Key, options: GetOptions<null> & { readonly default: null }): T | null
  get<T = unknown, D = undefined>(key: Key, options: GetOptions<D> & { readonly default: D }): T | D
  get<T = unknown>(key: Key, options?: GetOptions): T | undefined

  /**
   * Reads a value and its cas number, for `cas`.
   *
   * @returns both; a miss gives `undefined`, or the option `default` as it is. A cas of 0n means that the server keeps none
   * (`memcached -C`).
   * @throws as `get`
   */
  gets<T>(key: Key, options: GetOptions<null> & { readonly default: null }): ValueWithCas<T> | null
  gets<T = unknown, D = undefined>(key: Key, options: GetOptions<D> & { readonly default: D }): ValueWithCas<T> | D
  gets<T = unknown>(key: Key, options?: GetOptions): ValueWithCas<T> | undefined

  /**
   * Reads a value and renews its time to live, in one round trip.
   *
   * @param ttl - Counted from now; the client's `ttlJitter` applies.
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @throws as `get`
   * @throws `UnknownCommandError` - memcached before 1.5.3, and some proxies (twemproxy), do not know it.
   */
  gat<T>(key: Key, ttl: Ttl, options: GetOptionsWithDefault<T>): T
  gat<T>(key: Key, ttl: Ttl, options: GetOptions<null> & { readonly default: null }): T | null
  gat<T = unknown, D = undefined>(key: Key, ttl: Ttl, options: GetOptions<D> & { readonly default: D }): T | D
  gat<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): T | undefined

  /**
   * Reads a value and its cas number and renews its time to live, in one round trip.
   *
   * @returns both; a miss gives `undefined`, or the option `default` as it is.
   * @throws as `get`
   * @throws `UnknownCommandError` - memcached before 1.5.3, and some proxies (twemproxy), do not know it.
   */
  gats<T>(key: Key, ttl: Ttl, options: GetOptions<null> & { readonly default: null }): ValueWithCas<T> | null
  gats<T = unknown, D = undefined>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<D> & { readonly default: D },
  ): ValueWithCas<T> | D
  gats<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): ValueWithCas<T> | undefined

  /**
   * Asks whether an item is there, without reading its value (which text mode must, and discards).
   *
   * @returns whether it is. A value that is only being loaded, or was dropped, is not there.
   */
  has(key: Key, options?: KeyOptions): boolean

  /**
   * Asks what the server knows of an item, without disturbing the LRU. Needs the meta protocol.
   *
   * @returns ttl, last access and the rest; a miss gives `undefined`.
   * @throws `InvalidInputError` - the server speaks text; `UnknownCommandError` where it may speak meta and refused it just
   * now.
   */
  inspect(key: Key, options?: KeyOptions): Inspection | undefined

  /**
   * Reads many values in one round trip.
   *
   * @returns the hits, by the caller's own keys and in their order; misses are left out. A key that is there twice is
   * asked once.
   * @throws `BatchError` - some keys failed; it carries what was found.
   */
  getMany<T = unknown>(keys: Iterable<string> & object, options?: GetManyOptions): Map<string, T>
  getMany<T = unknown>(keys: Iterable<Key> & object, options?: GetManyOptions): Map<Key, T>

  /**
   * Reads many values and their cas numbers in one round trip.
   *
   * @returns the hits, by the caller's own keys and in their order; misses are left out.
   * @throws `BatchError` - some keys failed; it carries what was found.
   */
  getsMany<T = unknown>(keys: Iterable<string> & object, options?: GetManyOptions): Map<string, ValueWithCas<T>>
  getsMany<T = unknown>(keys: Iterable<Key> & object, options?: GetManyOptions): Map<Key, ValueWithCas<T>>

  /**
   * Stores a value.
   *
   * @returns whether it was stored.
   * @throws `SerdeError` - the serde cannot store this value.
   * @throws `ValueTooLargeError` - larger than `maxItemBytes` (not sent), or than the server takes, which then has
   * deleted the old value.
   */
  set(key: Key, value: unknown, options?: WriteOptions): boolean

  /**
   * Stores a value and reports the cas number that the item has got, for a later `cas` without a read. Needs the meta
   * protocol.
   *
   * @returns `{ stored: true, cas }`; `{ stored: false }` where the server did not store it, or a failure is absorbed
   * (`failures: 'miss'`). A cas of 0n means that the server keeps none (`memcached -C`).
   * @throws `InvalidInputError` - the server speaks text: use `set`, and `gets` before the `cas`. `UnknownCommandError` where it
   * may speak meta and refused it just now.
   * @throws as `set`
   */
  sets(key: Key, value: unknown, options?: WriteOptions): SetsResult

  /**
   * Stores a value where there is none.
   *
   * @returns whether it was stored; `false`: there is a value already.
   * @throws as `set`
   */
  add(key: Key, value: unknown, options?: AddOptions): boolean

  /**
   * Stores a value in the place of another.
   *
   * @returns whether it was stored; `false`: there is none.
   * @throws as `set`
   */
  replace(key: Key, value: unknown, options?: WriteOptions): boolean

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
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): boolean

  /**
   * Adds bytes to the beginning of a value; otherwise as `append`.
   *
   * @returns as `append`.
   * @throws `ValueTooLargeError` - `data` is larger than `maxItemBytes` (not sent), or alone than the server takes,
   * which then has deleted the item unless it speaks text.
   */
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): boolean

  /**
   * Stores many values in one round trip. The entries are copied at the call; the values of more than 5,000 are serialized
   * over several turns of the event loop, and must not change before it settles.
   *
   * @param entries - Pairs of key and value (a Map, an array of pairs, any iterable of them), or an object.
   * @returns the keys that were NOT stored; empty when all went well.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  setMany<K extends Key>(entries: Iterable<readonly [K, unknown]>, options?: SetManyOptions): K[]
  setMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): string[]
  setMany(entries: Entries<Key>, options: SetManyEachOptions): boolean[]

  /**
   * Stores many values where there are none, in one round trip.
   *
   * @param entries - Pairs of key and value (a Map, an array of pairs, any iterable of them), or an object.
   * @returns the keys that were NOT stored, because there is a value already.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  addMany<K extends Key>(entries: Iterable<readonly [K, unknown]>, options?: AddManyOptions): K[]
  addMany(entries: Readonly<Record<string, unknown>>, options?: AddManyOptions): string[]
  addMany(entries: Entries<Key>, options: AddManyEachOptions): boolean[]

  /**
   * Stores a value if the item has not changed since `gets`.
   *
   * @param cas - From `gets`.
   * @returns `stored`, `exists` (it was changed) or `notFound`. All three are truthy: compare, do not test.
   * @throws as `set`
   */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): CasResult

  /**
   * Removes an item.
   *
   * @returns whether it was there.
   */
  delete(key: Key, options?: KeyOptions): boolean

  /**
   * Removes many items in one round trip.
   *
   * @returns how many were there.
   * @throws `BatchError` - some keys failed; it carries the keys that were answered.
   */
  deleteMany(keys: Iterable<Key> & object, options: DeleteManyOptions & ReturnEach): boolean[]
  deleteMany(keys: Iterable<Key> & object, options?: DeleteManyOptions): number

  /**
   * Reads a value and removes it: of several callers at a time one gets it.
   *
   * @returns the value; a miss gives `undefined`, or the option `default`.
   * @param options - `attempts`: how often to try when others change the item meanwhile (8).
   * @throws `ConflictError` - others changed the item at every attempt.
   * @throws as `get`; the item stays where it is.
   */
  pop<T>(key: Key, options: PopOptionsWithDefault<T>): T
  pop<T>(key: Key, options: PopOptions<null> & { readonly default: null }): T | null
  pop<T = unknown, D = undefined>(key: Key, options: PopOptions<D> & { readonly default: D }): T | D
  pop<T = unknown>(key: Key, options?: PopOptions): T | undefined

  /**
   * Reads a value; where there is none, loads it and stores it. However many callers and processes ask at a time, one of
   * them is elected to load and the others wait for its value. A value that is stale (see `invalidate`),
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
   * const user = cache.getOrSet('user:1', () => database.findUser(1), { ttl: 300 })
   * ```
   */
  getOrSet<T, Stale extends T = T>(key: Key, loader: Loader<T, Stale>, options?: GetOrSetOptions<T>): T

  /**
   * Reads many values, and loads those that are missing with one call of the loader: all that this caller was elected for.
   * Loads of other clients are waited for; a lease of theirs that runs out makes for another call. Each key otherwise
   * as by `getOrSet`.
   *
   * @param loader - Gives a Map of the values, by the keys that it was given.
   * @returns the values, by the caller's own keys and in their order; what the loader left out is left out.
   * @throws whatever the loader throws; what held the places in the cache is removed.
   * @throws `BatchError` - the cache failed for some keys; it carries what was found.
   *
   * @example
   * ```ts
   * const users = cache.getOrSetMany(ids, (missing) => database.findUsers(missing), { ttl: 300, keyPrefix: 'user:' })
   * ```
   */
  getOrSetMany<T>(
    keys: Iterable<string> & object,
    loader: ManyLoader<string, T>,
    options?: GetOrSetManyOptions<T>,
  ): Map<string, T>
  getOrSetMany<T>(
    keys: Iterable<Key> & object,
    loader: ManyLoader<Key, T>,
    options?: GetOrSetManyOptions<T>,
  ): Map<Key, T>

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
   * cache.update<string[]>('recent', (recent = []) => [page, ...recent].slice(0, 10))
   * ```
   */
  update<T>(key: Key, change: (current: T | undefined) => T | Promise<T>, options?: UpdateOptions): T
  update<T>(key: Key, change: Change<T>, options?: UpdateOptions): T | undefined

  /**
   * Marks a value stale: plain reads still give it, and the next `getOrSet` gets it too and loads it anew in the
   * background. Needs the meta protocol.
   *
   * @param options - `staleFor`: seconds after which the value is gone if no new one was loaded, 1 or more.
   * @returns whether the item was there.
   * @throws `InvalidInputError` - the server speaks text; `UnknownCommandError` where it may speak meta and refused it just
   * now.
   */
  invalidate(key: Key, options: InvalidateOptions): boolean

  /**
   * Renews the time to live.
   *
   * @returns whether the item was there.
   */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): boolean

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
  ): CountedWithTtl<N> | undefined
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Counted<N>
  incr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Counted<N> | undefined

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
  ): CountedWithTtl<N> | undefined
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Counted<N>
  decr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Counted<N> | undefined

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
  ): Map<string, Counted<N>>
  incrMany<N extends number | bigint = number>(
    keys: Iterable<Key> & object,
    delta?: N,
    options?: CountManyOptions,
  ): Map<Key, Counted<N>>

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
   * users.set('1', { name: 'Ada' }) // the item `user:1`
   * ```
   */
  namespace<S extends StandardSchema>(
    prefix: string,
    options: NamespaceOptions<SchemaOutput<S>> & GenerationOptions & { readonly schema: S },
  ): NamespaceSync<SchemaOutput<S>, SchemaInput<S>> & ClearableSync
  namespace<S extends StandardSchema>(
    prefix: string,
    options: NamespaceOptions<SchemaOutput<S>> & { readonly schema: S; readonly generations?: undefined },
  ): NamespaceSync<SchemaOutput<S>, SchemaInput<S>>
  namespace<T = unknown>(
    prefix: string,
    options: NamespaceOptions<T> & GenerationOptions,
  ): NamespaceSync<T> & ClearableSync
  namespace<T = unknown>(
    prefix: string,
    options?: NamespaceOptions<T> & { readonly generations?: undefined },
  ): NamespaceSync<T>

  /** Collects commands to be sent together; each has an outcome of its own. */
  pipeline(): CommandPipelineSync

  /**
   * Asks the servers for their version.
   *
   * @returns the version by the server's name.
   * @throws `BatchError` - a server failed; it carries the answers of the others.
   */
  version(options?: ServerOptions): Map<string, string>

  /**
   * Asks the servers for any reply.
   *
   * @returns the round-trip time by the server's name, in milliseconds; connecting included where that was due.
   * @throws `BatchError` - a server failed; it carries the answers of the others.
   */
  ping(options?: ServerOptions): Map<string, number>

  /**
   * Asks the servers for their statistics, over connections of their own.
   *
   * @param args - The sub-command: none, `'items'`, `'slabs'`, `'settings'`, `'sizes'`, `'conns'`, `'reset'`,
   * `'detail', 'on' | 'off' | 'dump'`, `'cachedump', slabClass, limit`, or whatever the server knows.
   * @returns what each server said, by its name. A value that is a number all through is one (a bigint beyond 2^53 - 1),
   * yes and no are booleans, anything else is text.
   * @throws `BatchError` - a server failed or does not know the sub-command; it carries the answers of the others.
   */
  stats(...args: [...words: (string | number)[], options: ServerOptions] | (string | number)[]): Map<string, Stats>

  /**
   * Makes the servers forget everything they hold.
   *
   * @returns `true` when every server said so.
   * @throws `BatchError` - a server failed or refused (`memcached -F`).
   */
  flushAll(options?: FlushOptions): true

  /**
   * Changes how much memory the servers use for items.
   *
   * @returns `true` when every server said so.
   * @throws `BatchError` - a server failed or refused.
   */
  cacheMemlimit(megabytes: number, options?: ServerOptions): true

  /**
   * Changes how much the servers write to their logs.
   *
   * @returns `true` when every server said so.
   * @throws `BatchError` - a server failed or refused.
   */
  verbosity(level: number, options?: ServerOptions): true

  /**
   * Ends the servers, where they allow it (`memcached -A`).
   *
   * @returns `true` when every server closed the connection.
   * @throws `BatchError` - a server failed or refused.
   */
  shutdown(options?: ShutdownOptions): true

  /**
   * Sends a command line of your own to one server, over a connection of its own.
   *
   * @param line - Without CR LF; CR, LF and NUL in it are refused, and so is a length that is not that of the body.
   * @returns the reply's bytes up to the end token and with it, whole however long.
   * @throws `ClientError`, `ServerError`, `UnknownCommandError` - the reply is an error line.
   * @throws `ValueTooLargeError` - the reply is longer than `maxValueBytes`.
   * @throws `TimeoutError` - the end token did not come.
   */
  rawCommand(line: string, options?: RawCommandOptions): Buffer

  /** The servers, and how they are at this moment. */
  readonly servers: readonly ServerStatus[]

  /** The zones of the option `zones`, and how they are at this moment; empty without it. */
  readonly zones: readonly ZoneStatus[]

  /**
   * The server that the next command for this key would go to.
   *
   * @returns its name and its position among `servers`; `undefined` when there is none.
   */
  serverFor(key: Key, options?: KeyOptions): { readonly name: string; readonly index: number } | undefined

  /** The position of the key's server among `servers`, as pylibmc's `hash` gives it; -1 when there is none. */
  hash(key: Key): number

  /**
   * Adds a server. The keys that become its own move to it and no others; what the servers hold of them stays there
   * until it expires. Throws `InvalidInputError` when there is one of that name.
   */
  addServer(server: ServerSpec): void

  /**
   * Removes a server for good: it takes no more commands, finishes those it has, and is not asked again. Without any
   * server left every call rejects with `ServerDownError`.
   *
   * @param name - As in `servers`; an unknown one is an `InvalidInputError`.
   * @returns settles when its connections are closed.
   */
  removeServer(name: string): void

  /** The key's bytes on the wire, prefix included; throws `InvalidInputError` for a key that cannot be used. */
  checkKey(key: Key): Buffer

  /** Serializes a value with the client's serde; throws `SerdeError` if it cannot. Compression is a later stage. */
  serialize(value: unknown, key?: Key): SerializedValue

  /** Deserializes stored bytes with the client's serde; throws `SerdeError` if it cannot. */
  deserialize(data: Uint8Array, clientFlags: number, key?: Key): unknown

  /**
   * The same writes without their answers: each resolves, to nothing, when its bytes are out of the caller's hands. A
   * write that the server refuses is a `commandError` event. A write that could not be sent rejects, and is such an
   * event too: a call need not be awaited.
   */
  readonly noreply: NoreplyCommandsSync

  /**
   * Returns what the client has counted since it was made, or since `resetMetrics`: calls and what came of
   * their keys, failures, latencies, loads, writes, and the numbers of each server. `console.log` shows it as a table.
   */
  metrics(): ClientMetrics

  /** Begins to count anew. Connections that are open stay counted as open. */
  resetMetrics(): void

  /** Connects now instead of at the first command. Rejects with what went wrong. */
  connect(): void

  /** Closes the connections after their pending replies; the next command connects again. */
  disconnect(): void

  /** The same as `disconnect`. */
  quit(): void

  /**
   * Finishes what is pending and closes for good; afterwards every call rejects with `ClosedError`. Waits for loaders
   * of `getOrSet` however long they take; `destroy` then ends the waiting.
   */
  close(): void

  /** Closes for good at once: what is pending, and every later call, rejects with `ClosedError`. */
  destroy(): void
}

/** Methods of NoreplyCommands, without `await`. */
export interface NoreplyCommandsSync extends NamespaceNoreplySync<unknown> {
  /**
   * Makes the servers forget everything they hold. Like a large batch it asks for the answers, on connections of its own,
   * and drops them: it resolves when all servers have answered or failed. A server that could not be asked rejects.
   */
  flushAll(options?: FlushOptions): void
}

/** Methods of NamespaceNoreply, without `await`. */
export interface NamespaceNoreplySync<Input> {
  /** Stores a value. */
  set(key: Key, value: Input, options?: WriteOptions): void

  /** Stores a value where there is none. */
  add(key: Key, value: Input, options?: AddOptions): void

  /** Stores a value in the place of another. */
  replace(key: Key, value: Input, options?: WriteOptions): void

  /** Adds bytes to the end of a value, past the serde and past compression: a compressed value is unreadable then. */
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): void

  /** Adds bytes to the beginning of a value, past the serde and past compression. */
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): void

  /** Stores a value if the item still has this cas number. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): void

  /** Removes an item. */
  delete(key: Key, options?: KeyOptions): void

  /** Adds to a counter, if it exists. */
  incr(key: Key, delta?: number | bigint, options?: KeyOptions): void

  /** Takes from a counter, if it exists; it stops at 0. */
  decr(key: Key, delta?: number | bigint, options?: KeyOptions): void

  /** Renews the time to live. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): void

  /** Stores many values. */
  setMany(entries: Entries<Key, Input>, options?: SetManyOptions): void

  /** Stores many values where there are none. */
  addMany(entries: Entries<Key, Input>, options?: AddManyOptions): void

  /** Removes many items. */
  deleteMany(keys: Iterable<Key> & object, options?: DeleteManyOptions): void
}

/** Methods of CommandPipeline, without `await`. */
export interface CommandPipelineSync<Outcomes extends readonly PipelineOutcome<unknown>[] = []> {
  /** Number of commands collected. */
  readonly length: number

  /** Collects a `get`: a miss gives `undefined`, or the option `default`. */
  get<T>(key: Key, options: GetOptionsWithDefault<T>): NextPipelineSync<Outcomes, T>
  get<T>(key: Key, options: GetOptions<null> & { readonly default: null }): NextPipelineSync<Outcomes, T | null>
  get<T = unknown>(key: Key, options?: GetOptions): NextPipelineSync<Outcomes, T | undefined>

  /** A miss gives `undefined`, or the option `default`. */
  gets<T>(
    key: Key,
    options: GetOptions<null> & { readonly default: null },
  ): NextPipelineSync<Outcomes, ValueWithCas<T> | null>
  gets<T = unknown, D = undefined>(
    key: Key,
    options: GetOptions<D> & { readonly default: D },
  ): NextPipelineSync<Outcomes, ValueWithCas<T> | D>
  gets<T = unknown>(key: Key, options?: GetOptions): NextPipelineSync<Outcomes, ValueWithCas<T> | undefined>

  /** A miss gives `undefined`. */
  gat<T>(key: Key, ttl: Ttl, options: GetOptionsWithDefault<T>): NextPipelineSync<Outcomes, T>
  gat<T>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<null> & { readonly default: null },
  ): NextPipelineSync<Outcomes, T | null>
  gat<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): NextPipelineSync<Outcomes, T | undefined>

  /** A miss gives `undefined`, or the option `default`. */
  gats<T>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<null> & { readonly default: null },
  ): NextPipelineSync<Outcomes, ValueWithCas<T> | null>
  gats<T = unknown, D = undefined>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<D> & { readonly default: D },
  ): NextPipelineSync<Outcomes, ValueWithCas<T> | D>
  gats<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): NextPipelineSync<Outcomes, ValueWithCas<T> | undefined>

  /** Whether the item is there. */
  has(key: Key, options?: KeyOptions): NextPipelineSync<Outcomes, boolean>

  /** A miss gives `undefined`. */
  inspect(key: Key, options?: KeyOptions): NextPipelineSync<Outcomes, Inspection | undefined>

  /** Whether it was stored. */
  set(key: Key, value: unknown, options?: WriteOptions): NextPipelineSync<Outcomes, boolean>

  /** Whether it was stored, and the cas number that the item has got. */
  sets(key: Key, value: unknown, options?: WriteOptions): NextPipelineSync<Outcomes, SetsResult>

  /** Whether it was stored: the key was free. */
  add(key: Key, value: unknown, options?: AddOptions): NextPipelineSync<Outcomes, boolean>

  /** Whether it was stored: there was an item. */
  replace(key: Key, value: unknown, options?: WriteOptions): NextPipelineSync<Outcomes, boolean>

  /** Whether there was an item to add to. */
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): NextPipelineSync<Outcomes, boolean>

  /** Whether there was an item to add to. */
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): NextPipelineSync<Outcomes, boolean>

  /** `stored`, `exists` or `notFound`. */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): NextPipelineSync<Outcomes, CasResult>

  /** Whether there was an item. */
  delete(key: Key, options?: KeyOptions): NextPipelineSync<Outcomes, boolean>

  /** Whether there was an item. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): NextPipelineSync<Outcomes, boolean>

  /** The new value; a missing counter without `initial` gives `undefined`. */
  incr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CountOptions,
  ): NextPipelineSync<Outcomes, Counted<N> | undefined>

  /** The new value; a missing counter without `initial` gives `undefined`. */
  decr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CountOptions,
  ): NextPipelineSync<Outcomes, Counted<N> | undefined>

  /**
   * Sends everything, once. More than the client takes at a time (`maxPending`, 100,000 commands to a server) is
   * refused with an `OverloadedError`.
   *
   * @returns the outcomes, in the order of the calls. Never rejects because a command failed.
   */
  run(): PipelineOutcomes<Outcomes>
}

/** A pipeline that has collected one more command, with a result of type `T`. Its own type grows with each call. */
export type NextPipelineSync<Outcomes extends readonly PipelineOutcome<unknown>[], T> = CommandPipelineSync<
  [...Outcomes, PipelineOutcome<T>]
>

/** Methods of Namespace, without `await`. */
export interface NamespaceSync<T = unknown, Input = T> {
  /** Reads a value. A miss, or a value that does not fit the schema, gives `undefined`, or the option `default`. */
  get<D = undefined>(key: Key, options?: GetOptions<D>): T | D

  /** Reads a value and its cas number; a miss gives `undefined`, or the option `default`. */
  gets<D = undefined>(key: Key, options?: GetOptions<D>): ValueWithCas<T> | D

  /** Reads a value and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gat<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): T | D

  /** Reads a value and its cas number and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gats<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): ValueWithCas<T> | D

  /** Reads many values: the hits, by the caller's own keys and in their order. */
  getMany(keys: Iterable<string> & object, options?: GetManyOptions): Map<string, T>
  getMany(keys: Iterable<Key> & object, options?: GetManyOptions): Map<Key, T>

  /** Reads many values and their cas numbers. */
  getsMany(keys: Iterable<string> & object, options?: GetManyOptions): Map<string, ValueWithCas<T>>
  getsMany(keys: Iterable<Key> & object, options?: GetManyOptions): Map<Key, ValueWithCas<T>>

  /** Whether an item is there. Its value is not looked at. */
  has(key: Key, options?: KeyOptions): boolean

  /** Returns what the server knows of an item; a miss gives `undefined`. Needs the meta protocol. */
  inspect(key: Key, options?: KeyOptions): Inspection | undefined

  /** Stores a value; whether it was stored. */
  set(key: Key, value: Input, options?: WriteOptions): boolean

  /** Stores a value and reports the cas number that the item has got. As the client's `sets`; needs the meta protocol. */
  sets(key: Key, value: Input, options?: WriteOptions): SetsResult

  /** Stores a value where there is none; whether it was stored. */
  add(key: Key, value: Input, options?: AddOptions): boolean

  /** Stores a value in the place of another; whether it was stored. */
  replace(key: Key, value: Input, options?: WriteOptions): boolean

  /**
   * Adds bytes to the end of a value, past the serde and past compression; whether there was an item. A compressed value
   * is unreadable then.
   */
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): boolean

  /** Adds bytes to the beginning of a value, past the serde; whether there was an item. */
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): boolean

  /** Stores a value if the item has not changed since `gets`: `stored`, `exists` or `notFound`. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): CasResult

  /** Stores many values; the keys that were NOT stored. */
  setMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: SetManyOptions): K[]
  setMany(entries: Readonly<Record<string, Input>>, options?: SetManyOptions): string[]
  setMany(entries: Entries<Key, Input>, options: SetManyEachOptions): boolean[]

  /** Stores many values where there are none; the keys that were NOT stored. */
  addMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: AddManyOptions): K[]
  addMany(entries: Readonly<Record<string, Input>>, options?: AddManyOptions): string[]
  addMany(entries: Entries<Key, Input>, options: AddManyEachOptions): boolean[]

  /** Removes an item; whether it was there. */
  delete(key: Key, options?: KeyOptions): boolean

  /** Removes many items; how many were there. */
  deleteMany(keys: Iterable<Key> & object, options: DeleteManyOptions & ReturnEach): boolean[]
  deleteMany(keys: Iterable<Key> & object, options?: DeleteManyOptions): number

  /** Renews the time to live; whether the item was there. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): boolean

  /** Adds to a counter; the new value. If there was none: `initial`, or else `undefined`. */
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & ReturnTtl,
  ): CountedWithTtl<N> | undefined
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Counted<N>
  incr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Counted<N> | undefined

  /** Takes from a counter; the new value. If there was none: `initial`, or else `undefined`. */
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & ReturnTtl,
  ): CountedWithTtl<N> | undefined
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Counted<N>
  decr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Counted<N> | undefined

  /** Adds to many counters; the new values of those that exist. */
  incrMany<N extends number | bigint = number>(
    keys: Iterable<string> & object,
    delta?: N,
    options?: CountManyOptions,
  ): Map<string, Counted<N>>
  incrMany<N extends number | bigint = number>(
    keys: Iterable<Key> & object,
    delta?: N,
    options?: CountManyOptions,
  ): Map<Key, Counted<N>>

  /** Reads a value; where there is none, or one that does not fit the schema, loads it. As the client's `getOrSet`. */
  getOrSet(key: Key, loader: Loader<Input>, options?: GetOrSetOptions<Input>): T

  /** Reads many values and loads those that are missing, with one call of the loader. As the client's `getOrSetMany`. */
  getOrSetMany(
    keys: Iterable<string> & object,
    loader: ManyLoader<string, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Map<string, T>
  getOrSetMany(
    keys: Iterable<Key> & object,
    loader: ManyLoader<Key, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Map<Key, T>

  /** Changes a value, again where another client changed it meanwhile. As the client's `update`. */
  update(key: Key, change: (current: T | undefined) => Input | Promise<Input>, options?: UpdateOptions): Input
  update(
    key: Key,
    change: (current: T | undefined) => Input | undefined | Promise<Input | undefined>,
    options?: UpdateOptions,
  ): T | Input | undefined

  /**
   * Reads a value and removes it: of several callers at a time one gets it. A miss, or a value that does not fit the schema,
   * gives `undefined`, or the option `default`.
   */
  pop<D = undefined>(key: Key, options?: PopOptions<D>): T | D

  /** Marks a value stale; whether the item was there. As the client's `invalidate`; needs the meta protocol. */
  invalidate(key: Key, options: InvalidateOptions): boolean

  /** Collects commands to be sent together. */
  pipeline(): CommandPipelineSync

  /** The same writes without their answers. */
  readonly noreply: NamespaceNoreplySync<Input>
}

/** Methods of MetaClient, without `await`. */
export interface MetaClientSyncCommands {
  /**
   * Reads an item (`mg`).
   *
   * An empty item that waits for its value (`vivify`) has the value `undefined` for callers who use `vivify` themselves; for
   * the others it is the empty value that it is. A placeholder of a `Memcache` in text mode is `undefined` for all callers.
   *
   * @throws `SerdeError` - the stored bytes are not what the serde writes.
   * @throws `ValueTooLargeError` - the value is larger than `maxValueBytes`.
   */
  get(key: Key, options: MetaGetOptions & { readonly value: false }): MetaGetResult<undefined>
  get<T = unknown>(key: Key, options: MetaGetOptions & MayLackValue): MetaGetResult<T | undefined>
  get<T = unknown>(key: Key, options?: MetaGetOptions): MetaGetResult<T>

  /** Reads an item and renews its time to live (`mg` with `T`). */
  gat(key: Key, ttl: Ttl, options: MetaGatOptions & { readonly value: false }): MetaGetResult<undefined>
  gat<T = unknown>(key: Key, ttl: Ttl, options: MetaGatOptions & MayLackValue): MetaGetResult<T | undefined>
  gat<T = unknown>(key: Key, ttl: Ttl, options?: MetaGatOptions): MetaGetResult<T>

  /**
   * Stores a value (`ms`); with `compareCas`, only if the item has not changed.
   *
   * @throws `SerdeError` - the serde cannot store this value.
   * @throws `ValueTooLargeError` - larger than `maxItemBytes` (not sent), or than the server takes, which then has
   * deleted the old value.
   */
  set(key: Key, value: unknown, options?: MetaSetOptions): MetaStoreResult

  /** Stores a value where nothing is; else `notStored`. */
  add(key: Key, value: unknown, options?: MetaAddOptions): MetaStoreResult

  /** Stores a value where something is; else `notStored`, or with `compareCas` `notFound`. */
  replace(key: Key, value: unknown, options?: MetaReplaceOptions): MetaStoreResult

  /** Stores a value if the item still has this cas number; else `exists` or `notFound`. */
  cas(key: Key, value: unknown, cas: bigint, options?: MetaCasOptions): MetaStoreResult

  /**
   * Adds raw data after a value, past the serde and past compression; `notStored` where nothing is, or where it grows
   * too large. A compressed value cannot be extended: every later read of it is a `SerdeError`.
   */
  append(key: Key, data: string | Uint8Array, options?: MetaExtendOptions): MetaStoreResult

  /** Adds raw data in front of a value; otherwise as `append`. */
  prepend(key: Key, data: string | Uint8Array, options?: MetaExtendOptions): MetaStoreResult

  /** Removes an item (`md`). */
  delete(key: Key, options?: MetaDeleteOptions): MetaDeleteResult

  /**
   * Marks an item stale (`md` with `I`): readers keep getting the old value, with `stale`, and the first of them has
   * `won`. The item gets a new cas number, so that a caller that still stores by the old one comes too late.
   */
  invalidate(key: Key, options?: MetaInvalidateOptions): MetaDeleteResult

  /**
   * Adds to a counter (`ma`); beyond 2^64 - 1 it starts again at 0. One that the call makes has client flags 0: `get`
   * with the default serde gives it as text.
   *
   * @throws `ClientError` - the value is not a number.
   */
  incr(key: Key, delta?: number | bigint, options?: MetaCountOptions): MetaCountResult

  /**
   * Takes from a counter (`ma`); it stops at 0. One that the call makes has client flags 0: `get` with the default serde
   * gives it as text.
   *
   * @throws `ClientError` - the value is not a number.
   */
  decr(key: Key, delta?: number | bigint, options?: MetaCountOptions): MetaCountResult

  /** Renews the time to live (`mg` with `T`). */
  touch(key: Key, ttl: Ttl, options?: MetaOptions): MetaTouchResult

  /**
   * Returns what the server keeps about an item, without disturbing it (`me`).
   *
   * From memcached 1.6.40 on, keys with white space or control characters are refused: the server does not find them.
   */
  debug(key: Key, options?: KeyOptions): MetaDebugResult

  /**
   * Asks every server for any reply (`mn`): a ping.
   *
   * @throws `BatchError` - a server failed, or several.
   */
  noop(options?: ServerOptions): void

  /**
   * Empties every server, or the one that is named; at once, or in `delay` seconds.
   *
   * @throws `BatchError` - a server refused or failed.
   */
  flushAll(options?: FlushOptions): true

  /** Collects commands to be sent together; each has an outcome of its own. */
  pipeline<Quiet extends boolean = false>(
    options?: MetaPipelineOptions & { readonly quiet?: Quiet },
  ): MetaPipelineSync<Quiet>

  /**
   * Sends a meta command with flags spelled by the caller, and gives the reply as it came. The length of the value and
   * the form of the key are added; values go past the serde.
   *
   * @example
   * ```ts
   * const { status, flags } = meta.execute({ command: 'mg', key: 'user:1', flags: ['t', 's', 'N30'] })
   * ```
   */
  execute(execution: MetaExecution, options?: KeyOptions): MetaReply

  /**
   * Returns what the client has counted since it was made, or since `resetMetrics`: calls and what came of
   * their keys, failures, latencies, loads, writes, and the numbers of each server. `console.log` shows it as a table.
   */
  metrics(): ClientMetrics

  /** Begins to count anew. Connections that are open stay counted as open. */
  resetMetrics(): void

  /** Connects now instead of at the first command. Rejects with what went wrong. */
  connect(): void

  /** Closes the connections after their pending replies; the next command connects again. */
  disconnect(): void

  /** Finishes what is pending and closes for good; afterwards every call rejects with `ClosedError`. */
  close(): void

  /** Closes for good at once: what is pending, and every later call, rejects with `ClosedError`. */
  destroy(): void
}

/** Methods of MetaPipeline, without `await`. */
export interface MetaPipelineSync<Quiet extends boolean = false, Results extends readonly unknown[] = []> {
  /** Number of commands collected. */
  readonly length: number

  /** As the client's. Hits are answered in a quiet pipeline too; only a miss is not. */
  get(
    key: Key,
    options: InPipeline<MetaGetOptions> & { readonly value: false },
  ): NextMetaPipelineSync<Quiet, Results, MetaGetResult<undefined>>
  get<T = unknown>(
    key: Key,
    options: InPipeline<MetaGetOptions> & MayLackValue,
  ): NextMetaPipelineSync<Quiet, Results, MetaGetResult<T | undefined>>
  get<T = unknown>(
    key: Key,
    options?: InPipeline<MetaGetOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaGetResult<T>>

  /** As the client's. Hits are answered in a quiet pipeline too; only a miss is not. */
  gat(
    key: Key,
    ttl: Ttl,
    options: InPipeline<MetaGatOptions> & { readonly value: false },
  ): NextMetaPipelineSync<Quiet, Results, MetaGetResult<undefined>>
  gat<T = unknown>(
    key: Key,
    ttl: Ttl,
    options: InPipeline<MetaGatOptions> & MayLackValue,
  ): NextMetaPipelineSync<Quiet, Results, MetaGetResult<T | undefined>>
  gat<T = unknown>(
    key: Key,
    ttl: Ttl,
    options?: InPipeline<MetaGatOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaGetResult<T>>

  /** As the client's. */
  set(
    key: Key,
    value: unknown,
    options?: InPipeline<MetaSetOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaStoreResult>

  /** As the client's. */
  add(
    key: Key,
    value: unknown,
    options?: InPipeline<MetaAddOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaStoreResult>

  /** As the client's. */
  replace(
    key: Key,
    value: unknown,
    options?: InPipeline<MetaReplaceOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaStoreResult>

  /** As the client's. */
  cas(
    key: Key,
    value: unknown,
    cas: bigint,
    options?: InPipeline<MetaCasOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaStoreResult>

  /** As the client's. */
  append(
    key: Key,
    data: string | Uint8Array,
    options?: InPipeline<MetaExtendOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaStoreResult>

  /** As the client's. */
  prepend(
    key: Key,
    data: string | Uint8Array,
    options?: InPipeline<MetaExtendOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaStoreResult>

  /** As the client's. */
  delete(key: Key, options?: InPipeline<MetaDeleteOptions>): NextMetaPipelineSync<Quiet, Results, MetaDeleteResult>

  /** As the client's. */
  invalidate(
    key: Key,
    options?: InPipeline<MetaInvalidateOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaDeleteResult>

  /** As the client's; a quiet pipeline does not give the value. */
  incr(
    key: Key,
    delta?: number | bigint,
    options?: InPipeline<MetaCountOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaPipelineCount<Quiet>>

  /** As the client's; a quiet pipeline does not give the value. */
  decr(
    key: Key,
    delta?: number | bigint,
    options?: InPipeline<MetaCountOptions>,
  ): NextMetaPipelineSync<Quiet, Results, MetaPipelineCount<Quiet>>

  /** As the client's. Hits are answered in a quiet pipeline too. */
  touch(key: Key, ttl: Ttl, options?: InPipeline<MetaOptions>): NextMetaPipelineSync<Quiet, Results, MetaTouchResult>

  /** As the client's; answered in full by a quiet pipeline too. */
  debug(key: Key, options?: InPipeline<KeyOptions>): NextMetaPipelineSync<Quiet, Results, MetaDebugResult>

  /** As the client's; answered in full by a quiet pipeline too. */
  execute(execution: MetaExecution, options?: InPipeline<KeyOptions>): NextMetaPipelineSync<Quiet, Results, MetaReply>

  /**
   * Sends everything, once.
   *
   * @returns the outcomes, in the order of the calls. Never rejects because a command failed, only with the reason of its
   * signal.
   */
  run(options?: CallOptions): MetaOutcomes<Results>
}

/** A pipeline that has collected one more command, with a result of type `Result`. */
export type NextMetaPipelineSync<Quiet extends boolean, Results extends readonly unknown[], Result> = MetaPipelineSync<
  Quiet,
  [...Results, Result]
>

/** Methods of Clearable, without `await`. */
export interface ClearableSync {
  /**
   * Empties the namespace, whatever its size, with one command: what was stored is out of reach, and the server drops it
   * in its own time. Other processes see it within their `refreshMs`. Fails while the server of the generation is out:
   * nothing stands in for it.
   */
  clear(): void

  /**
   * A namespace within this one: its keys carry the generations of both, so that the `clear` of each of them empties it. Both
   * are read together. Its generation is an item of its own (`<prefix>generation:<inner prefix>`). `ttl` and `refreshMs` are
   * those of this namespace, unless they are given.
   */
  namespace<S extends StandardSchema>(
    prefix: string,
    options: InnerNamespaceOptions<SchemaOutput<S>> & { readonly schema: S },
  ): NamespaceSync<SchemaOutput<S>, SchemaInput<S>> & ClearableSync
  namespace<T = unknown>(prefix: string, options?: InnerNamespaceOptions<T>): NamespaceSync<T> & ClearableSync
}
