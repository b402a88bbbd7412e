import type { Key } from '../../protocol/key.ts'
import type { Ttl } from '../../ttl.ts'
import type {
  CountManyOptions,
  CountOptions,
  DeleteManyOptions,
  GetManyOptions,
  GetOptions,
  InvalidateOptions,
  KeyOptions,
  PopOptions,
  SetManyOptions,
  WriteOptions,
} from '../call-options.ts'
import { CommandPipeline, type PipelineCommands } from '../command-pipeline.ts'
import { checkKeys, type Entries, entriesOf, prefixed, withPrefix } from '../entries.ts'
import type { Inspection } from '../inspection.ts'
import { checkValues } from '../lease/load-group.ts'
import {
  checkLoader,
  type GetOrSetManyOptions,
  type GetOrSetOptions,
  type Loader,
  type ManyLoader,
} from '../lease/options.ts'
import { checkCallOptions, checkIsOptions } from '../option-names.ts'
import type { ValueWithCas } from '../reader.ts'
import type { Refine } from '../refine.ts'
import type { CasResult, Counted } from '../results.ts'
import type { Change, UpdateOptions } from '../update.ts'
import type { Keyspace, WhenLost } from './keyspace.ts'
import { NamespaceNoreply, type QuietWrites } from './noreply.ts'

/** The client's commands, as a namespace uses them. */
export interface NamespaceCommands extends PipelineCommands {
  getMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, unknown>>
  getsMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<unknown>>>
  setMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<Key[]>
  addMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<Key[]>
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<number>
  incrMany(keys: Iterable<Key>, delta?: number | bigint, options?: CountManyOptions): Promise<Map<Key, number | bigint>>
  pop(key: Key, options?: PopOptions): Promise<unknown>
  invalidate(key: Key, options: InvalidateOptions): Promise<boolean>
}

/** The client's commands that take a schema. */
export interface RefinedCommands {
  getOrSet(
    key: Key,
    loader: Loader<unknown>,
    options: GetOrSetManyOptions<never>,
    refine: Refine | undefined,
  ): Promise<unknown>
  getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<Key, unknown>,
    options: GetOrSetManyOptions<never>,
    refine: Refine | undefined,
  ): Promise<Map<Key, unknown>>
  update(
    key: Key,
    change: Change<unknown>,
    options: UpdateOptions | undefined,
    refine: Refine | undefined,
  ): Promise<unknown>
}

/** What a namespace is made of. */
export interface NamespaceInit {
  readonly commands: NamespaceCommands
  readonly refined: RefinedCommands
  /** The client's quiet writes, which report nothing here: the namespace does. */
  readonly quiet: QuietWrites
  readonly keyspace: Keyspace
  readonly refine: Refine | undefined
  readonly ttl: Ttl | undefined
}

const NEVER_ABORTS: AbortSignal = new AbortController().signal

const READ: WhenLost = { kind: 'read', instead: () => undefined }
const READ_MANY: WhenLost = { kind: 'read', instead: () => new Map() }
const WRITE: WhenLost = { kind: 'write', instead: () => false }
const COUNT: WhenLost = { kind: 'write', instead: () => undefined }
const NEVER: WhenLost = { kind: 'never', instead: () => undefined }

/**
 * A typed view on the keys behind a prefix: the client's commands, with keys without the prefix and values of one type.
 *
 * @typeParam T - What is read.
 * @typeParam Input - What is stored: the same, but for schemas that transform.
 */
export class Namespace<T = unknown, Input = T> {
  readonly #commands: NamespaceCommands
  readonly #refined: RefinedCommands
  readonly #keyspace: Keyspace
  readonly #refine: Refine | undefined
  readonly #ttl: { readonly ttl?: Ttl }
  readonly #noreply: NamespaceNoreply<Input>

  /** @internal */
  constructor({ commands, refined, quiet, keyspace, refine, ttl }: NamespaceInit) {
    this.#commands = commands
    this.#refined = refined
    this.#keyspace = keyspace
    this.#refine = refine
    this.#ttl = ttl === undefined ? {} : { ttl }
    this.#noreply = new NamespaceNoreply(quiet, keyspace, this.#ttl)
  }

  /** Reads a value. A miss, or a value that does not fit the schema, gives `undefined`, or the option `default`. */
  get<D = undefined>(key: Key, options?: GetOptions<D>): Promise<T | D> {
    return this.#readOne(key, options, (whole, rest) => this.#commands.get(whole, rest))
  }

  /** Reads a value and its cas number; a miss gives `undefined`, or the option `default`. */
  gets<D = undefined>(key: Key, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#readWithCas(key, options, (whole, rest) => this.#commands.gets(whole, rest))
  }

  /** Reads a value and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gat<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): Promise<T | D> {
    return this.#readOne(key, options, (whole, rest) => this.#commands.gat(whole, ttl, rest))
  }

  /** Reads a value and its cas number and renews its time to live; a miss gives `undefined`, or the option `default`. */
  gats<D = undefined>(key: Key, ttl: Ttl, options?: GetOptions<D>): Promise<ValueWithCas<T> | D> {
    return this.#readWithCas(key, options, (whole, rest) => this.#commands.gats(whole, ttl, rest))
  }

  /** Reads many values: the hits, by the caller's own keys and in their order. */
  getMany(keys: Iterable<string>, options?: GetManyOptions): Promise<Map<string, T>>
  getMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, T>>
  async getMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, T>> {
    const asked = checkKeys(keys)
    return this.#keyspace.run(READ_MANY, options, async (prefix, rest) => {
      const found = await this.#commands.getMany(asked, prefixed(prefix, rest))
      return this.#fitting(found, (value) => value) as Promise<Map<Key, T>>
    })
  }

  /** Reads many values and their cas numbers. */
  getsMany(keys: Iterable<string>, options?: GetManyOptions): Promise<Map<string, ValueWithCas<T>>>
  getsMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>>
  async getsMany(keys: Iterable<Key>, options?: GetManyOptions): Promise<Map<Key, ValueWithCas<T>>> {
    const asked = checkKeys(keys)
    return this.#keyspace.run(READ_MANY, options, async (prefix, rest) => {
      const found = await this.#commands.getsMany(asked, prefixed(prefix, rest))
      const cas = new Map(Array.from(found, ([key, item]) => [key, item.cas]))
      const fitting = await this.#fitting(found, (item) => (item as ValueWithCas<unknown>).value)
      return new Map(Array.from(fitting, ([key, value]) => [key, { value: value as T, cas: cas.get(key)! }]))
    })
  }

  /** Whether an item is there. Its value is not looked at. */
  has(key: Key, options?: KeyOptions): Promise<boolean> {
    const lost: WhenLost = { kind: 'read', instead: () => false }
    return this.#keyspace.run(lost, options, async (prefix, rest) => this.#commands.has(withPrefix(prefix, key), rest))
  }

  /** What the server knows of an item; a miss gives `undefined`. Needs the meta protocol. */
  inspect(key: Key, options?: KeyOptions): Promise<Inspection | undefined> {
    return this.#keyspace.run(READ, options, async (prefix, rest) =>
      this.#commands.inspect(withPrefix(prefix, key), rest),
    )
  }

  /** Stores a value; whether it was stored. */
  set(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.set(whole, value, this.#withTtl(rest)))
  }

  /** Stores a value where there is none; whether it was stored. */
  add(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.add(whole, value, this.#withTtl(rest)))
  }

  /** Stores a value in the place of another; whether it was stored. */
  replace(key: Key, value: Input, options?: WriteOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.replace(whole, value, this.#withTtl(rest)))
  }

  /**
   * Adds bytes to the end of a value, past the serde and past compression; whether there was an item. A compressed value
   * is unreadable then.
   */
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.append(whole, data, rest))
  }

  /** Adds bytes to the beginning of a value, past the serde; whether there was an item. */
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.prepend(whole, data, rest))
  }

  /** Stores a value if the item has not changed since `gets`: `stored`, `exists` or `notFound`. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): Promise<CasResult> {
    return this.#keyspace.run(NEVER, options, async (prefix, rest) =>
      this.#commands.cas(withPrefix(prefix, key), value, cas, this.#withTtl(rest)),
    )
  }

  /** Stores many values; the keys that were NOT stored. */
  setMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: SetManyOptions): Promise<K[]>
  setMany(entries: Readonly<Record<string, Input>>, options?: SetManyOptions): Promise<string[]>
  setMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<Key[]> {
    return this.#storeMany(entries, options, (all, rest) => this.#commands.setMany(all, rest))
  }

  /** Stores many values where there are none; the keys that were NOT stored. */
  addMany<K extends Key>(entries: Iterable<readonly [K, Input]>, options?: SetManyOptions): Promise<K[]>
  addMany(entries: Readonly<Record<string, Input>>, options?: SetManyOptions): Promise<string[]>
  addMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<Key[]> {
    return this.#storeMany(entries, options, (all, rest) => this.#commands.addMany(all, rest))
  }

  /** Removes an item; whether it was there. */
  delete(key: Key, options?: KeyOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.delete(whole, rest))
  }

  /** Removes many items; how many were there. */
  async deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<number> {
    const lost: WhenLost = { kind: 'write', instead: () => 0 }
    const asked = checkKeys(keys)
    return this.#keyspace.run(lost, options, async (prefix, rest) =>
      this.#commands.deleteMany(asked, prefixed(prefix, rest)),
    )
  }

  /** Renews the time to live; whether the item was there. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.touch(whole, ttl, rest))
  }

  /** Adds to a counter; the new value. Where there was none: `initial`, or else `undefined`. */
  incr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  incr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  incr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#count(key, options, (whole, rest) => this.#commands.incr(whole, delta, rest))
  }

  /** Takes from a counter; the new value. Where there was none: `initial`, or else `undefined`. */
  decr<N extends number | bigint = number>(
    key: Key,
    delta: N | undefined,
    options: CountOptions & { readonly initial: number | bigint },
  ): Promise<Counted<N>>
  decr<N extends number | bigint = number>(key: Key, delta?: N, options?: CountOptions): Promise<Counted<N> | undefined>
  decr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<number | bigint | undefined> {
    return this.#count(key, options, (whole, rest) => this.#commands.decr(whole, delta, rest))
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
  async incrMany(
    keys: Iterable<Key>,
    delta?: number | bigint,
    options?: CountManyOptions,
  ): Promise<Map<Key, number | bigint>> {
    const lost: WhenLost = { kind: 'write', instead: () => new Map() }
    const asked = checkKeys(keys)
    return this.#keyspace.run(lost, options, async (prefix, rest) =>
      this.#commands.incrMany(asked, delta, prefixed(prefix, rest)),
    )
  }

  /** Reads a value; where there is none, or one that does not fit the schema, loads it. As the client's `getOrSet`. */
  async getOrSet(key: Key, loader: Loader<Input>, options?: GetOrSetOptions<Input>): Promise<T> {
    checkCallOptions('getOrSet', options)
    checkLoader(loader)
    const load = loader as Loader<unknown>
    const instead = async (): Promise<unknown> =>
      this.#refineLoaded(key, await load({ key, signal: options?.signal ?? NEVER_ABORTS }))
    return this.#keyspace.runOnce({ kind: 'read', instead }, options, (prefix) => {
      const inner = prefixed(prefix, this.#withTtl(options as GetOrSetManyOptions<never> | undefined))
      return this.#refined.getOrSet(key, load, inner, this.#refine) as Promise<T>
    })
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
  async getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<never, Input>,
    options?: GetOrSetManyOptions<Input>,
  ): Promise<Map<Key, T>> {
    checkCallOptions('getOrSetMany', options)
    checkLoader(loader)
    const asked = checkKeys(keys)
    const load = loader as unknown as ManyLoader<Key, unknown>
    const instead = async (): Promise<unknown> => {
      const missing = [...new Set(asked)]
      return this.#loadedMany(missing, await load([...missing], { signal: options?.signal ?? NEVER_ABORTS }))
    }
    return this.#keyspace.runOnce({ kind: 'read', instead }, options, (prefix) => {
      const inner = prefixed(prefix, this.#withTtl(options as GetOrSetManyOptions<never> | undefined))
      return this.#refined.getOrSetMany(asked, load, inner, this.#refine) as Promise<Map<Key, T>>
    })
  }

  /** Changes a value if nobody else changes it meanwhile, else again. As the client's `update`. */
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
    return this.#keyspace.runOnce(NEVER, options, async (prefix) =>
      this.#refined.update(withPrefix(prefix, key), change as Change<unknown>, this.#withTtl(options), refine),
    )
  }

  /** Reads a value and removes it: of several callers at a time one gets it. A miss gives `undefined`. */
  pop(key: Key, options?: PopOptions): Promise<T | undefined> {
    return this.#keyspace.run(NEVER, options, async (prefix, rest) => {
      const value = await this.#commands.pop(withPrefix(prefix, key), rest)
      return value === undefined ? undefined : (this.#fit(key, value) as T | undefined)
    })
  }

  /** Marks a value stale; whether the item was there. As the client's `invalidate`; needs the meta protocol. */
  invalidate(key: Key, options: InvalidateOptions): Promise<boolean> {
    return this.#write(key, options, (whole, rest) => this.#commands.invalidate(whole, rest))
  }

  /** Collects commands to be sent together. */
  pipeline(): CommandPipeline {
    return new CommandPipeline(this)
  }

  /** The same writes without their answers. */
  get noreply(): NamespaceNoreply<Input> {
    return this.#noreply
  }

  /** The namespace's ttl, where the call has none. */
  #withTtl<O extends { readonly ttl?: unknown }>(options: O | undefined): O {
    return { ...this.#ttl, ...options } as O
  }

  async #readOne<D>(
    key: Key,
    options: GetOptions<D> | undefined,
    command: (whole: Key, rest: GetOptions) => Promise<unknown>,
  ): Promise<T | D> {
    checkIsOptions('a call', options)
    const { default: fallback, ...own } = options ?? {}
    return this.#keyspace.run({ kind: 'read', instead: () => fallback }, own, async (prefix, rest) => {
      const value = await command(withPrefix(prefix, key), rest)
      const fitting = value === undefined ? undefined : await this.#fit(key, value)
      return (fitting === undefined ? fallback : fitting) as T | D
    })
  }

  async #readWithCas<D>(
    key: Key,
    options: GetOptions<D> | undefined,
    command: (whole: Key, rest: GetOptions) => Promise<unknown>,
  ): Promise<ValueWithCas<T> | D> {
    checkIsOptions('a call', options)
    const { default: fallback, ...own } = options ?? {}
    return this.#keyspace.run({ kind: 'read', instead: () => fallback }, own, async (prefix, rest) => {
      const found = (await command(withPrefix(prefix, key), rest)) as ValueWithCas<unknown> | undefined
      if (found === undefined) return fallback as D
      const value = await this.#fit(key, found.value)
      return value === undefined ? (fallback as D) : { value: value as T, cas: found.cas }
    })
  }

  /** What the schema makes of a value; `undefined` where it does not fit. */
  async #fit(key: Key, value: unknown): Promise<unknown> {
    if (this.#refine === undefined) return value
    const refined = await this.#refine.read(value, key)
    return refined.isValid ? refined.value : undefined
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

  async #fitting(found: Map<Key, unknown>, toValue: (item: unknown) => unknown): Promise<Map<Key, unknown>> {
    const fitting = new Map<Key, unknown>()
    for (const [key, item] of found) {
      const value = await this.#fit(key, toValue(item))
      if (value !== undefined) fitting.set(key, value)
    }
    return fitting
  }

  #write<O extends KeyOptions | undefined>(
    key: Key,
    options: O,
    command: (whole: Key, rest: O) => Promise<boolean>,
  ): Promise<boolean> {
    return this.#keyspace.run(WRITE, options, async (prefix, rest) => command(withPrefix(prefix, key), rest))
  }

  async #storeMany(
    entries: Entries<Key, Input>,
    options: SetManyOptions | undefined,
    command: (entries: Iterable<readonly [Key, unknown]>, options: SetManyOptions) => Promise<Key[]>,
  ): Promise<Key[]> {
    const pairs = entriesOf(entries)
    const lost: WhenLost = { kind: 'write', instead: () => pairs.map(([key]) => key) }
    return this.#keyspace.run(lost, options, async (prefix, rest) =>
      command(pairs, prefixed(prefix, this.#withTtl(rest))),
    )
  }

  async #count(
    key: Key,
    options: CountOptions | undefined,
    command: (whole: Key, options: CountOptions | undefined) => Promise<number | bigint | undefined>,
  ): Promise<number | bigint | undefined> {
    checkIsOptions('a call', options)
    // The client refuses a ttl without `initial`.
    const own = options?.initial === undefined ? options : this.#withTtl(options)
    return this.#keyspace.run(COUNT, own, async (prefix, rest) => command(withPrefix(prefix, key), rest))
  }
}

/** Tells the schema of the caller's key, whatever the key is called behind the prefix. */
function keyed(refine: Refine, key: Key): Refine {
  const { id } = refine
  return { id, read: (value) => refine.read(value, key), loaded: (value) => refine.loaded(value, key) }
}
