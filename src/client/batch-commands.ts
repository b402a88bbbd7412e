import { ClosedError, errorOf, type MemcacheError } from '../errors.ts'
import type { ReadRequest } from '../protocol/classic-request.ts'
import type { Key } from '../protocol/key.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import { DELETE, GET, GET_FRESH, GETS } from '../protocol/request.ts'
import type { Serde } from '../serde/serde.ts'
import {
  Batch,
  type BatchWindow,
  batchError,
  batchWindow,
  fitsWindow,
  type PendingLimits,
  quietWindow,
  runBatch,
} from './batch.ts'
import type {
  CallOptions,
  CountManyOptions,
  DeleteManyOptions,
  GetManyOptions,
  KeyOptions,
  RemoveManyOptions,
  ReturnEach,
  StoreManyOptions,
} from './call-options.ts'
import type { Tally } from './calls/tally.ts'
import { type Dispatcher, isAbsorbable } from './dispatcher.ts'
import { checkKeys, type Entries } from './entries.ts'
import { type Findings, ManyReads } from './many-reads.ts'
import { ManyWrites, type Writes } from './many-writes.ts'
import { checkUint64 } from './numbers.ts'
import {
  ADD_MANY_NAMES,
  COUNT_MANY_NAMES,
  checkNamed,
  DELETE_MANY_NAMES,
  GET_MANY_NAMES,
  SET_MANY_NAMES,
} from './option-names.ts'
import { readBigCount, readCount, readDeleted, readNothing, readStored } from './results.ts'
import type { Values } from './values.ts'

/** The option of batches that give an outcome for each key. */
const EACH: Readonly<Record<keyof ReturnEach, true>> = { returnEach: true }

/** Stands for a key that is not there. */
const MISSING = Symbol('missing')

/** Writes that were carried out. */
interface Written<K extends Key> {
  readonly writes: Writes<K>
  /** Results of the operations, by their index. */
  readonly answers: readonly unknown[]
  readonly done: K[]
  readonly refused: K[]
  readonly failed: Map<K, unknown>
}

/** Outcome of a batch, with the tally that counts it. */
interface Outcome<K extends Key, V> {
  /** Name of the call. */
  readonly what: string
  readonly isRead?: boolean
  readonly failed: Map<K, unknown>
  /** Number of entries that failed, where a key may be in several. */
  readonly failures?: number
  /** Number of keys in the call. */
  readonly total: number
  readonly found?: Map<K, V>
  readonly done?: K[]
  readonly options: KeyOptions | undefined
  readonly tally: Tally | undefined
}

/** The commands over many keys, with one promise per call: reads travel as one object, writes as one operation per key. */
export class BatchCommands {
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #window: BatchWindow
  readonly #quietWindow: BatchWindow
  readonly #reads: ManyReads
  readonly #writes: ManyWrites
  readonly #read: Interpret
  readonly #readWithCas: Interpret

  constructor(dispatcher: Dispatcher, values: Values, limits: PendingLimits) {
    this.#dispatcher = dispatcher
    this.#values = values
    this.#window = batchWindow(limits)
    this.#quietWindow = quietWindow(limits)
    this.#reads = new ManyReads(dispatcher, this.#window)
    this.#writes = new ManyWrites(dispatcher, values)
    this.#read = values.reader(undefined, MISSING)
    this.#readWithCas = values.casReader(undefined, MISSING)
  }

  getMany<T, K extends Key>(keys: Iterable<K>, options: GetManyOptions | undefined, tally?: Tally): Promise<Map<K, T>> {
    return this.#readMany('getMany', keys, options, tally)
  }

  getsMany<T, K extends Key>(
    keys: Iterable<K>,
    options: GetManyOptions | undefined,
    tally?: Tally,
  ): Promise<Map<K, T>> {
    return this.#readMany('getsMany', keys, options, tally)
  }

  async #readMany<T, K extends Key>(
    what: 'getMany' | 'getsMany',
    keys: Iterable<K>,
    options: GetManyOptions | undefined,
    tally: Tally | undefined,
  ): Promise<Map<K, T>> {
    let own: readonly K[] | undefined
    let findings: Findings<K>
    try {
      checkNamed(what, options, GET_MANY_NAMES)
      // Options are read here, where a getter that throws fails the call alone.
      const request = what === 'getsMany' ? GETS : options?.near === false ? GET_FRESH : GET
      const interpret = this.#reader(request, options?.serde)
      own = checkKeys(keys)
      findings = await this.#reads.run(request, own, interpret, MISSING, options)
    } catch (error) {
      throw failAll(what, tally, error, own, options)
    }
    const { asked, found, failed } = findings
    const outcome = { what, isRead: true, failed, total: asked.length, found, options, tally }
    this.#settle(outcome, found.size)
    return found as Map<K, T>
  }

  #reader({ command }: ReadRequest, serde: Serde | undefined): Interpret {
    if (serde === undefined) return command === 'get' ? this.#read : this.#readWithCas
    return command === 'get' ? this.#values.reader(serde, MISSING) : this.#values.casReader(serde, MISSING)
  }

  setMany<K extends Key>(
    entries: Entries<K>,
    options: StoreManyOptions | undefined,
    tally?: Tally,
  ): Promise<K[] | boolean[]> {
    return this.#storeMany('set', entries, options, tally)
  }

  addMany<K extends Key>(
    entries: Entries<K>,
    options: StoreManyOptions | undefined,
    tally?: Tally,
  ): Promise<K[] | boolean[]> {
    return this.#storeMany('add', entries, options, tally)
  }

  async #storeMany<K extends Key>(
    command: 'set' | 'add',
    entries: Entries<K>,
    options: StoreManyOptions | undefined,
    tally: Tally | undefined,
  ): Promise<K[] | boolean[]> {
    const make = (): Writes<K> => {
      const names = command === 'add' ? ADD_MANY_NAMES : SET_MANY_NAMES
      checkNamed(`${command}Many`, options, { ...names, ...EACH })
      return this.#writes.stores(command, entries, readStored, options)
    }
    const what = `${command}Many`
    const { writes, done, refused, failed } = await this.#write(what, make, options, tally)
    const outcome = {
      what,
      failed,
      failures: writes.asked.length - done.length,
      total: writes.asked.length,
      done,
      options,
      tally,
    }
    this.#settle(outcome, done.length - refused.length)
    const lost = new Set([...refused, ...failed.keys()])
    return returnsEach(options) ? writes.asked.map((key) => !lost.has(key)) : inOrderOf(writes.asked, lost)
  }

  /** Stores many values without their answers. */
  async storeManyQuietly(
    command: 'set' | 'add',
    entries: Entries<Key>,
    options: StoreManyOptions | undefined,
    tally?: Tally,
  ): Promise<void> {
    const make = (): Writes<Key> => {
      checkNamed(`${command}Many`, options, command === 'add' ? ADD_MANY_NAMES : SET_MANY_NAMES)
      return this.#writes.stores(command, entries, readNothing, options)
    }
    await this.#writeQuietly(`noreply.${command}Many`, make, options, tally)
  }

  async deleteMany(
    keys: Iterable<Key>,
    options: RemoveManyOptions | undefined,
    tally?: Tally,
  ): Promise<number | boolean[]> {
    let given: readonly Key[] = []
    const make = (): Writes<Key> => {
      checkNamed('deleteMany', options, { ...DELETE_MANY_NAMES, ...EACH })
      given = returnsEach(options) ? checkKeys(keys) : []
      return this.#writes.alike(DELETE, returnsEach(options) ? given : keys, readDeleted, options)
    }
    const { writes, done, refused, failed } = await this.#write('deleteMany', make, options, tally)
    const deleted = done.length - refused.length
    const outcome = {
      what: 'deleteMany',
      failed,
      total: writes.asked.length,
      done,
      options,
      tally,
    }
    this.#settle(outcome, deleted)
    if (!returnsEach(options)) return deleted
    const lost = new Set([...refused, ...failed.keys()])
    return given.map((key) => !lost.has(key))
  }

  /** Removes many items without the answers. */
  async deleteManyQuietly(keys: Iterable<Key>, options: DeleteManyOptions | undefined, tally?: Tally): Promise<void> {
    const make = (): Writes<Key> => {
      checkNamed('deleteMany', options, DELETE_MANY_NAMES)
      return this.#writes.alike(DELETE, keys, readNothing, options)
    }
    await this.#writeQuietly('noreply.deleteMany', make, options, tally)
  }

  /** Writes a batch without answers. Refused writes, and those lost with their connection, are events. */
  async #writeQuietly(
    what: string,
    make: () => Writes<Key>,
    options: KeyOptions | undefined,
    tally: Tally | undefined,
  ): Promise<void> {
    const { writes, failed: all } = await this.#write(what, make, options, tally, true)
    const failed = new Map<Key, unknown>()
    for (const [key, reason] of all) {
      if (isAbsorbable(reason) && reason.delivery !== 'not-sent') this.#dispatcher.report(reason, [key])
      else failed.set(key, reason)
    }
    // None of them was answered, as far as the caller is to know.
    this.#settle({ what, failed, total: writes.asked.length, options, tally }, undefined)
  }

  async incrMany<K extends Key>(
    keys: Iterable<K>,
    delta: number | bigint = 1,
    options?: CountManyOptions,
    tally?: Tally,
  ): Promise<Map<K, number | bigint>> {
    const make = (): Writes<K> => {
      checkNamed('incrMany', options, COUNT_MANY_NAMES)
      const request = { command: 'incr', delta: checkUint64('delta', delta) } as const
      return this.#writes.alike(request, keys, typeof delta === 'bigint' ? readBigCount : readCount, options)
    }
    const { writes, answers, failed } = await this.#write('incrMany', make, options, tally)
    const { asked } = writes
    const found = new Map<K, number | bigint>()
    for (const [at, key] of asked.entries()) {
      const value = answers[at]
      if (value !== MISSING && value !== undefined) found.set(key, value as number | bigint)
    }
    const done = asked.filter((key) => !failed.has(key))
    this.#settle({ what: 'incrMany', failed, total: asked.length, found, done, options, tally }, found.size)
    return found
  }

  /** Runs writes: `done` were answered, `refused` of them with no. All in the order of the call, over several servers too. */
  async #write<K extends Key>(
    what: string,
    make: () => Writes<K>,
    options: CallOptions | undefined,
    tally: Tally | undefined,
    quietly = false,
  ): Promise<Written<K>> {
    // Keys that are not known yet when the call fails count as one key.
    let known: readonly K[] | undefined
    const answers: unknown[] = []
    try {
      const writes = make()
      const { keys, operations, failed, given, preparation } = writes
      const batch = await runBatch(this.#dispatcher, {
        given,
        preparation,
        create: () => {
          known = writes.asked
          for (let at = 0; at < operations.length; at++) answers.push(MISSING)
          return this.#batchOf(operations, quietly)
        },
        onResult: (value, { index }) => {
          answers[index] = value
        },
        signal: options?.signal,
      })
      return {
        writes,
        answers,
        done: keys.filter((_key, at) => answers[at] !== MISSING),
        refused: keys.filter((_key, at) => answers[at] === false),
        failed: failuresInOrder(writes.asked, failed, batch.failed),
      }
    } catch (error) {
      throw failAll(what, tally, error, known, options)
    }
  }

  /** Without answers it is not known how much of a larger batch is under way: it asks for them, and drops them. */
  #batchOf(operations: readonly Operation[], quietly: boolean): Batch {
    const isQuiet = quietly && fitsWindow(operations, this.#quietWindow)
    if (isQuiet) for (const operation of operations) operation.quiet = true
    return new Batch(operations, isQuiet ? this.#quietWindow : this.#window, this.#dispatcher)
  }

  /**
   * Counts the keys. Nothing failed, or it is absorbed and reported; else throws a `BatchError` with what did succeed.
   *
   * @param succeeded - Number of keys that were found or changed; undefined where that is not known.
   */
  #settle<K extends Key, V>(batch: Outcome<K, V>, succeeded: number | undefined): void {
    const { what, isRead = false, failed, failures = failed.size, total, options, tally } = batch
    if (failed.size === 0) return tally?.addMany(isRead, total, succeeded)
    const reasons = [...failed.values()]
    const closed = reasons.find((reason) => reason instanceof ClosedError)
    if (closed !== undefined) {
      tally?.fail(closed, total)
      const { message, server, delivery, cause } = closed
      throw new ClosedError(message, { server, delivery, cause, command: what })
    }
    tally?.addMany(isRead, total - failures, succeeded)
    for (const reason of reasons) tally?.fail(reason)
    // A key that was given several times failed as often.
    if (failures > failed.size) tally?.fail(reasons[0], failures - failed.size)
    if (!this.#dispatcher.absorbs(isRead ? 'read' : 'write', options) || !reasons.every(isAbsorbable))
      throw batchError(what, failed, total, batch.found ?? new Map<K, V>(), batch.done ?? [])
    tally?.absorb(isRead, failures)
    for (const [key, error] of failed as Map<K, MemcacheError>) this.#dispatcher.report(error, [key])
  }
}

/** Counts a call all of whose keys failed; those that are not known count as one. Returns the error, which names the call. */
function failAll(
  what: string,
  tally: Tally | undefined,
  error: unknown,
  keys: readonly Key[] | undefined,
  options: CallOptions | undefined,
): unknown {
  if (tally !== undefined) tally.fail(error, keys === undefined ? 1 : new Set(keys).size)
  // An aborted call rejects with the very reason of its signal.
  return error === abortReasonOf(options) ? error : errorOf(error, { about: { command: what } })
}

/** Options that cannot be read, and are refused for that, have none. */
function abortReasonOf(options: CallOptions | undefined): unknown {
  try {
    return options?.signal?.reason
  } catch {
    return undefined
  }
}

/** The keys that failed, in the order of the call. */
function failuresInOrder<K extends Key>(
  asked: readonly K[],
  ...failures: readonly ReadonlyMap<Key, unknown>[]
): Map<K, unknown> {
  const ordered = new Map<K, unknown>()
  if (failures.every(({ size }) => size === 0)) return ordered
  for (const key of asked) {
    for (const failed of failures) if (failed.has(key)) ordered.set(key, failed.get(key))
  }
  return ordered
}

/** Whether a batch of writes gives an outcome for each key. */
export function returnsEach(options: Partial<ReturnEach> | undefined): boolean {
  return options?.returnEach === true
}

function inOrderOf<K>(asked: readonly K[], some: ReadonlySet<K>): K[] {
  return some.size === 0 ? [] : [...new Set(asked)].filter((key) => some.has(key))
}
