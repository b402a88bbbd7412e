import { showAs } from '../../inspect.ts'
import type { Key } from '../../protocol/key.ts'
import { GET } from '../../protocol/request.ts'
import type { Ttl } from '../../ttl.ts'
import type {
  BatchOptions,
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  GetManyOptions,
  GetOptions,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  SetManyOptions,
  UpdateOptions,
  WriteOptions,
} from '../call-options.ts'
import type { CallName } from '../calls/call-name.ts'
import { attemptCall, type CallKind, type Calls, isTraced } from '../calls/calls.ts'
import type { Tally } from '../calls/tally.ts'
import { CommandPipeline } from '../command-pipeline.ts'
import type { Command } from '../commands/command.ts'
import { gatCommand, gatsCommand, getCommand, getsCommand, hasCommand, inspectCommand } from '../commands/reads.ts'
import {
  casCommand,
  deleteCommand,
  extendCommand,
  invalidateCommand,
  storeCommand,
  touchCommand,
} from '../commands/writes.ts'
import { count } from '../counters.ts'
import { checkKeys, type Entries, entriesOf, isPlainText, prefixed, withPrefix, withTtl } from '../entries.ts'
import type { Inspection } from '../inspection.ts'
import { checkValues } from '../lease/load-group.ts'
import {
  checkLoader,
  type GetOrSetManyOptions,
  type GetOrSetOptions,
  type Loader,
  type ManyLoader,
} from '../lease/options.ts'
import { NamespaceNoreply } from '../noreply.ts'
import { checkCallOptions, checkIsOptions, GET_OR_SET_MANY_NAMES, GET_OR_SET_NAMES } from '../option-names.ts'
import type { ClientParts } from '../parts.ts'
import { popValue } from '../pop.ts'
import type { ValueWithCas } from '../reader.ts'
import type { Refine } from '../refine.ts'
import type { CasResult, Counted } from '../results.ts'
import { type Change, updateValue } from '../update.ts'
import type { Keyspace, WhenLost } from './keyspace.ts'

/** What a namespace is made of. */
export interface NamespaceInit {
  readonly parts: ClientParts
  readonly keyspace: Keyspace
  readonly refine: Refine | undefined
  readonly ttl: Ttl | undefined
  readonly calls: Calls
}

const NEVER_ABORTS: AbortSignal = new AbortController().signal

const READ: WhenLost = { kind: 'read', instead: () => undefined }
const WRITE: WhenLost = { kind: 'write', instead: () => false }
const COUNT: WhenLost = { kind: 'write', instead: () => undefined }
const QUIET: WhenLost = COUNT
const NEVER: WhenLost = { kind: 'never', instead: () => undefined }

/**
 * A typed view on the keys behind a prefix: the client's commands, with keys without the prefix and values of one type.
 *
 * @typeParam T - What is read.
 * @typeParam Input - What is stored: the same, but for schemas that transform.
 */
export class Namespace<T = unknown, Input = T> {
  readonly #parts: ClientParts
  readonly #calls: Calls
  /** The hot calls. */
  readonly #gets: CallKind
  readonly #keyspace: Keyspace
  readonly #refine: Refine | undefined
  readonly #ttl: Ttl | undefined
  readonly #noreply: NamespaceNoreply<Input>

  /** @internal */
  constructor({ parts, keyspace, refine, ttl, calls }: NamespaceInit) {
    this.#parts = parts
    this.#calls = calls
    this.#gets = calls.of('get')
    this.#keyspace = keyspace
    this.#refine = refine
    this.#ttl = ttl
    showAs(this, () => ({ prefix: keyspace.prefix }))
    this.#noreply = new NamespaceNoreply(parts, {
      calls,
      run: (options, tally, keys, write) => keyspace.run({ ...QUIET, keys: keys ?? 1 }, options, tally, write),
      report: (error, keys) => keyspace.report(error, keys),
      waits: true,
      ttl,
    })
  }

  /** Reads a value. A miss, or a value that does not fit the schema, gives `undefined`, or the option `default`. */
  get<D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    const prefix = options === undefined && this.#refine === undefined ? this.#keyspace.fixedPrefix : undefined
    // The hot path, without an object for the command.
    if (prefix !== undefined && isPlainText(key) && !isTraced()) {
      const { dispatcher, values } = this.#parts
      return dispatcher.run(GET, prefix + key, values.read, 'read', undefined, undefined, this.#gets.count())
    }
    return this.#readOne('get', key, options, (whole, rest) => getCommand(this.#parts, whole, rest))
  }

  /** Reads a value and its cas number; a miss gives `undefined`, or the option `default`. */
  gets<D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#readOne('gets', key, options, (whole, rest) => getsCommand(this.#parts, whole, rest), true)
  }

  /** Reads a value and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gat<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): Promise<T | D> {
    return this.#readOne('gat', key, options, (whole, rest) => gatCommand(this.#parts, whole, ttl, rest))
  }

  /** Reads a value and its cas number and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gats<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#readOne('gats', key, options, (whole, rest) => gatsCommand(this.#parts, whole, ttl, rest), true)
  }

  /** Reads many values: the hits, by the caller's own keys and in their order. */
  getMany(keys: Iterable<string>, options?: GetManyOptions): Promise<Map<string, T>>
  getMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, T>>
  getMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, T>> {
    return this.#overKeys(
      'getMany',
      'read',
      () => new Map(),
      keys,
      options,
      async (asked, rest, tally) => {
        const found = await this.#parts.batches.getMany(asked, rest, tally)
        return this.#fitting(found, (value) => value, tally) as Promise<Map<Key, T>>
      },
    )
  }

  /** Reads many values and their cas numbers. */
  getsMany(keys: Iterable<string>, options?: GetManyOptions): Promise<Map<string, ValueWithCas<T>>>
  getsMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>>
  getsMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>> {
    return this.#overKeys(
      'getsMany',
      'read',
      () => new Map(),
      keys,
      options,
      async (asked, rest, tally) => {
        const found = await this.#parts.batches.getsMany<ValueWithCas<unknown>, Key>(asked, rest, tally)
        const cas = new Map(Array.from(found, ([key, item]) => [key, item.cas]))
        const fitting = await this.#fitting(found, (item) => (item as ValueWithCas<unknown>).value, tally)
        return new Map(Array.from(fitting, ([key, value]) => [key, { value: value as T, cas: cas.get(key)! }]))
      },
    )
  }

  /** Whether an item is there. Its value is not looked at. */
  has(key: Key, options?: KeyOptions): Promise<boolean> {
    const lost: WhenLost = { kind: 'read', instead: () => false }
    return this.#carry('has', lost, key, options, (whole, rest) => hasCommand(this.#parts, whole, rest))
  }

  /** What the server knows of an item; a miss gives `undefined`. Needs the meta protocol. */
  inspect(key: Key, options?: KeyOptions): Promise<Inspection | undefined> {
    return this.#carry('inspect', READ, key, options, (whole, rest) => inspectCommand(this.#parts, whole, rest))
  }

  /** Stores a value; whether it was stored. */
  set(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#store('set', key, value, options)
  }

  /** Stores a value where there is none; whether it was stored. */
  add(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#store('add', key, value, options)
  }

  /** Stores a value in the place of another; whether it was stored. */
  replace(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#store('replace', key, value, options)
  }

  /**
   * Adds bytes to the end of a value, past the serde and past compression; whether there was an item. A compressed value
   * is unreadable then.
   */
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<boolean> {
    return this.#carry('append', WRITE, key, options, (whole, rest) =>
      extendCommand(this.#parts, 'append', whole, data, rest),
    )
  }

  /** Adds bytes to the beginning of a value, past the serde; whether there was an item. */
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<boolean> {
    return this.#carry('prepend', WRITE, key, options, (whole, rest) =>
      extendCommand(this.#parts, 'prepend', whole, data, rest),
    )
  }

  /** Stores a value if the item has not changed since `gets`: `stored`, `exists` or `notFound`. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): Promise<CasResult> {
    return this.#carry('cas', NEVER, key, options, (whole, rest) =>
      casCommand(this.#parts, whole, value, cas, withTtl(this.#ttl, rest)),
    )
  }

  /** Stores many values; the keys that were NOT stored. */
  setMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: SetManyOptions): Promise<K[]>
  setMany(entries: Readonly<Record<string, Input>>, options?: SetManyOptions): Promise<string[]>
  setMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<Key[]> {
    return this.#storeMany('setMany', entries, options, (pairs, rest, tally) =>
      this.#parts.batches.setMany(pairs, rest, tally),
    )
  }

  /** Stores many values where there are none; the keys that were NOT stored. */
  addMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: SetManyOptions): Promise<K[]>
  addMany(entries: Readonly<Record<string, Input>>, options?: SetManyOptions): Promise<string[]>
  addMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<Key[]> {
    return this.#storeMany('addMany', entries, options, (pairs, rest, tally) =>
      this.#parts.batches.addMany(pairs, rest, tally),
    )
  }

  /** Removes an item; whether it was there. */
  delete(key: Key, options?: KeyOptions): Promise<boolean> {
    return this.#carry('delete', WRITE, key, options, (whole, rest) => deleteCommand(this.#parts, whole, rest))
  }

  /** Removes many items; how many were there. */
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<number> {
    return this.#overKeys(
      'deleteMany',
      'write',
      () => 0,
      keys,
      options,
      (asked, rest, tally) => this.#parts.batches.deleteMany(asked, rest, tally),
    )
  }

  /** Renews the time to live; whether the item was there. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<boolean> {
    return this.#carry('touch', WRITE, key, options, (whole, rest) => touchCommand(this.#parts, whole, ttl, rest))
  }

  /** Adds to a counter; the new value. Where there was none: `initial`, or else `undefined`. */
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  incr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  incr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#count('incr', key, delta, options)
  }

  /** Takes from a counter; the new value. Where there was none: `initial`, or else `undefined`. */
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  decr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  decr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#count('decr', key, delta, options)
  }

  /** Adds to many counters; the new values of those that exist. */
  incrMany<N extends number | bigint = number>(
    keys: Iterable<string>,
    delta?: N,
    options?: CountManyOptions,
  ): Promise<Map<string, Counted<N>>>
  incrMany<N extends number | bigint = number>(
    keys: Iterable<Key>,
    delta?: N,
    options?: CountManyOptions,
  ): Promise<Map<Key, Counted<N>>>
  incrMany(
    keys: Iterable<Key>,
    delta?: number | bigint,
    options?: CountManyOptions,
  ): Promise<Map<Key, number | bigint>> {
    return this.#overKeys(
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
    return this.#calls.of('getOrSet').run(key, (tally) =>
      attemptCall(tally, () => {
        checkCallOptions('getOrSet', options, GET_OR_SET_NAMES)
        checkLoader(loader)
        const load = loader as Loader<unknown>
        const instead = async (): Promise<unknown> =>
          this.#refineLoaded(
            key,
            await this.#calls.loads.run([key], 'noCache', () => load({ key, signal: options?.signal ?? NEVER_ABORTS })),
          )
        return this.#keyspace.runOnce({ kind: 'read', instead }, options, tally, (prefix) => {
          const inner = prefixed(prefix, withTtl(this.#ttl, options as GetOrSetManyOptions<never> | undefined))
          return this.#parts.getOrSet.run(key, load, inner, this.#refine, tally) as Promise<T>
        })
      }),
    )
  }

  /** Reads many values and loads those that are missing, with one call of the loader. As the client's `getOrSetMany`. */
  getOrSetMany(
    keys: Iterable<string>,
    loader: ManyLoader<string, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<string, T>>
  getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<Key, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<Key, T>>
  getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<never, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<Key, T>> {
    return this.#calls
      .of('getOrSetMany')
      .runMany(keys, (given, tally) => attemptCall(tally, () => this.#getOrSetMany(given, loader, options, tally)))
  }

  #getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<never, Input>,
    options: GetOrSetManyOptions<Input> | undefined,
    tally: Tally | undefined,
  ): Promise<Map<Key, T>> {
    checkCallOptions('getOrSetMany', options, GET_OR_SET_MANY_NAMES)
    checkLoader(loader)
    const asked = checkKeys(keys)
    const load = loader as unknown as ManyLoader<Key, unknown>
    const instead = async (): Promise<unknown> => {
      const missing = [...new Set(asked)]
      const signal = options?.signal ?? NEVER_ABORTS
      const loaded = await this.#calls.loads.run(missing, 'noCache', () => load([...missing], { signal }))
      return this.#loadedMany(missing, loaded)
    }
    const lost: WhenLost = { kind: 'read', instead, keys: asked.length }
    return this.#keyspace.runOnce(lost, options, tally, (prefix) => {
      const inner = prefixed(prefix, withTtl(this.#ttl, options as GetOrSetManyOptions<never> | undefined))
      return this.#parts.getOrSetMany.run(asked, load, inner, this.#refine, tally) as Promise<Map<Key, T>>
    })
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
    const refine = this.#refine && keyed(this.#refine, key)
    return this.#calls.of('update').run(key, (tally) =>
      this.#keyspace.runOnce(NEVER, options, tally, (prefix) => {
        const own = withTtl(this.#ttl, options)
        return updateValue(this.#parts, withPrefix(prefix, key), change as Change<unknown>, own, refine, tally)
      }),
    )
  }

  /** Reads a value and removes it: of several callers at a time one gets it. A miss gives `undefined`. */
  pop(key: Key, options?: PopOptions): Promise<T | undefined> {
    return this.#calls
      .of('pop')
      .run(key, (tally) =>
        this.#keyspace.run(NEVER, options, tally, (prefix, rest, own) =>
          popValue(this.#parts, withPrefix(prefix, key), rest, own).then(
            (value) => (value === undefined ? undefined : this.#fit(key, value, own)) as T | undefined,
          ),
        ),
      )
  }

  /** Marks a value stale; whether the item was there. As the client's `invalidate`; needs the meta protocol. */
  invalidate(key: Key, options: InvalidateOptions): Promise<boolean> {
    return this.#carry('invalidate', WRITE, key, options, (whole, rest) => invalidateCommand(this.#parts, whole, rest))
  }

  /** Collects commands to be sent together. */
  pipeline(): CommandPipeline {
    return new CommandPipeline(this)
  }

  /** The same writes without their answers. */
  get noreply(): NamespaceNoreply<Input> {
    return this.#noreply
  }

  /** Carries out a command on a key behind the prefix. */
  #carry<Result, O extends KeyOptions | undefined>(
    name: CallName,
    lost: WhenLost,
    key: Key,
    options: O,
    make: (whole: Key, rest: O) => Command,
  ): Promise<Result> {
    return this.#calls
      .of(name)
      .run(key, (tally) =>
        this.#keyspace.run(lost, options, tally, (prefix, rest, own) =>
          this.#parts.dispatcher.carry(make(withPrefix(prefix, key), rest), own),
        ),
      )
  }

  /** Carries out a call about many keys. */
  #overKeys<Result, O extends (KeyOptions & BatchOptions) | undefined>(
    name: CallName,
    kind: 'read' | 'write',
    instead: () => Result,
    keys: Iterable<Key>,
    options: O,
    carry: (asked: readonly Key[], rest: O, tally: Tally | undefined) => Promise<Result>,
  ): Promise<Result> {
    return this.#calls.of(name).runMany(keys, (given, tally) =>
      attemptCall(tally, () => {
        const asked = checkKeys(given)
        const lost: WhenLost = { kind, instead, keys: asked.length }
        return this.#keyspace.run(lost, options, tally, (prefix, rest, own) =>
          carry(asked, prefixed(prefix, rest), own),
        )
      }),
    )
  }

  /** Reads a value that fits the schema, or with `withCas` one and its cas number; else gives the option `default`. */
  #readOne<Result>(
    name: CallName,
    key: Key,
    options: GetOptions<unknown> | undefined,
    make: (whole: Key, rest: GetOptions | undefined) => Command,
    withCas = false,
  ): Promise<Result> {
    if (options === undefined && this.#refine === undefined) return this.#carry(name, READ, key, undefined, make)
    return this.#calls.of(name).run(key, (tally) =>
      attemptCall(tally, () => {
        checkIsOptions('a call', options)
        const { default: fallback, ...own } = options ?? {}
        const lost: WhenLost = { kind: 'read', instead: () => fallback }
        return this.#keyspace.run(lost, own, tally, (prefix, rest, counted) =>
          this.#parts.dispatcher
            .carry(make(withPrefix(prefix, key), rest), counted)
            .then((found: unknown) => this.#present(key, found, withCas, fallback, counted) as Promise<Result>),
        )
      }),
    )
  }

  /** Returns what the caller gets of what was found. */
  async #present(
    key: Key,
    found: unknown,
    withCas: boolean,
    fallback: unknown,
    tally: Tally | undefined,
  ): Promise<unknown> {
    if (found === undefined) return fallback
    const { value: read, cas } = withCas ? (found as ValueWithCas<unknown>) : { value: found, cas: 0n }
    const value = await this.#fit(key, read, tally)
    if (value === undefined) return fallback
    return withCas ? { value, cas } : value
  }

  /**
   * What the schema makes of a value; `undefined` where it does not fit, which counts as a miss.
   *
   * @param resets - Those of the tally when the hit was counted.
   */
  async #fit(
    key: Key,
    value: unknown,
    tally: Tally | undefined,
    resets: number = tally?.resets ?? 0,
  ): Promise<unknown> {
    if (this.#refine === undefined) return value
    try {
      const refined = await this.#refine.read(value, key)
      if (refined.isValid) return refined.value
    } catch (error) {
      tally?.refuseHit(error, resets)
      throw error
    }
    tally?.missHit(resets)
    return undefined
  }

  /** What the schema makes of a value that was loaded and is not stored. */
  async #refineLoaded(key: Key, loaded: unknown): Promise<unknown> {
    return this.#refine === undefined || loaded === undefined ? loaded : this.#refine.loaded(loaded, key)
  }

  async #loadedMany(keys: readonly Key[], loaded: ReadonlyMap<Key, unknown>): Promise<Map<Key, unknown>> {
    const values = checkValues(loaded)
    const found = new Map<Key, unknown>()
    for (const key of keys) {
      const value = await this.#refineLoaded(key, values.get(key))
      if (value !== undefined) found.set(key, value)
    }
    return found
  }

  async #fitting(
    found: Map<Key, unknown>,
    toValue: (item: unknown) => unknown,
    tally: Tally | undefined,
  ): Promise<Map<Key, unknown>> {
    const resets = tally?.resets
    const fitting = new Map<Key, unknown>()
    for (const [key, item] of found) {
      const value = await this.#fit(key, toValue(item), tally, resets)
      if (value !== undefined) fitting.set(key, value)
    }
    return fitting
  }

  #store(
    command: 'set' | 'add' | 'replace',
    key: Key,
    value: Input,
    options: WriteOptions | undefined,
  ): Promise<boolean> {
    return this.#carry(command, WRITE, key, options, (whole, rest) =>
      storeCommand(this.#parts, command, whole, value, withTtl(this.#ttl, rest)),
    )
  }

  #storeMany(
    name: 'setMany' | 'addMany',
    entries: Entries<Key, Input>,
    options: SetManyOptions | undefined,
    store: (
      pairs: readonly (readonly [Key, unknown])[],
      options: SetManyOptions | undefined,
      tally: Tally | undefined,
    ) => Promise<Key[]>,
  ): Promise<Key[]> {
    return this.#calls.of(name).runEntries(entries, (given, tally) =>
      attemptCall(tally, () => {
        const pairs = entriesOf(given)
        const lost: WhenLost = { kind: 'write', instead: () => pairs.map(([key]) => key), keys: pairs.length }
        return this.#keyspace.run(lost, options, tally, (prefix, rest, own) =>
          store(pairs, prefixed(prefix, withTtl(this.#ttl, rest)), own),
        )
      }),
    )
  }

  #count(
    command: 'incr' | 'decr',
    key: Key,
    delta: number | bigint = 1,
    options?: CountOptions,
  ): Promise<number | bigint | undefined> {
    return this.#calls.of(command).run(key, (tally) =>
      attemptCall(tally, () => {
        checkIsOptions('a call', options)
        // A ttl without `initial` is refused.
        const own = options?.initial === undefined ? options : withTtl(this.#ttl, options)
        return this.#keyspace.run(COUNT, own, tally, (prefix, rest, counted) =>
          count(this.#parts, command, withPrefix(prefix, key), delta, rest, counted),
        )
      }),
    )
  }
}

/** Tells the schema of the caller's key, whatever the key is called behind the prefix. */
function keyed(refine: Refine, key: Key): Refine {
  const { id } = refine
  return { id, read: (value) => refine.read(value, key), loaded: (value) => refine.loaded(value, key) }
}
