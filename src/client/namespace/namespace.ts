import { showAs } from '../../inspect.ts'
import type { Key } from '../../protocol/key.ts'
import { GET } from '../../protocol/request.ts'
import type { Ttl } from '../../ttl.ts'
import { returnsEach } from '../batch-commands.ts'
import type {
  AddManyEachOptions,
  AddManyOptions,
  AddOptions,
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  ExtendOptions,
  GetManyOptions,
  GetOptions,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  RemoveManyOptions,
  ReturnEach,
  ReturnTtl,
  SetManyEachOptions,
  SetManyOptions,
  StoreManyOptions,
  UpdateOptions,
  WriteOptions,
} from '../call-options.ts'
import { type CallKind, isTraced } from '../calls/calls.ts'
import { CommandPipeline } from '../command-pipeline.ts'
import { gatCommand, gatsCommand, getCommand, getsCommand, hasCommand, inspectCommand } from '../commands/reads.ts'
import { casCommand, deleteCommand, invalidateCommand, setsCommand, touchCommand } from '../commands/writes.ts'
import { type Entries, isPlainText, withTtl } from '../entries.ts'
import type { Inspection } from '../inspection.ts'
import type { GetOrSetManyOptions, GetOrSetOptions, Loader, ManyLoader } from '../lease/options.ts'
import { NamespaceNoreply } from '../noreply.ts'
import type { ClientParts } from '../parts.ts'
import { popValue } from '../pop.ts'
import type { ValueWithCas } from '../reader.ts'
import type { Refine } from '../refine.ts'
import {
  type AnyCount,
  type CasResult,
  type Counted,
  type CountedWithTtl,
  NOT_SET,
  type SetsResult,
} from '../results.ts'
import type { Change } from '../update.ts'
import { COUNT, type GenerationFallback, type NamespaceKeys, NEVER, READ, WRITE } from './namespace-keys.ts'
import { PrefixedCalls, type PrefixedCallsInit } from './prefixed-calls.ts'

/**
 * A typed view on the keys with a prefix: the client's commands, with keys without the prefix and values of one type.
 *
 * @typeParam T - What is read.
 * @typeParam Input - What is stored: the same, but for schemas that transform.
 */
export class Namespace<T = unknown, Input = T> {
  readonly #parts: ClientParts
  /** The hot calls. */
  readonly #gets: CallKind
  readonly #namespaceKeys: NamespaceKeys
  readonly #refine: Refine | undefined
  readonly #ttl: Ttl | undefined
  readonly #noreply: NamespaceNoreply<Input>
  readonly #prefixedCalls: PrefixedCalls<Input>

  /** @internal */
  constructor(init: PrefixedCallsInit) {
    const { parts, namespaceKeys, refine, ttl, calls } = init
    this.#prefixedCalls = new PrefixedCalls(init)
    this.#parts = parts
    this.#gets = calls.of('get')
    this.#namespaceKeys = namespaceKeys
    this.#refine = refine
    this.#ttl = ttl
    showAs(this, () => ({ prefix: namespaceKeys.prefix }))
    this.#noreply = new NamespaceNoreply(parts, {
      calls,
      run: (options, tally, keys, write) => namespaceKeys.run({ ...COUNT, keys: keys ?? 1 }, options, tally, write),
      report: (error, keys) => namespaceKeys.report(error, keys),
      waits: true,
      ttl,
    })
  }

  /** Reads a value. A miss, or a value that does not fit the schema, gives `undefined`, or the option `default`. */
  get<D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    const prefix = options === undefined && this.#refine === undefined ? this.#namespaceKeys.fixedPrefix : undefined
    // The hot path, without an object for the command.
    if (prefix !== undefined && isPlainText(key) && !isTraced()) {
      const { dispatcher, values } = this.#parts
      return dispatcher.run(GET, prefix + key, values.read, 'read', undefined, undefined, this.#gets.count())
    }
    return this.#prefixedCalls.readOne('get', key, options, (whole, rest) => getCommand(this.#parts, whole, rest))
  }

  /** Reads a value and its cas number; a miss gives `undefined`, or the option `default`. */
  gets<D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#prefixedCalls.readOne(
      'gets',
      key,
      options,
      (whole, rest) => getsCommand(this.#parts, whole, rest),
      true,
    )
  }

  /** Reads a value and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gat<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): Promise<T | D> {
    return this.#prefixedCalls.readOne('gat', key, options, (whole, rest) => gatCommand(this.#parts, whole, ttl, rest))
  }

  /** Reads a value and its cas number and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gats<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#prefixedCalls.readOne(
      'gats',
      key,
      options,
      (whole, rest) => gatsCommand(this.#parts, whole, ttl, rest),
      true,
    )
  }

  /** Reads many values: the hits, by the caller's own keys and in their order. */
  getMany(keys: Iterable<string> & object, options?: GetManyOptions): Promise<Map<string, T>>
  getMany(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, T>>
  getMany(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, T>> {
    return this.#prefixedCalls.getMany(keys, options) as Promise<Map<Key, T>>
  }

  /** Reads many values and their cas numbers. */
  getsMany(keys: Iterable<string> & object, options?: GetManyOptions): Promise<Map<string, ValueWithCas<T>>>
  getsMany(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>>
  getsMany(keys: Iterable<Key> & object, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>> {
    return this.#prefixedCalls.getsMany(keys, options) as Promise<Map<Key, ValueWithCas<T>>>
  }

  /** Whether an item is there. Its value is not looked at. */
  has(key: Key, options?: KeyOptions): Promise<boolean> {
    const lost: GenerationFallback = { kind: 'read', instead: () => false }
    return this.#prefixedCalls.carry('has', lost, key, options, (whole, rest) => hasCommand(this.#parts, whole, rest))
  }

  /** Returns what the server knows of an item; a miss gives `undefined`. Needs the meta protocol. */
  inspect(key: Key, options?: KeyOptions): Promise<Inspection | undefined> {
    return this.#prefixedCalls.carry('inspect', READ, key, options, (whole, rest) =>
      inspectCommand(this.#parts, whole, rest),
    )
  }

  /** Stores a value; whether it was stored. */
  set(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#prefixedCalls.store('set', key, value, options)
  }

  /** Stores a value and reports the cas number that the item has got. As the client's `sets`; needs the meta protocol. */
  sets(key: Key, value: Input, options?: WriteOptions): Promise<SetsResult> {
    const lost: GenerationFallback = { kind: 'write', instead: () => NOT_SET }
    return this.#prefixedCalls.carry('sets', lost, key, options, (whole, rest) =>
      setsCommand(this.#parts, whole, value, withTtl(this.#ttl, rest)),
    )
  }

  /** Stores a value where there is none; whether it was stored. */
  add(key: Key, value: Input, options?: AddOptions): Promise<boolean> {
    return this.#prefixedCalls.store('add', key, value, options)
  }

  /** Stores a value in the place of another; whether it was stored. */
  replace(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#prefixedCalls.store('replace', key, value, options)
  }

  /**
   * Adds bytes to the end of a value, past the serde and past compression; whether there was an item. A compressed value
   * is unreadable then.
   */
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): Promise<boolean> {
    return this.#prefixedCalls.extend('append', key, data, options)
  }

  /** Adds bytes to the beginning of a value, past the serde; whether there was an item. */
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): Promise<boolean> {
    return this.#prefixedCalls.extend('prepend', key, data, options)
  }

  /** Stores a value if the item has not changed since `gets`: `stored`, `exists` or `notFound`. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): Promise<CasResult> {
    return this.#prefixedCalls.carry('cas', NEVER, key, options, (whole, rest) =>
      casCommand(this.#parts, whole, value, cas, withTtl(this.#ttl, rest)),
    )
  }

  /** Stores many values; the keys that were NOT stored. */
  setMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: SetManyOptions): Promise<K[]>
  setMany(entries: Readonly<Record<string, Input>>, options?: SetManyOptions): Promise<string[]>
  setMany(entries: Entries<Key, Input>, options: SetManyEachOptions): Promise<boolean[]>
  setMany(entries: Entries<Key, Input>, options?: StoreManyOptions): Promise<Key[] | boolean[]> {
    return this.#prefixedCalls.storeMany('setMany', entries, options, (pairs, rest, tally) =>
      this.#parts.batches.setMany(pairs, rest, tally),
    )
  }

  /** Stores many values where there are none; the keys that were NOT stored. */
  addMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: AddManyOptions): Promise<K[]>
  addMany(entries: Readonly<Record<string, Input>>, options?: AddManyOptions): Promise<string[]>
  addMany(entries: Entries<Key, Input>, options: AddManyEachOptions): Promise<boolean[]>
  addMany(entries: Entries<Key, Input>, options?: StoreManyOptions): Promise<Key[] | boolean[]> {
    return this.#prefixedCalls.storeMany('addMany', entries, options, (pairs, rest, tally) =>
      this.#parts.batches.addMany(pairs, rest, tally),
    )
  }

  /** Removes an item; whether it was there. */
  delete(key: Key, options?: KeyOptions): Promise<boolean> {
    return this.#prefixedCalls.carry('delete', WRITE, key, options, (whole, rest) =>
      deleteCommand(this.#parts, whole, rest),
    )
  }

  /** Removes many items; how many were there. */
  deleteMany(keys: Iterable<Key> & object, options: DeleteManyOptions & ReturnEach): Promise<boolean[]>
  deleteMany(keys: Iterable<Key> & object, options?: DeleteManyOptions): Promise<number>
  deleteMany(keys: Iterable<Key> & object, options?: RemoveManyOptions): Promise<number | boolean[]> {
    return this.#prefixedCalls.overKeys<number | boolean[], RemoveManyOptions | undefined>(
      'deleteMany',
      'write',
      (asked) => (returnsEach(options) ? asked.map(() => false) : 0),
      keys,
      options,
      (asked, rest, tally) => this.#parts.batches.deleteMany(asked, rest, tally),
    )
  }

  /** Renews the time to live; whether the item was there. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<boolean> {
    return this.#prefixedCalls.carry('touch', WRITE, key, options, (whole, rest) =>
      touchCommand(this.#parts, whole, ttl, rest),
    )
  }

  /** Adds to a counter; the new value. If there was none: `initial`, or else `undefined`. */
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
  incr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<AnyCount | undefined> {
    return this.#prefixedCalls.count('incr', key, delta, options)
  }

  /** Takes from a counter; the new value. If there was none: `initial`, or else `undefined`. */
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
  decr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<AnyCount | undefined> {
    return this.#prefixedCalls.count('decr', key, delta, options)
  }

  /** Adds to many counters; the new values of those that exist. */
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
    return this.#prefixedCalls.overKeys(
      'incrMany',
      'write',
      () => new Map(),
      keys,
      options,
      (asked, rest, tally) => this.#parts.batches.incrMany(asked, delta, rest, tally),
    )
  }

  /** Reads a value; where there is none, or one that does not fit the schema, loads it. As the client's `getOrSet`. */
  getOrSet(key: Key, loader: Loader<Input>, options?: GetOrSetOptions<Input>): Promise<T> {
    return this.#prefixedCalls.getOrSet(key, loader as Loader<unknown>, options) as Promise<T>
  }

  /** Reads many values and loads those that are missing, with one call of the loader. As the client's `getOrSetMany`. */
  getOrSetMany(
    keys: Iterable<string> & object,
    loader: ManyLoader<string, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<string, T>>
  getOrSetMany(
    keys: Iterable<Key> & object,
    loader: ManyLoader<Key, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<Key, T>>
  getOrSetMany(
    keys: Iterable<Key> & object,
    loader: ManyLoader<never, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<Key, T>> {
    return this.#prefixedCalls.getOrSetMany(keys, loader as unknown as ManyLoader<Key, unknown>, options) as Promise<
      Map<Key, T>
    >
  }

  /** Changes a value, again where another client changed it meanwhile. As the client's `update`. */
  update(key: Key, change: (current: T | undefined) => Input | Promise<Input>, options?: UpdateOptions): Promise<Input>
  update(
    key: Key,
    change: (current: T | undefined) => Input | undefined | Promise<Input | undefined>,
    options?: UpdateOptions,
  ): Promise<T | Input | undefined>
  update(
    key: Key,
    change: (current: T | undefined) => Input | undefined | Promise<Input | undefined>,
    options?: UpdateOptions,
  ): Promise<unknown> {
    return this.#prefixedCalls.update(key, change as Change<unknown>, options)
  }

  /**
   * Reads a value and removes it: of several callers at a time one gets it. A miss, or a value that does not fit the schema,
   * gives `undefined`, or the option `default`.
   */
  pop<D = undefined>(key: Key, options?: PopOptions<D>): Promise<T | D> {
    return this.#prefixedCalls.readWhole('pop', 'never', key, options, (whole, rest, own) =>
      popValue(this.#parts, whole, rest, own),
    )
  }

  /** Marks a value stale; whether the item was there. As the client's `invalidate`; needs the meta protocol. */
  invalidate(key: Key, options: InvalidateOptions): Promise<boolean> {
    return this.#prefixedCalls.carry('invalidate', WRITE, key, options, (whole, rest) =>
      invalidateCommand(this.#parts, whole, rest),
    )
  }

  /** Collects commands to be sent together. */
  pipeline(): CommandPipeline {
    return new CommandPipeline(this)
  }

  /** The same writes without their answers. */
  get noreply(): NamespaceNoreply<Input> {
    return this.#noreply
  }
}
