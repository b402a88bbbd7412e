import { neverAborts } from '../../abort-listener.ts'
import type { Key } from '../../protocol/key.ts'
import type { Ttl } from '../../ttl.ts'
import { returnsEach } from '../batch-commands.ts'
import type {
  BatchOptions,
  CountOptions,
  ExtendOptions,
  GetManyOptions,
  GetOptions,
  KeyOptions,
  StoreManyOptions,
  UpdateOptions,
  WriteOptions,
} from '../call-options.ts'
import type { CallName } from '../calls/call-name.ts'
import { attemptCall, type Calls } from '../calls/calls.ts'
import type { Tally } from '../calls/tally.ts'
import type { Command, FailureKind } from '../commands/command.ts'
import { storeCommand } from '../commands/writes.ts'
import { count } from '../counters.ts'
import { checkKeys, type Entries, entriesOf, prefixed, withPrefix, withTtl } from '../entries.ts'
import { extend } from '../extend.ts'
import { checkValues } from '../lease/load-group.ts'
import { shareLoaded } from '../lease/load-outcome.ts'
import { checkLoader, type GetOrSetManyOptions, type Loader, type ManyLoader } from '../lease/options.ts'
import { checkCallOptions, checkIsOptions, GET_OR_SET_MANY_NAMES, GET_OR_SET_NAMES } from '../option-names.ts'
import type { ClientParts } from '../parts.ts'
import type { ValueWithCas } from '../reader.ts'
import type { Refine } from '../refine.ts'
import type { AnyCount } from '../results.ts'
import { type Change, updateValue } from '../update.ts'
import { COUNT, type GenerationFallback, type NamespaceKeys, NEVER, READ, WRITE } from './namespace-keys.ts'

/** The parts of a namespace. */
export interface PrefixedCallsInit {
  readonly parts: ClientParts
  readonly namespaceKeys: NamespaceKeys
  readonly refine: Refine | undefined
  readonly ttl: Ttl | undefined
  readonly calls: Calls
}

/** Reads the value of a key that has its prefix; gives `undefined` for a miss. */
type ReadWhole = (whole: Key, rest: GetOptions, tally: Tally | undefined) => Promise<unknown>

/** Calls of a namespace: counted, and carried out on keys with its prefix, with values that fit its schema. */
export class PrefixedCalls<Input> {
  readonly #parts: ClientParts
  readonly #calls: Calls
  readonly #namespaceKeys: NamespaceKeys
  readonly #refine: Refine | undefined
  readonly #ttl: Ttl | undefined

  constructor({ parts, namespaceKeys, refine, ttl, calls }: PrefixedCallsInit) {
    this.#parts = parts
    this.#calls = calls
    this.#namespaceKeys = namespaceKeys
    this.#refine = refine
    this.#ttl = ttl
  }

  /** Carries out a command on a key with the prefix. */
  carry<Result, O extends KeyOptions | undefined>(
    name: CallName,
    lost: GenerationFallback,
    key: Key,
    options: O,
    make: (whole: Key, rest: O) => Command,
  ): Promise<Result> {
    return this.#calls
      .of(name)
      .run(key, (tally) =>
        this.#namespaceKeys.run(lost, options, tally, (prefix, rest, own) =>
          this.#parts.dispatcher.carry(make(withPrefix(prefix, key), rest), own),
        ),
      )
  }

  /** Carries out a call about many keys. */
  overKeys<Result, O extends (KeyOptions & BatchOptions) | undefined>(
    name: CallName,
    kind: 'read' | 'write',
    instead: (asked: readonly Key[]) => Result,
    keys: Iterable<Key>,
    options: O,
    carry: (asked: readonly Key[], rest: O, tally: Tally | undefined) => Promise<Result>,
  ): Promise<Result> {
    return this.#calls.of(name).runMany(keys, (given, tally) =>
      attemptCall(tally, () => {
        const asked = checkKeys(given)
        const lost: GenerationFallback = { kind, instead: () => instead(asked), keys: asked.length }
        return this.#namespaceKeys.run(lost, options, tally, (prefix, rest, own) =>
          carry(asked, prefixed(prefix, rest), own),
        )
      }),
    )
  }

  /** Reads many values that fit the schema. */
  getMany(keys: Iterable<Key>, options: GetManyOptions | undefined): Promise<Map<Key, unknown>> {
    return this.overKeys('getMany', 'read', createMap, keys, options, async (asked, rest, tally) =>
      this.#fitting(await this.#parts.batches.getMany(asked, rest, tally), tally),
    )
  }

  /** Reads many values that fit the schema, and their cas numbers. */
  getsMany(keys: Iterable<Key>, options: GetManyOptions | undefined): Promise<Map<Key, ValueWithCas<unknown>>> {
    return this.overKeys('getsMany', 'read', createMap, keys, options, async (asked, rest, tally) => {
      const found = await this.#parts.batches.getsMany<ValueWithCas<unknown>, Key>(asked, rest, tally)
      const fitting = await this.#fitting(new Map(Array.from(found, ([key, item]) => [key, item.value])), tally)
      const withCas = Array.from(fitting, ([key, value]) => [key, { value, cas: found.get(key)!.cas }] as const)
      return new Map(withCas)
    })
  }

  /** Reads a value that fits the schema, or with `withCas` one and its cas number; else gives the option `default`. */
  readOne<Result>(
    name: CallName,
    key: Key,
    options: GetOptions<unknown> | undefined,
    make: (whole: Key, rest: GetOptions | undefined) => Command,
    withCas = false,
  ): Promise<Result> {
    if (options === undefined && this.#refine === undefined) return this.carry(name, READ, key, undefined, make)
    const read: ReadWhole = (whole, rest, tally) => this.#parts.dispatcher.carry(make(whole, rest), tally)
    return this.readWhole(name, 'read', key, options, read, withCas)
  }

  /** Reads a value in a way of its own; otherwise as `readOne`. */
  readWhole<Result>(
    name: CallName,
    kind: FailureKind,
    key: Key,
    options: GetOptions<unknown> | undefined,
    read: ReadWhole,
    withCas = false,
  ): Promise<Result> {
    return this.#calls.of(name).run(key, (tally) =>
      attemptCall(tally, () => {
        checkIsOptions('a call', options)
        const { default: fallback, ...own } = options ?? {}
        return this.#namespaceKeys.run({ kind, instead: () => fallback }, own, tally, (prefix, rest, counted) =>
          read(withPrefix(prefix, key), rest, counted).then(
            (found) => this.#present(key, found, withCas, fallback, counted) as Promise<Result>,
          ),
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
   * Returns a value as the schema reads it; `undefined` where it does not fit, which counts as a miss.
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

  /** Returns a value that was loaded and is not stored, as a later reader would get it. */
  async #presentLoaded(key: Key, loaded: unknown, options: GetOrSetManyOptions<never> | undefined): Promise<unknown> {
    if (loaded === undefined) return undefined
    const call = { key: { callerKey: key }, options, refine: this.#refine }
    return (await shareLoaded(this.#parts.values, call, loaded)).valueFor(call)
  }

  /** Reads a value, or loads it. */
  getOrSet(key: Key, loader: Loader<unknown>, options: GetOrSetManyOptions<never> | undefined): Promise<unknown> {
    return this.#calls.of('getOrSet').run(key, (tally) =>
      attemptCall(tally, () => {
        checkCallOptions('getOrSet', options, GET_OR_SET_NAMES)
        checkLoader(loader)
        const given = options?.signal
        const instead = async (): Promise<unknown> =>
          this.#presentLoaded(
            key,
            await this.#calls.loads.run([key], 'noCache', () => loader({ key, signal: given ?? neverAborts() })),
            options,
          )
        return this.#namespaceKeys.runOnce({ kind: 'read', instead }, options, tally, (prefix) => {
          const inner = prefixed(prefix, withTtl(this.#ttl, options))
          return this.#parts.getOrSet.run(key, loader, inner, this.#refine, tally)
        })
      }),
    )
  }

  /** Reads many values, and loads those that are missing. */
  getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<Key, unknown>,
    options: GetOrSetManyOptions<never> | undefined,
  ): Promise<Map<Key, unknown>> {
    return this.#calls
      .of('getOrSetMany')
      .runMany(keys, (given, tally) => attemptCall(tally, () => this.#getOrSetMany(given, loader, options, tally)))
  }

  #getOrSetMany(
    keys: Iterable<Key>,
    loader: ManyLoader<Key, unknown>,
    options: GetOrSetManyOptions<never> | undefined,
    tally: Tally | undefined,
  ): Promise<Map<Key, unknown>> {
    checkCallOptions('getOrSetMany', options, GET_OR_SET_MANY_NAMES)
    checkLoader(loader)
    const asked = checkKeys(keys)
    const instead = async (): Promise<unknown> => {
      const missing = [...new Set(asked)]
      const signal = options?.signal ?? neverAborts()
      const loaded = await this.#calls.loads.run(missing, 'noCache', () => loader([...missing], { signal }))
      return this.#loadedMany(missing, loaded, options)
    }
    const lost: GenerationFallback = { kind: 'read', instead, keys: asked.length }
    return this.#namespaceKeys.runOnce(lost, options, tally, (prefix) => {
      const inner = prefixed(prefix, withTtl(this.#ttl, options))
      return this.#parts.getOrSetMany.run(asked, loader, inner, this.#refine, tally)
    })
  }

  async #loadedMany(
    keys: readonly Key[],
    loaded: ReadonlyMap<Key, unknown>,
    options: GetOrSetManyOptions<never> | undefined,
  ): Promise<Map<Key, unknown>> {
    const values = checkValues(loaded)
    const found = new Map<Key, unknown>()
    for (const key of keys) {
      const value = await this.#presentLoaded(key, values.get(key), options)
      if (value !== undefined) found.set(key, value)
    }
    return found
  }

  async #fitting(found: ReadonlyMap<Key, unknown>, tally: Tally | undefined): Promise<Map<Key, unknown>> {
    const resets = tally?.resets
    const fitting = new Map<Key, unknown>()
    for (const [key, item] of found) {
      const value = await this.#fit(key, item, tally, resets)
      if (value !== undefined) fitting.set(key, value)
    }
    return fitting
  }

  store(
    command: 'set' | 'add' | 'replace',
    key: Key,
    value: Input,
    options: WriteOptions | undefined,
  ): Promise<boolean> {
    return this.carry(command, WRITE, key, options, (whole, rest) =>
      storeCommand(this.#parts, command, whole, value, withTtl(this.#ttl, rest)),
    )
  }

  storeMany(
    name: 'setMany' | 'addMany',
    entries: Entries<Key, Input>,
    options: StoreManyOptions | undefined,
    store: (
      pairs: readonly (readonly [Key, unknown])[],
      options: StoreManyOptions | undefined,
      tally: Tally | undefined,
    ) => Promise<Key[] | boolean[]>,
  ): Promise<Key[] | boolean[]> {
    return this.#calls.of(name).runEntries(entries, (given, tally) =>
      attemptCall(tally, () => {
        const pairs = entriesOf(given)
        const instead = (): Key[] | boolean[] =>
          returnsEach(options) ? pairs.map(() => false) : pairs.map(([key]) => key)
        const lost: GenerationFallback = { kind: 'write', instead, keys: pairs.length }
        return this.#namespaceKeys.run(lost, options, tally, (prefix, rest, own) =>
          store(pairs, prefixed(prefix, withTtl(this.#ttl, rest)), own),
        )
      }),
    )
  }

  extend(
    command: 'append' | 'prepend',
    key: Key,
    data: string | Uint8Array,
    options: ExtendOptions | undefined,
  ): Promise<boolean> {
    return this.#calls
      .of(command)
      .run(key, (tally) =>
        this.#namespaceKeys.run(WRITE, options, tally, (prefix, rest, own) =>
          extend(this.#parts, command, withPrefix(prefix, key), data, rest, own, this.#ttl),
        ),
      )
  }

  count(
    command: 'incr' | 'decr',
    key: Key,
    delta: number | bigint = 1,
    options?: CountOptions,
  ): Promise<AnyCount | undefined> {
    return this.#calls.of(command).run(key, (tally) =>
      attemptCall(tally, () => {
        checkIsOptions('a call', options)
        // A ttl without `initial` is refused.
        const own = options?.initial === undefined ? options : withTtl(this.#ttl, options)
        return this.#namespaceKeys.run(COUNT, own, tally, (prefix, rest, counted) =>
          count(this.#parts, command, withPrefix(prefix, key), delta, rest, counted),
        )
      }),
    )
  }

  /** Changes a value that fits the schema. */
  update(key: Key, change: Change<unknown>, options: UpdateOptions | undefined): Promise<unknown> {
    const refine = this.#refine && keyed(this.#refine, key)
    return this.#calls.of('update').run(key, (tally) =>
      this.#namespaceKeys.runOnce(NEVER, options, tally, (prefix) => {
        const whole = withPrefix(prefix, key)
        return updateValue(this.#parts, whole, change, options, refine, tally, this.#ttl)
      }),
    )
  }
}

function createMap(): Map<Key, never> {
  return new Map<Key, never>()
}

/** Gives the schema the caller's key, whatever the key is with the prefix. */
function keyed(refine: Refine, key: Key): Refine {
  const { id } = refine
  return { id, read: (value) => refine.read(value, key), loaded: (value) => refine.loaded(value, key) }
}
