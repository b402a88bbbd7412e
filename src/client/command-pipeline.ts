import { InvalidInputError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import type { Ttl } from '../ttl.ts'
import type {
  AddOptions,
  CountOptions,
  ExtendOptions,
  GetOptions,
  GetOptionsWithDefault,
  KeyOptions,
  WriteOptions,
} from './call-options.ts'
import type { Inspection } from './inspection.ts'
import type { ValueWithCas } from './reader.ts'
import type { CasResult, Counted, SetsResult } from './results.ts'

/** Outcome of a command in a pipeline: its value, or the error that the call alone would have rejected with. */
export type PipelineOutcome<T> =
  | { readonly status: 'fulfilled'; readonly value: T }
  | { readonly status: 'rejected'; readonly reason: unknown }

/**
 * Outcomes of a pipeline, in the order of its calls. The type knows each outcome where the calls are one chain. A pipeline that
 * is filled in a loop has a list of outcomes; its variable may name their type:
 * `const reads: CommandPipeline<PipelineOutcome<User | undefined>[]> = cache.pipeline()`.
 */
export type PipelineOutcomes<Outcomes extends readonly PipelineOutcome<unknown>[]> = Outcomes extends readonly []
  ? readonly PipelineOutcome<unknown>[]
  : Outcomes

/** The commands of a client that a pipeline collects. */
export interface PipelineCommands {
  get(key: Key, options?: GetOptions<unknown>): Promise<unknown>
  gets(key: Key, options?: GetOptions<unknown>): Promise<unknown>
  gat(key: Key, ttl: Ttl, options?: GetOptions<unknown>): Promise<unknown>
  gats(key: Key, ttl: Ttl, options?: GetOptions<unknown>): Promise<unknown>
  has(key: Key, options?: KeyOptions): Promise<boolean>
  inspect(key: Key, options?: KeyOptions): Promise<Inspection | undefined>
  set(key: Key, value: unknown, options?: WriteOptions): Promise<boolean>
  sets(key: Key, value: unknown, options?: WriteOptions): Promise<SetsResult>
  add(key: Key, value: unknown, options?: AddOptions): Promise<boolean>
  replace(key: Key, value: unknown, options?: WriteOptions): Promise<boolean>
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): Promise<boolean>
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): Promise<boolean>
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): Promise<CasResult>
  delete(key: Key, options?: KeyOptions): Promise<boolean>
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<boolean>
  incr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<number | bigint | undefined>
  decr(key: Key, delta?: number | bigint, options?: CountOptions): Promise<number | bigint | undefined>
}

/**
 * Commands collected to be sent together: one round trip per server, in the order of the calls. Every command has an
 * outcome of its own; one that fails does not stop the others. Not a transaction: commands of other clients may
 * be carried out in between.
 *
 * @example
 * ```ts
 * const [user, visits] = await cache.pipeline().get<User>('user:1').incr('visits').run()
 * if (user.status === 'fulfilled') show(user.value)
 * ```
 */
export class CommandPipeline<Outcomes extends readonly PipelineOutcome<unknown>[] = []> {
  readonly #commands: PipelineCommands
  readonly #calls: (() => Promise<unknown>)[] = []
  #hasRun = false

  /** @internal */
  constructor(commands: PipelineCommands) {
    this.#commands = commands
  }

  /** Number of commands collected. */
  get length(): number {
    return this.#calls.length
  }

  /** Collects a {@link Memcache.get}: a miss gives `undefined`, or the option `default`. */
  get<T>(key: Key, options: GetOptionsWithDefault<T>): NextPipeline<Outcomes, T>
  get<T>(key: Key, options: GetOptions<null> & { readonly default: null }): NextPipeline<Outcomes, T | null>
  get<T = unknown>(key: Key, options?: GetOptions): NextPipeline<Outcomes, T | undefined>
  get<T>(key: Key, options?: GetOptions<unknown>): NextPipeline<Outcomes, T | undefined> {
    return this.#add((commands) => commands.get(key, options))
  }

  /** A miss gives `undefined`, or the option `default`. */
  gets<T>(
    key: Key,
    options: GetOptions<null> & { readonly default: null },
  ): NextPipeline<Outcomes, ValueWithCas<T> | null>
  gets<T = unknown, D = undefined>(
    key: Key,
    options: GetOptions<D> & { readonly default: D },
  ): NextPipeline<Outcomes, ValueWithCas<T> | D>
  gets<T = unknown>(key: Key, options?: GetOptions): NextPipeline<Outcomes, ValueWithCas<T> | undefined>
  gets<T, D>(key: Key, options?: GetOptions<unknown>): NextPipeline<Outcomes, ValueWithCas<T> | D> {
    return this.#add((commands) => commands.gets(key, options))
  }

  /** A miss gives `undefined`. */
  gat<T>(key: Key, ttl: Ttl, options: GetOptionsWithDefault<T>): NextPipeline<Outcomes, T>
  gat<T>(key: Key, ttl: Ttl, options: GetOptions<null> & { readonly default: null }): NextPipeline<Outcomes, T | null>
  gat<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): NextPipeline<Outcomes, T | undefined>
  gat<T>(key: Key, ttl: Ttl, options?: GetOptions<unknown>): NextPipeline<Outcomes, T | undefined> {
    return this.#add((commands) => commands.gat(key, ttl, options))
  }

  /** A miss gives `undefined`, or the option `default`. */
  gats<T>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<null> & { readonly default: null },
  ): NextPipeline<Outcomes, ValueWithCas<T> | null>
  gats<T = unknown, D = undefined>(
    key: Key,
    ttl: Ttl,
    options: GetOptions<D> & { readonly default: D },
  ): NextPipeline<Outcomes, ValueWithCas<T> | D>
  gats<T = unknown>(key: Key, ttl: Ttl, options?: GetOptions): NextPipeline<Outcomes, ValueWithCas<T> | undefined>
  gats<T, D>(key: Key, ttl: Ttl, options?: GetOptions<unknown>): NextPipeline<Outcomes, ValueWithCas<T> | D> {
    return this.#add((commands) => commands.gats(key, ttl, options))
  }

  /** Whether the item is there. */
  has(key: Key, options?: KeyOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.has(key, options))
  }

  /** A miss gives `undefined`. */
  inspect(key: Key, options?: KeyOptions): NextPipeline<Outcomes, Inspection | undefined> {
    return this.#add((commands) => commands.inspect(key, options))
  }

  /** Whether it was stored. */
  set(key: Key, value: unknown, options?: WriteOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.set(key, value, options))
  }

  /** Whether it was stored, and the cas number that the item has got. */
  sets(key: Key, value: unknown, options?: WriteOptions): NextPipeline<Outcomes, SetsResult> {
    return this.#add((commands) => commands.sets(key, value, options))
  }

  /** Whether it was stored: the key was free. */
  add(key: Key, value: unknown, options?: AddOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.add(key, value, options))
  }

  /** Whether it was stored: there was an item. */
  replace(key: Key, value: unknown, options?: WriteOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.replace(key, value, options))
  }

  /** Whether there was an item to add to. */
  append(key: Key, data: string | Uint8Array, options?: ExtendOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.append(key, data, options))
  }

  /** Whether there was an item to add to. */
  prepend(key: Key, data: string | Uint8Array, options?: ExtendOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.prepend(key, data, options))
  }

  /** `stored`, `exists` or `notFound`. */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): NextPipeline<Outcomes, CasResult> {
    return this.#add((commands) => commands.cas(key, value, cas, options))
  }

  /** Whether there was an item. */
  delete(key: Key, options?: KeyOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.delete(key, options))
  }

  /** Whether there was an item. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): NextPipeline<Outcomes, boolean> {
    return this.#add((commands) => commands.touch(key, ttl, options))
  }

  /** The new value; a missing counter without `initial` gives `undefined`. */
  incr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CountOptions,
  ): NextPipeline<Outcomes, Counted<N> | undefined> {
    return this.#add((commands) => commands.incr(key, delta, options))
  }

  /** The new value; a missing counter without `initial` gives `undefined`. */
  decr<N extends number | bigint = number>(
    key: Key,
    delta?: N,
    options?: CountOptions,
  ): NextPipeline<Outcomes, Counted<N> | undefined> {
    return this.#add((commands) => commands.decr(key, delta, options))
  }

  /**
   * Sends everything, once. More than the client takes at a time (`maxPending`, 100,000 commands to a server) is
   * refused with an `OverloadedError`.
   *
   * @returns the outcomes, in the order of the calls. Never rejects because a command failed.
   */
  async run(): Promise<PipelineOutcomes<Outcomes>> {
    if (this.#hasRun) throw new InvalidInputError('this pipeline has run already; make a new one')
    this.#hasRun = true
    // All calls are made in one turn of the event loop, whose commands leave together.
    return (await Promise.allSettled(
      this.#calls.map((call) => call()),
    )) as readonly unknown[] as PipelineOutcomes<Outcomes>
  }

  #add<T>(call: (commands: PipelineCommands) => Promise<unknown>): NextPipeline<Outcomes, T> {
    if (this.#hasRun) throw new InvalidInputError('this pipeline has run already; make a new one')
    const commands = this.#commands
    this.#calls.push(() => call(commands))
    // The same object under the type that knows of one more command.
    return this as unknown as NextPipeline<Outcomes, T>
  }
}

/** A pipeline that has collected one more command, with a result of type `T`. Its own type grows with each call. */
export type NextPipeline<Outcomes extends readonly PipelineOutcome<unknown>[], T> = CommandPipeline<
  [...Outcomes, PipelineOutcome<T>]
>
