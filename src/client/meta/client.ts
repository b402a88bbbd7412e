import { EventEmitter } from 'node:events'
import { closedError, InvalidInputError } from '../../errors.ts'
import { showAs, showOptions } from '../../inspect.ts'
import { flag } from '../../option-checks.ts'
import type { Key } from '../../protocol/key.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Ttl } from '../../ttl.ts'
import { AdminCommands } from '../admin.ts'
import { type BatchWindow, batchWindow } from '../batch.ts'
import type { FlushOptions, KeyOptions, ServerOptions } from '../call-options.ts'
import type { CallName } from '../calls/call-name.ts'
import { attemptCall, type Calls, createCalls, isTraced } from '../calls/calls.ts'
import { ClientEvents } from '../client-events.ts'
import type { MakeCommand } from '../commands/command.ts'
import { type ComposedBackend, composeBackend, type Servers } from '../compose.ts'
import { Dispatcher } from '../dispatcher.ts'
import type { MemcacheEvents } from '../events.ts'
import type { ClientMetrics } from '../metrics.ts'
import { takeMetrics } from '../metrics-snapshot.ts'
import { Observation } from '../observation.ts'
import { checkCallOptions } from '../option-names.ts'
import { type MemcacheOptions, type ResolvedClientOptions, resolveClientOptions } from '../options.ts'
import { createEmptyItemProbe } from '../placeholder.ts'
import { Values } from '../values.ts'
import type { MetaContext } from './command.ts'
import { countCommand } from './counters.ts'
import { debugCommand } from './debug.ts'
import { deleteCommand, invalidateCommand } from './deletes.ts'
import { executeCommand } from './execute.ts'
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
} from './options.ts'
import { HINTS } from './options.ts'
import { MetaPipeline, type MetaPipelineOptions } from './pipeline.ts'
import { createHitReader, gatCommand, getCommand, touchCommand } from './reads.ts'
import type {
  MetaCountResult,
  MetaDebugResult,
  MetaDeleteResult,
  MetaGetResult,
  MetaReply,
  MetaStoreResult,
  MetaTouchResult,
} from './results.ts'
import { casCommand, extendCommand, setCommand, storeCommand } from './stores.ts'

/**
 * The meta commands of memcached with every flag, for those who want what `Memcache` decides for them: leases, stale
 * items, cas numbers of one's own, metadata. Flags are options named for what they do; results say by `status` what came
 * of a call, and carry what was asked for. Values go through the client's serde, as in `Memcache`, whose servers and
 * options this client takes.
 *
 * Needs memcached 1.6.10 or newer and rejects with `ConnectError` elsewhere. A flag that the server's version does
 * not know is an `InvalidInputError` that names both, and nothing is sent: servers ignore some of those flags without a
 * word. Any read takes the win token of a stale item and says so (`won`): its caller is to store the value anew, or to
 * `invalidate` the item again.
 *
 * Every call may reject as those of `Memcache` do; the option `failures` makes results of failures here too, but never of
 * a call with a cas number to compare.
 *
 * @example Metadata
 * ```ts
 * const meta = new MetaClient('localhost:11211')
 * const result = await meta.get<string>('key', { returnCas: true, returnTtl: true, returnHitBefore: true })
 * if (result.status === 'hit') console.log(result.value, result.cas, result.ttl, result.hitBefore)
 * ```
 *
 * @example One caller loads, the others wait
 * ```ts
 * const lease = await meta.get<User>('user:1', { vivify: 30, recache: 10, returnCas: true })
 * if (lease.status === 'hit' && lease.won) {
 *   await meta.cas('user:1', await load(), lease.cas!, { ttl: 300 }) // not stored if another client wrote meanwhile
 * }
 * ```
 *
 * @example Reading on while a value is made anew
 * ```ts
 * await meta.invalidate('user:1', { ttl: 30 })
 * const { status, stale, won, value } = await meta.get<User>('user:1') // the old value; one caller has won
 * ```
 *
 * @example A counter that begins by itself
 * ```ts
 * const count = await meta.incr('visits', 1, { initial: 1, initialTtl: 3600 })
 * if (count.status === 'hit') console.log(count.value) // a bigint
 * ```
 */
export class MetaClient extends EventEmitter<MemcacheEvents> implements AsyncDisposable {
  readonly #backend: ComposedBackend
  readonly #calls: Calls
  readonly #observation: Observation
  readonly #events: ClientEvents = new ClientEvents(this)
  readonly #dispatcher: Dispatcher
  readonly #context: MetaContext
  readonly #admin: AdminCommands
  readonly #window: BatchWindow

  /**
   * @param servers - One server, several, or a source of servers that come and go; `localhost:11211` when left out.
   * @param options - Those of `Memcache`, checked here: a bad one throws `InvalidInputError` that names it, and so does
   * `protocol: 'text'`; `'auto'` is `'meta'`.
   */
  constructor(servers?: Servers, options: MemcacheOptions = {}) {
    super()
    const resolved = resolveMetaOptions(options)
    this.#calls = createCalls(resolved.metrics, () => this.#backend.addresses)
    const observation = new Observation(this.#calls.clientId, resolved.metrics)
    this.#observation = observation
    const events = this.#events.observer(() => this.#dispatcher)
    this.#backend = composeBackend(servers, resolved, [observation.observing, events])
    this.#dispatcher = new Dispatcher(resolved, this.#backend, (event) => {
      observation.reported(event.error)
      this.#events.tell('commandError', event)
    })
    const releaseWinToken = (operation: Operation, cas: bigint): Promise<void> =>
      this.#dispatcher.releaseWinToken(operation, cas)
    const probeEmptyItem = createEmptyItemProbe((operation) => this.#dispatcher.dispatch(operation), releaseWinToken)
    const values = new Values(resolved, releaseWinToken, probeEmptyItem)
    this.#context = { values, readValue: createHitReader(values.decoder(undefined)), quiet: false }
    this.#admin = new AdminCommands(this.#backend, this.#dispatcher)
    this.#window = batchWindow(resolved.connection)
    const statuses = (): unknown => this.#backend.servers.map(({ status }) => status)
    showAs(this, () => ({ servers: statuses(), options: showOptions(options) }))
  }

  /**
   * Reads an item (`mg`).
   *
   * An empty item that waits for its value (`vivify`) has the value `undefined` for callers who use `vivify` themselves; for
   * the others it is the empty value that it is. A placeholder of a `Memcache` in text mode is `undefined` for all callers.
   *
   * @throws `SerdeError` - the stored bytes are not what the serde writes.
   * @throws `ValueTooLargeError` - the value is larger than `maxValueBytes`.
   */
  get(key: Key, options: MetaGetOptions & { readonly value: false }): Promise<MetaGetResult<undefined>>
  get<T = unknown>(key: Key, options: MetaGetOptions & MayLackValue): Promise<MetaGetResult<T | undefined>>
  get<T = unknown>(key: Key, options?: MetaGetOptions): Promise<MetaGetResult<T>>
  get(key: Key, options?: MetaGetOptions): Promise<MetaGetResult> {
    return this.#run('get', key, getCommand, key, options)
  }

  /** Reads an item and renews its time to live (`mg` with `T`). */
  gat(key: Key, ttl: Ttl, options: MetaGatOptions & { readonly value: false }): Promise<MetaGetResult<undefined>>
  gat<T = unknown>(key: Key, ttl: Ttl, options: MetaGatOptions & MayLackValue): Promise<MetaGetResult<T | undefined>>
  gat<T = unknown>(key: Key, ttl: Ttl, options?: MetaGatOptions): Promise<MetaGetResult<T>>
  gat(key: Key, ttl: Ttl, options?: MetaGatOptions): Promise<MetaGetResult> {
    return this.#run('gat', key, gatCommand, key, ttl, options)
  }

  /**
   * Stores a value (`ms`); with `compareCas`, only if the item has not changed.
   *
   * @throws `SerdeError` - the serde cannot store this value.
   * @throws `ValueTooLargeError` - larger than `maxItemBytes` (not sent), or than the server takes, which then has
   * deleted the old value.
   */
  set(key: Key, value: unknown, options?: MetaSetOptions): Promise<MetaStoreResult> {
    return this.#run('set', key, setCommand, key, value, options)
  }

  /** Stores a value where nothing is; else `notStored`. */
  add(key: Key, value: unknown, options?: MetaAddOptions): Promise<MetaStoreResult> {
    return this.#run('add', key, storeCommand, 'add', key, value, options)
  }

  /** Stores a value where something is; else `notStored`, or with `compareCas` `notFound`. */
  replace(key: Key, value: unknown, options?: MetaReplaceOptions): Promise<MetaStoreResult> {
    return this.#run('replace', key, storeCommand, 'replace', key, value, options)
  }

  /** Stores a value if the item still has this cas number; else `exists` or `notFound`. */
  cas(key: Key, value: unknown, cas: bigint, options?: MetaCasOptions): Promise<MetaStoreResult> {
    return this.#run('cas', key, casCommand, key, value, cas, options)
  }

  /**
   * Adds raw data after a value, past the serde and past compression; `notStored` where nothing is, or where it grows
   * too large. A compressed value cannot be extended: every later read of it is a `SerdeError`.
   */
  append(key: Key, data: string | Uint8Array, options?: MetaExtendOptions): Promise<MetaStoreResult> {
    return this.#run('append', key, extendCommand, 'append', key, data, options)
  }

  /** Adds raw data in front of a value; otherwise as {@link MetaClient.append}. */
  prepend(key: Key, data: string | Uint8Array, options?: MetaExtendOptions): Promise<MetaStoreResult> {
    return this.#run('prepend', key, extendCommand, 'prepend', key, data, options)
  }

  /** Removes an item (`md`). */
  delete(key: Key, options?: MetaDeleteOptions): Promise<MetaDeleteResult> {
    return this.#run('delete', key, deleteCommand, key, options)
  }

  /**
   * Marks an item stale (`md` with `I`): readers keep getting the old value, with `stale`, and the first of them has
   * `won`. The item gets a new cas number, so that a caller that still stores by the old one comes too late.
   */
  invalidate(key: Key, options?: MetaInvalidateOptions): Promise<MetaDeleteResult> {
    return this.#run('invalidate', key, invalidateCommand, key, options)
  }

  /**
   * Adds to a counter (`ma`); beyond 2^64 - 1 it starts again at 0. One that the call makes has client flags 0: `get`
   * with the default serde gives it as text.
   *
   * @throws `ClientError` - the value is not a number.
   */
  incr(key: Key, delta?: number | bigint, options?: MetaCountOptions): Promise<MetaCountResult> {
    return this.#run('incr', key, countCommand, 'incr', key, delta, options)
  }

  /**
   * Takes from a counter (`ma`); it stops at 0. One that the call makes has client flags 0: `get` with the default serde
   * gives it as text.
   *
   * @throws `ClientError` - the value is not a number.
   */
  decr(key: Key, delta?: number | bigint, options?: MetaCountOptions): Promise<MetaCountResult> {
    return this.#run('decr', key, countCommand, 'decr', key, delta, options)
  }

  /** Renews the time to live (`mg` with `T`). */
  touch(key: Key, ttl: Ttl, options?: MetaOptions): Promise<MetaTouchResult> {
    return this.#run('touch', key, touchCommand, key, ttl, options)
  }

  /**
   * Returns what the server keeps about an item, without disturbing it (`me`).
   *
   * From memcached 1.6.40 on, keys with white space or control characters are refused: the server does not find them.
   */
  debug(key: Key, options?: KeyOptions): Promise<MetaDebugResult> {
    return this.#run('debug', key, debugCommand, key, options)
  }

  /**
   * Asks every server for any reply (`mn`): a ping.
   *
   * @throws `BatchError` - a server failed, or several.
   */
  noop(options?: ServerOptions): Promise<void> {
    return this.#calls.of('noop').runKeyless(() => this.#admin.noop(options))
  }

  /**
   * Empties every server, or the one that is named; at once, or in `delay` seconds.
   *
   * @throws `BatchError` - a server refused or failed.
   */
  flushAll(options?: FlushOptions): Promise<true> {
    return this.#calls.of('flushAll').runKeyless(() => this.#admin.flushAll(options))
  }

  /** Collects commands to be sent together; each has an outcome of its own. */
  pipeline<Quiet extends boolean = false>(
    options: MetaPipelineOptions & { readonly quiet?: Quiet } = {},
  ): MetaPipeline<Quiet> {
    // Without the option the type parameter is `false`, and so is the value.
    checkCallOptions('pipeline', options, { quiet: true }, HINTS)
    const quiet = flag('quiet', options.quiet, false) as Quiet
    return new MetaPipeline(
      { context: { ...this.#context, quiet }, calls: this.#calls, dispatcher: this.#dispatcher, window: this.#window },
      quiet,
    )
  }

  /**
   * Sends a meta command with flags spelled by the caller, and gives the reply as it came. The length of the value and
   * the form of the key are added; values go past the serde.
   *
   * @example
   * ```ts
   * const { status, flags } = await meta.execute({ command: 'mg', key: 'user:1', flags: ['t', 's', 'N30'] })
   * ```
   */
  execute(execution: MetaExecution, options?: KeyOptions): Promise<MetaReply> {
    return this.#run('execute', isTraced() ? keyOf(execution) : undefined, executeCommand, execution, options)
  }

  #run<Result, Args extends readonly unknown[]>(
    name: CallName,
    key: Key | undefined,
    make: MakeCommand<Args, MetaContext>,
    ...args: Args
  ): Promise<Result> {
    return this.#calls
      .of(name)
      .run(key, (tally) =>
        attemptCall(tally, () => this.#dispatcher.carry(make(this.#context, ...args), tally), key, name),
      )
  }

  /**
   * Returns what the client has counted since it was made, or since {@link MetaClient.resetMetrics}: calls and what came of
   * their keys, failures, latencies, loads, writes, and the numbers of each server. `console.log` shows it as a table.
   */
  metrics(): ClientMetrics {
    return takeMetrics(this.#calls, this.#observation.counts, this.#backend)
  }

  /** Begins to count anew. Connections that are open stay counted as open. */
  resetMetrics(): void {
    this.#calls.reset()
    this.#observation.reset()
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

  /** Finishes what is pending and closes for good; afterwards every call rejects with `ClosedError`. */
  async close(): Promise<void> {
    await this.#dispatcher.drain(closedError())
    await this.#backend.close()
  }

  /** Closes for good at once: what is pending, and every later call, rejects with `ClosedError`. */
  destroy(): void {
    const error = closedError()
    this.#dispatcher.destroy(error)
    this.#backend.destroy(error)
  }

  /** The same as {@link MetaClient.close}: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/** The key of a command that has not been checked yet; undefined where it cannot be read. */
function keyOf(execution: MetaExecution): Key | undefined {
  try {
    return execution.key
  } catch {
    return undefined
  }
}

function resolveMetaOptions(options: MemcacheOptions): ResolvedClientOptions {
  const resolved = resolveClientOptions(options)
  if (resolved.chunks !== undefined) {
    throw new InvalidInputError(
      'option chunks is not for a MetaClient, whose commands are about one item each; use a Memcache',
    )
  }
  if (resolved.shareReads) {
    throw new InvalidInputError('option shareReads is not for a MetaClient, whose reads may each take a win token')
  }
  if (resolved.near !== undefined) {
    throw new InvalidInputError(
      'option nearCache is not for a MetaClient, whose reads all ask the server for more than a value; use a Memcache',
    )
  }
  if (resolved.zones !== undefined) {
    throw new InvalidInputError(
      'option zones is not for a MetaClient: give each zone a MetaClient of its own, or use a Memcache',
    )
  }
  if (resolved.connection.protocol === 'text') {
    throw new InvalidInputError("option protocol must be 'auto' or 'meta' for a MetaClient, got \"text\"")
  }
  return resolved.connection.protocol === 'meta' ? resolved : resolveClientOptions({ ...options, protocol: 'meta' })
}
