import { errorOf } from '../errors.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'
import type { BatchOptions, DeleteManyOptions, KeyOptions, StoreManyOptions } from './call-options.ts'
import { type Dispatcher, isAbsorbable } from './dispatcher.ts'
import { checkKeys, type Entries, entriesOf, withPrefix } from './entries.ts'
import { distinctInSlices, inSlices, type Slices } from './slices.ts'
import type { Values } from './values.ts'

/** Writes to be carried out, and those that failed already. */
export class Writes<K extends Key> {
  /** Number of keys that the caller gave. */
  readonly given: number
  /** Makes the writes, and fails the call where something is wrong with it. */
  readonly preparation: Slices
  /** The keys of the call, in its order. */
  asked: readonly K[]
  /** The keys of `operations`, in the same order. */
  readonly keys: K[] = []
  readonly operations: Operation[] = []
  readonly failed: Map<K, unknown> = new Map()

  constructor(asked: readonly K[], prepare: (writes: Writes<K>) => Slices) {
    this.given = asked.length
    this.asked = asked
    this.preparation = prepare(this)
  }

  add(key: K, operation: Operation): void {
    this.keys.push(key)
    this.operations.push(operation)
  }
}

/** Makes the operations of batches of writes, one for each key. */
export class ManyWrites {
  readonly #dispatcher: Dispatcher
  readonly #values: Values

  constructor(dispatcher: Dispatcher, values: Values) {
    this.#dispatcher = dispatcher
    this.#values = values
  }

  /** Stores a value for each entry. */
  stores<K extends Key>(
    command: 'set' | 'add',
    entries: Entries<K>,
    interpret: Interpret,
    options: StoreManyOptions | undefined,
  ): Writes<K> {
    // A wrong call fails before any value is looked at.
    this.#values.exptime(options?.ttl)
    const pairs = entriesOf(entries)
    return new Writes(
      pairs.map(([key]) => key),
      (writes) => this.#makeStores(writes, command, pairs, interpret, options),
    )
  }

  *#makeStores<K extends Key>(
    writes: Writes<K>,
    command: 'set' | 'add',
    pairs: readonly (readonly [K, unknown])[],
    interpret: Interpret,
    options: StoreManyOptions | undefined,
  ): Slices {
    const wireKeys: WireKey[] = []
    yield* inSlices(pairs.length, (from, end) => {
      for (let at = from; at < end; at++) wireKeys.push(this.#encode(pairs[at]![0], options))
    })
    yield* inSlices(pairs.length, (from, end) => {
      for (let at = from; at < end; at++) {
        const [key, value] = pairs[at]!
        const request = this.#storeRequest(writes, command, key, value, options)
        if (request !== undefined) writes.add(key, this.#operation(request, key, wireKeys[at]!, interpret, options))
      }
    })
  }

  /** A value that cannot be stored fails its own key; what is wrong with the call fails the call. */
  #storeRequest<K extends Key>(
    { failed }: Writes<K>,
    command: 'set' | 'add',
    key: K,
    value: unknown,
    options: StoreManyOptions | undefined,
  ): Request | undefined {
    try {
      return this.#values.storeRequest(command, key, value, 0n, options)
    } catch (error) {
      if (!isAbsorbable(error)) throw error
      failed.set(key, errorOf(error, { about: { command, key } }))
      return undefined
    }
  }

  /** Makes the same request for each key. */
  alike<K extends Key>(
    request: Request,
    keys: Iterable<K>,
    interpret: Interpret,
    options: DeleteManyOptions | undefined,
  ): Writes<K> {
    return new Writes(checkKeys(keys), (writes) => this.#makeAlike(writes, request, interpret, options))
  }

  *#makeAlike<K extends Key>(
    writes: Writes<K>,
    request: Request,
    interpret: Interpret,
    options: DeleteManyOptions | undefined,
  ): Slices {
    const asked = yield* distinctInSlices(writes.asked)
    writes.asked = asked
    yield* inSlices(asked.length, (from, end) => {
      for (let at = from; at < end; at++) {
        const key = asked[at]!
        writes.add(key, this.#operation(request, key, this.#encode(key, options), interpret, options))
      }
    })
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
}
