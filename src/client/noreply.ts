import type { Key } from '../protocol/key.ts'
import { DELETE, type Request } from '../protocol/request.ts'
import type { Ttl } from '../ttl.ts'
import type { BatchCommands } from './batch-commands.ts'
import type { DeleteManyOptions, KeyOptions, SetManyOptions, WriteOptions } from './call-options.ts'
import { attempt, type Dispatcher } from './dispatcher.ts'
import type { Entries } from './entries.ts'
import { checkCas, checkUint64 } from './numbers.ts'
import { checkCallOptions, requireTtl } from './option-names.ts'
import { readNothing } from './results.ts'
import type { Values } from './values.ts'

/**
 * The writes of a client without their answers. A call resolves, to nothing, when its bytes are out of the caller's
 * hands: sent, or copied to be sent. Whether the server carried it out is not known; what it refuses comes as one
 * `commandError` event for the run of quiet commands that it was in, and what could not be sent rejects. A batch of more
 * than half of what the client takes at a time (`maxPending`, `maxPendingBytes`) is sent in parts: it asks for its answers,
 * and drops them. Later calls for its keys wait for it.
 *
 * In text mode the server swallows refusals: a value that is too large is dropped, and the old one deleted, without a
 * word (protocol.txt, "noreply").
 */
export class NoreplyCommands {
  readonly #dispatcher: Dispatcher
  readonly #values: Values
  readonly #batches: BatchCommands

  /** @internal */
  constructor(dispatcher: Dispatcher, values: Values, batches: BatchCommands) {
    this.#dispatcher = dispatcher
    this.#values = values
    this.#batches = batches
  }

  /** Stores a value. */
  set(key: Key, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#store('set', key, value, 0n, options)
  }

  /** Stores a value where there is none. */
  add(key: Key, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#store('add', key, value, 0n, options)
  }

  /** Stores a value in the place of another. */
  replace(key: Key, value: unknown, options?: WriteOptions): Promise<void> {
    return this.#store('replace', key, value, 0n, options)
  }

  /** Adds bytes to the end of a value, past the serde and past compression: a compressed value is unreadable then. */
  async append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    checkCallOptions('append', options)
    return this.#send(this.#values.extendRequest('append', key, data), key, options)
  }

  /** Adds bytes to the beginning of a value, past the serde. */
  async prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    checkCallOptions('prepend', options)
    return this.#send(this.#values.extendRequest('prepend', key, data), key, options)
  }

  /** Stores a value if the item still has this cas number. */
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): Promise<void> {
    return this.#store('cas', key, value, cas, options)
  }

  /** Removes an item. */
  async delete(key: Key, options?: KeyOptions): Promise<void> {
    checkCallOptions('delete', options)
    return this.#send(DELETE, key, options)
  }

  /** Adds to a counter, if it exists. */
  async incr(key: Key, delta: number | bigint = 1, options?: KeyOptions): Promise<void> {
    checkCallOptions('noreply.incr', options)
    return this.#send({ command: 'incr', delta: checkUint64('delta', delta) }, key, options)
  }

  /** Takes from a counter, if it exists; it stops at 0. */
  async decr(key: Key, delta: number | bigint = 1, options?: KeyOptions): Promise<void> {
    checkCallOptions('noreply.decr', options)
    return this.#send({ command: 'decr', delta: checkUint64('delta', delta) }, key, options)
  }

  /** Renews the time to live. */
  async touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<void> {
    checkCallOptions('touch', options)
    return this.#send({ command: 'touch', exptime: this.#values.exptime(requireTtl(ttl, 'touch')) }, key, options)
  }

  /** Stores many values. */
  setMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<void>
  setMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): Promise<void>
  setMany(entries: Entries<Key>, options?: SetManyOptions): Promise<void> {
    return attempt(() => {
      checkCallOptions('setMany', options)
      return this.#batches.storeManyQuietly('set', entries, options)
    })
  }

  /** Stores many values where there are none. */
  addMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<void>
  addMany(entries: Readonly<Record<string, unknown>>, options?: SetManyOptions): Promise<void>
  addMany(entries: Entries<Key>, options?: SetManyOptions): Promise<void> {
    return attempt(() => {
      checkCallOptions('addMany', options)
      return this.#batches.storeManyQuietly('add', entries, options)
    })
  }

  /** Removes many items. */
  async deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<void> {
    checkCallOptions('deleteMany', options)
    return this.#batches.deleteManyQuietly(keys, options)
  }

  async #store(
    command: 'set' | 'add' | 'replace' | 'cas',
    key: Key,
    value: unknown,
    cas: bigint,
    options: WriteOptions | undefined,
  ): Promise<void> {
    checkCallOptions(command, options)
    return this.#send(
      this.#values.storeRequest(command, key, value, command === 'cas' ? checkCas(cas) : 0n, options),
      key,
      options,
    )
  }

  #send(request: Request, key: Key, options: KeyOptions | undefined): Promise<void> {
    return this.#dispatcher.run(request, key, readNothing, 'write', undefined, options, true)
  }
}
