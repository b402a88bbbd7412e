import { ClosedError, type MemcacheError } from '../errors.ts'
import type { ReadRequest } from '../protocol/classic-request.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import { DELETE, GET, GETS, type Request } from '../protocol/request.ts'
import type { Serde } from '../serde/serde.ts'
import { Batch, type BatchWindow, batchError, batchWindow, type PendingLimits, quietWindow } from './batch.ts'
import type {
  BatchOptions,
  CallOptions,
  CountManyOptions,
  DeleteManyOptions,
  GetManyOptions,
  KeyOptions,
  SetManyOptions,
} from './call-options.ts'
import { type Dispatcher, isAbsorbable } from './dispatcher.ts'
import { checkKeys, distinct, type Entries, entriesOf, withPrefix } from './entries.ts'
import { ManyReads } from './many-reads.ts'
import { checkUint64 } from './numbers.ts'
import {
  COUNT_MANY_NAMES,
  checkCallOptions,
  DELETE_MANY_NAMES,
  GET_MANY_NAMES,
  SET_MANY_NAMES,
} from './option-names.ts'
import { readBigCount, readCount, readDeleted, readNothing, readStored } from './results.ts'
import type { Values } from './values.ts'

/** Stands for a key that is not there. */
const MISSING = Symbol('missing')

/** Writes to be carried out, and those that failed already. */
interface Writes<K extends Key> {
  /** The keys of the call, in its order. */
  readonly asked: readonly K[]
  /** The keys of `operations`, in the same order. */
  readonly keys: readonly K[]
  readonly operations: readonly Operation[]
  readonly failed: Map<K, unknown>
  /** Number of keys in the call. */
  readonly total: number
}

/** The commands over many keys, with one promise per call: reads travel as one object, writes as one operation per key. */
export class BatchCommands {
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #window: BatchWindow
  readonly #quietWindow: BatchWindow
  readonly #reads: ManyReads
  readonly #read: Interpret
  readonly #readWithCas: Interpret

  constructor(dispatcher: Dispatcher, values: Values, limits: PendingLimits) {
    this.#dispatcher = dispatcher
    this.#values = values
    this.#window = batchWindow(limits)
    this.#quietWindow = quietWindow(limits)
    this.#reads = new ManyReads(dispatcher, this.#window)
    this.#read = values.reader(undefined, MISSING)
    this.#readWithCas = values.casReader(undefined, MISSING)
  }

  getMany<T, K extends Key>(keys: Iterable<K>, options: GetManyOptions | undefined): Promise<Map<K, T>> {
    return this.#readMany('getMany', GET, keys, options)
  }

  getsMany<T, K extends Key>(keys: Iterable<K>, options: GetManyOptions | undefined): Promise<Map<K, T>> {
    return this.#readMany('getsMany', GETS, keys, options)
  }

  async #readMany<T, K extends Key>(
    what: string,
    request: ReadRequest,
    keys: Iterable<K>,
    options: GetManyOptions | undefined,
  ): Promise<Map<K, T>> {
    checkCallOptions(what, options, GET_MANY_NAMES)
    const interpret = this.#reader(request, options?.serde)
    const { asked, found, failed } = await this.#reads.run(request, checkKeys(keys), interpret, MISSING, options)
    this.#settleFailures(what, 'read', failed, asked.length, found, [])
    return found as Map<K, T>
  }

  #reader({ command }: ReadRequest, serde: Serde | undefined): Interpret {
    if (serde === undefined) return command === 'get' ? this.#read : this.#readWithCas
    return command === 'get' ? this.#values.reader(serde, MISSING) : this.#values.casReader(serde, MISSING)
  }

  setMany<K extends Key>(entries: Entries<K>, options: SetManyOptions | undefined): Promise<K[]> {
    return this.#storeMany('set', entries, options)
  }

  addMany<K extends Key>(entries: Entries<K>, options: SetManyOptions | undefined): Promise<K[]> {
    return this.#storeMany('add', entries, options)
  }

  async #storeMany<K extends Key>(
    command: 'set' | 'add',
    entries: Entries<K>,
    options: SetManyOptions | undefined,
  ): Promise<K[]> {
    checkCallOptions(`${command}Many`, options, SET_MANY_NAMES)
    const writes = this.#stores(command, entries, readStored, options)
    const { done, refused, failed } = await this.#write(writes, options)
    this.#settleFailures(`${command}Many`, 'write', failed, writes.total, new Map<K, never>(), done)
    return inOrderOf(writes.asked, new Set([...refused, ...failed.keys()]))
  }

  /** Stores many values without their answers. */
  async storeManyQuietly(
    command: 'set' | 'add',
    entries: Entries<Key>,
    options: SetManyOptions | undefined,
  ): Promise<void> {
    checkCallOptions(`${command}Many`, options, SET_MANY_NAMES)
    const writes = this.#stores(command, entries, readNothing, options)
    await this.#writeQuietly(`noreply.${command}Many`, writes, options)
  }

  #stores<K extends Key>(
    command: 'set' | 'add',
    entries: Entries<K>,
    interpret: Interpret,
    options: SetManyOptions | undefined,
  ): Writes<K> {
    // A wrong call fails before any value is looked at.
    this.#values.exptime(options?.ttl)
    const pairs = entriesOf(entries).map(([key, value]) => ({ key, value, wireKey: this.#encode(key, options) }))
    const failed = new Map<K, unknown>()
    const keys: K[] = []
    const operations: Operation[] = []
    for (const { key, value, wireKey } of pairs) {
      let request: Request
      try {
        request = this.#values.storeRequest(command, key, value, 0n, options)
      } catch (error) {
        // A value that cannot be stored fails its own key; what is wrong with the call fails the call.
        if (!isAbsorbable(error)) throw error
        failed.set(key, error)
        continue
      }
      keys.push(key)
      operations.push(this.#operation(request, key, wireKey, interpret, options))
    }
    return { asked: pairs.map(({ key }) => key), keys, operations, failed, total: pairs.length }
  }

  async deleteMany(keys: Iterable<Key>, options: DeleteManyOptions | undefined): Promise<number> {
    const writes = this.#deletes(keys, readDeleted, options)
    const { done, refused, failed } = await this.#write(writes, options)
    this.#settleFailures('deleteMany', 'write', failed, writes.total, new Map<Key, never>(), done)
    return done.length - refused.length
  }

  /** Removes many items without the answers. */
  async deleteManyQuietly(keys: Iterable<Key>, options: DeleteManyOptions | undefined): Promise<void> {
    await this.#writeQuietly('noreply.deleteMany', this.#deletes(keys, readNothing, options), options)
  }

  #deletes(keys: Iterable<Key>, interpret: Interpret, options: DeleteManyOptions | undefined): Writes<Key> {
    checkCallOptions('deleteMany', options, DELETE_MANY_NAMES)
    const asked = distinct(checkKeys(keys))
    const operations = asked.map((key) => this.#operation(DELETE, key, this.#encode(key, options), interpret, options))
    return { asked, keys: asked, operations, failed: new Map(), total: asked.length }
  }

  /** What the server refuses, or may have carried out before its connection was lost, is an event. */
  async #writeQuietly(what: string, writes: Writes<Key>, options: CallOptions | undefined): Promise<void> {
    const { operations, total } = writes
    // Without answers it is not known how much of a larger batch is under way: it asks for them, and drops them.
    const isQuiet = fits(operations, this.#quietWindow)
    if (isQuiet) for (const operation of operations) operation.quiet = true
    const { failed: all } = await this.#write(writes, options, isQuiet ? this.#quietWindow : this.#window)
    const failed = new Map<Key, unknown>()
    for (const [key, reason] of all) {
      if (isAbsorbable(reason) && reason.delivery !== 'not-sent') this.#dispatcher.report(reason, [key])
      else failed.set(key, reason)
    }
    // None of them was answered, as far as the caller is to know.
    this.#settleFailures(what, 'write', failed, total, new Map<Key, never>(), [])
  }

  async incrMany<K extends Key>(
    keys: Iterable<K>,
    delta: number | bigint = 1,
    options?: CountManyOptions,
  ): Promise<Map<K, number | bigint>> {
    checkCallOptions('incrMany', options, COUNT_MANY_NAMES)
    const request = { command: 'incr', delta: checkUint64('delta', delta) } as const
    const interpret = typeof delta === 'bigint' ? readBigCount : readCount
    const asked = distinct(checkKeys(keys))
    const operations = asked.map((key) => this.#operation(request, key, this.#encode(key, options), interpret, options))
    const values: (number | bigint | undefined)[] = operations.map(() => undefined)
    const batch = new Batch(operations, this.#window, this.#dispatcher)
    await batch.run((value, operation) => {
      values[operation.index] = value as number | bigint | undefined
    }, options?.signal)
    const found = new Map<K, number | bigint>()
    for (const [at, value] of values.entries()) if (value !== undefined) found.set(asked[at]!, value)
    const done = asked.filter((key) => !batch.failed.has(key))
    this.#settleFailures('incrMany', 'write', failuresInOrder(asked, batch.failed), asked.length, found, done)
    return found
  }

  /** Runs writes: `done` were answered, `refused` of them with no. All in the order of the call, over several servers too. */
  async #write<K extends Key>(
    { asked, keys, operations, failed }: Writes<K>,
    options: CallOptions | undefined,
    window: BatchWindow = this.#window,
  ): Promise<{ done: K[]; refused: K[]; failed: Map<K, unknown> }> {
    const batch = new Batch(operations, window, this.#dispatcher)
    const answers: unknown[] = operations.map(() => MISSING)
    await batch.run((value, operation) => {
      answers[operation.index] = value
    }, options?.signal)
    return {
      done: keys.filter((_key, at) => answers[at] !== MISSING),
      refused: keys.filter((_key, at) => answers[at] === false),
      failed: failuresInOrder(asked, failed, batch.failed),
    }
  }

  /** Makes an operation of a batch. The prefix is part of the key, also where a server is chosen by it. */
  #operation(
    request: Request,
    key: Key,
    wireKey: WireKey,
    interpret: Interpret,
    options: (KeyOptions & BatchOptions) | undefined,
  ): Operation {
    const operation = this.#dispatcher.operation(request, key, wireKey, interpret, options)
    if (options?.keyPrefix !== undefined && options.routingKey === undefined) {
      operation.routingKey = this.#dispatcher.routingKey(withPrefix(options.keyPrefix, key))
    }
    return operation
  }

  #encode(key: Key, options: BatchOptions | undefined): WireKey {
    return this.#dispatcher.encodeKey(withPrefix(options?.keyPrefix, key))
  }

  /** Nothing failed, or it is absorbed and reported; else a `BatchError` with what did succeed. */
  #settleFailures<K extends Key, V>(
    what: string,
    kind: 'read' | 'write',
    failed: Map<K, unknown>,
    total: number,
    found: Map<K, V>,
    done: K[],
  ): void {
    if (failed.size === 0) return
    const reasons = [...failed.values()]
    const closed = reasons.find((reason) => reason instanceof ClosedError)
    if (closed !== undefined) {
      const { message, server, delivery, cause } = closed
      throw new ClosedError(message, { server, delivery, cause, command: what })
    }
    if (!this.#dispatcher.absorbs(kind) || !reasons.every(isAbsorbable))
      throw batchError(what, failed, total, found, done)
    for (const [key, error] of failed as Map<K, MemcacheError>) this.#dispatcher.report(error, [key])
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

function inOrderOf<K>(asked: readonly K[], some: ReadonlySet<K>): K[] {
  return some.size === 0 ? [] : [...new Set(asked)].filter((key) => some.has(key))
}

/** Whether all of them may be under way at a time; one always may. */
function fits(operations: readonly Operation[], window: BatchWindow): boolean {
  const bytes = operations.reduce((sum, operation) => sum + operation.bodyBytes, 0)
  return operations.length === 1 || (operations.length <= window.operations && bytes <= window.bytes)
}
