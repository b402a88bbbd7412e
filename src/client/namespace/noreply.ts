import type { Key } from '../../protocol/key.ts'
import type { Ttl } from '../../ttl.ts'
import type { DeleteManyOptions, KeyOptions, SetManyOptions, WriteOptions } from '../call-options.ts'
import { checkKeys, type Entries, entriesOf, prefixed, withPrefix } from '../entries.ts'
import { unawaited } from '../quiet-outcome.ts'
import type { Keyspace, WhenLost } from './keyspace.ts'

/** The client's quiet writes, as a namespace uses them. */
export interface QuietWrites {
  set(key: Key, value: unknown, options?: WriteOptions): Promise<void>
  add(key: Key, value: unknown, options?: WriteOptions): Promise<void>
  replace(key: Key, value: unknown, options?: WriteOptions): Promise<void>
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void>
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void>
  cas(key: Key, value: unknown, cas: bigint, options?: WriteOptions): Promise<void>
  delete(key: Key, options?: KeyOptions): Promise<void>
  incr(key: Key, delta?: number | bigint, options?: KeyOptions): Promise<void>
  decr(key: Key, delta?: number | bigint, options?: KeyOptions): Promise<void>
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<void>
  setMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<void>
  addMany(entries: Iterable<readonly [Key, unknown]>, options?: SetManyOptions): Promise<void>
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<void>
}

const QUIET: WhenLost = { kind: 'write', instead: () => undefined }

/** The writes of a namespace without their answers: see the client's `noreply`. */
export class NamespaceNoreply<Input> {
  readonly #writes: QuietWrites
  readonly #keyspace: Keyspace
  readonly #ttl: { readonly ttl?: Ttl }

  /**
   * @internal
   * @param writes - Report nothing: a write that went to an old generation is given again.
   */
  constructor(writes: QuietWrites, keyspace: Keyspace, ttl: { readonly ttl?: Ttl }) {
    this.#writes = writes
    this.#keyspace = keyspace
    this.#ttl = ttl
  }

  /** Stores a value. */
  set(key: Key, value: Input, options?: WriteOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.set(whole, value, { ...this.#ttl, ...rest }))
  }

  /** Stores a value where there is none. */
  add(key: Key, value: Input, options?: WriteOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.add(whole, value, { ...this.#ttl, ...rest }))
  }

  /** Stores a value in the place of another. */
  replace(key: Key, value: Input, options?: WriteOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.replace(whole, value, { ...this.#ttl, ...rest }))
  }

  /** Adds bytes to the end of a value, past the serde and past compression: a compressed value is unreadable then. */
  append(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.append(whole, data, rest))
  }

  /** Adds bytes to the beginning of a value, past the serde. */
  prepend(key: Key, data: string | Uint8Array, options?: KeyOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.prepend(whole, data, rest))
  }

  /** Stores a value if the item still has this cas number. */
  cas(key: Key, value: Input, cas: bigint, options?: WriteOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.cas(whole, value, cas, { ...this.#ttl, ...rest }))
  }

  /** Removes an item. */
  delete(key: Key, options?: KeyOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.delete(whole, rest))
  }

  /** Adds to a counter, if it exists. */
  incr(key: Key, delta?: number | bigint, options?: KeyOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.incr(whole, delta, rest))
  }

  /** Takes from a counter, if it exists; it stops at 0. */
  decr(key: Key, delta?: number | bigint, options?: KeyOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.decr(whole, delta, rest))
  }

  /** Renews the time to live. */
  touch(key: Key, ttl: Ttl, options?: KeyOptions): Promise<void> {
    return this.#run(key, options, (writes, whole, rest) => writes.touch(whole, ttl, rest))
  }

  /** Stores many values. */
  setMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<void> {
    return this.#storeMany(entries, options, (pairs, rest) => this.#writes.setMany(pairs, rest))
  }

  /** Stores many values where there are none. */
  addMany(entries: Entries<Key, Input>, options?: SetManyOptions): Promise<void> {
    return this.#storeMany(entries, options, (pairs, rest) => this.#writes.addMany(pairs, rest))
  }

  /** Removes many items. */
  deleteMany(keys: Iterable<Key>, options?: DeleteManyOptions): Promise<void> {
    return this.#unawaited([], () => {
      const asked = checkKeys(keys)
      return this.#keyspace.run(QUIET, options, async (prefix, rest) =>
        this.#writes.deleteMany(asked, prefixed(prefix, rest)),
      )
    })
  }

  #storeMany(
    entries: Entries<Key, Input>,
    options: SetManyOptions | undefined,
    command: (pairs: readonly (readonly [Key, unknown])[], rest: SetManyOptions) => Promise<void>,
  ): Promise<void> {
    return this.#unawaited([], () => {
      const pairs = entriesOf(entries)
      return this.#keyspace.run(QUIET, options, async (prefix, rest) =>
        command(pairs, prefixed(prefix, { ...this.#ttl, ...rest })),
      )
    })
  }

  #unawaited(keys: readonly Key[], write: () => Promise<void>): Promise<void> {
    return unawaited((error, failed) => this.#keyspace.report(error, failed), keys, write)
  }

  #run<O extends KeyOptions | undefined>(
    key: Key,
    options: O,
    command: (writes: QuietWrites, whole: Key, rest: O) => Promise<void>,
  ): Promise<void> {
    return this.#unawaited([key], () =>
      this.#keyspace.run(QUIET, options, async (prefix, rest) => command(this.#writes, withPrefix(prefix, key), rest)),
    )
  }
}
