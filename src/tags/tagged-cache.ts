import { whenAborted } from '../abort-listener.ts'
import { batchError } from '../client/batch.ts'
import type { CallOptions, KeyOptions } from '../client/call-options.ts'
import { attemptCall } from '../client/calls/calls.ts'
import { accessOf } from '../client/client-access.ts'
import { getCommand } from '../client/commands/reads.ts'
import { deleteCommand } from '../client/commands/writes.ts'
import { isAbsorbable } from '../client/dispatcher.ts'
import { withPrefix } from '../client/entries.ts'
import type { CacheClient } from '../client/executor-of.ts'
import { GetOrSet } from '../client/lease/get-or-set.ts'
import { checkLoader, type LoadContext, type Loader } from '../client/lease/options.ts'
import { CALL_NAMES, checkCallOptions } from '../client/option-names.ts'
import type { ClientParts } from '../client/parts.ts'
import type { StoredValue } from '../client/stored-value.ts'
import { type Versions, versions } from '../client/versions.ts'
import { InvalidInputError } from '../errors.ts'
import { showAs } from '../inspect.ts'
import { checkOptions } from '../known-options.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import type { Serde } from '../serde/serde.ts'
import { showValue } from '../show-value.ts'
import {
  checkTags,
  TAGGED_GET_OR_SET_NAMES,
  TAGGED_READ_NAMES,
  type TaggedGetOrSetOptions,
  type TaggedOptions,
  type TaggedReadOptions,
} from './options.ts'
import { parseTaggedItem, type TaggedItem } from './tagged-item.ts'
import { STORED_SERDE, TaggedLeases } from './tagged-leases.ts'

/** Values with tags. */
export class TaggedCache {
  readonly #parts: ClientParts
  /** In front of every key. */
  readonly #prefix: string
  readonly #versions: Versions
  readonly #leases: TaggedLeases
  readonly #getOrSet: GetOrSet

  /** @internal */
  constructor(parts: ClientParts, prefix: string, tagVersions: Versions) {
    const { dispatcher, values, calls } = parts
    this.#parts = parts
    this.#prefix = `${prefix}v:`
    this.#versions = tagVersions
    this.#leases = new TaggedLeases(parts, tagVersions)
    this.#getOrSet = new GetOrSet(dispatcher, values, this.#leases, calls.loads, parts.getOrSet)
    showAs(this, () => ({ prefix }))
  }

  /**
   * Reads a value. A miss, a value one of whose tags was invalidated, and a value without tags give `undefined`.
   *
   * @throws `MemcacheError` - the value or the version of one of its tags cannot be read, unless failures are absorbed.
   */
  get<T = unknown>(key: Key, options?: TaggedReadOptions): Promise<T | undefined> {
    return this.#parts.calls.of('get').run(key, (tally) =>
      attemptCall(
        tally,
        () => {
          checkCallOptions('get', options, TAGGED_READ_NAMES)
          const command = getCommand(this.#parts, withPrefix(this.#prefix, key), { ...options, serde: STORED_SERDE })
          const reading = this.#parts.dispatcher.carry<StoredValue | undefined>(command, tally)
          return untilAborted(
            reading.then((stored) => stored && this.#read<T>(key, stored, options)),
            options?.signal,
          )
        },
        key,
      ),
    )
  }

  async #read<T>(key: Key, stored: StoredValue, options: TaggedReadOptions | undefined): Promise<T | undefined> {
    try {
      const item = parseTaggedItem(stored)
      if (item === undefined || !(await this.#leases.isCurrent(item, []))) return undefined
      return (await this.#valueOf(key, item, options?.serde)) as T
    } catch (error) {
      this.#parts.dispatcher.absorbOrThrow('read', error, options, key)
      return undefined
    }
  }

  #valueOf(key: Key, item: TaggedItem, serde: Serde | undefined): Promise<unknown> {
    const wireKey = (): WireKey => this.#parts.dispatcher.encodeKey(withPrefix(this.#prefix, key))
    return this.#leases.valueOf(item, key, wireKey, serde)
  }

  /**
   * Reads many values: the hits, by the caller's own keys and in their order.
   *
   * @throws `BatchError` - some keys failed, or versions of their tags; it carries what was found.
   */
  getMany<T = unknown>(keys: Iterable<string> & object, options?: TaggedReadOptions): Promise<Map<string, T>>
  getMany<T = unknown>(keys: Iterable<Key> & object, options?: TaggedReadOptions): Promise<Map<Key, T>>
  getMany<T>(keys: Iterable<Key> & object, options?: TaggedReadOptions): Promise<Map<Key, T>> {
    return this.#parts.calls.of('getMany').runMany(keys, (given, tally) =>
      attemptCall(tally, () => {
        checkCallOptions('getMany', options, TAGGED_READ_NAMES)
        const own = { ...options, keyPrefix: this.#prefix, serde: STORED_SERDE }
        const reading = this.#parts.batches.getMany<StoredValue, Key>(given, own, tally)
        return untilAborted(
          reading.then((found) => this.#readMany<T>(found, options)),
          options?.signal,
        )
      }),
    )
  }

  async #readMany<T>(
    found: ReadonlyMap<Key, StoredValue>,
    options: TaggedReadOptions | undefined,
  ): Promise<Map<Key, T>> {
    const items: (readonly [Key, TaggedItem])[] = []
    for (const [key, stored] of found) {
      const item = parseTaggedItem(stored)
      if (item !== undefined) items.push([key, item])
    }
    const outcomes = await this.#versions.areCurrent(items.map(([, { tags }]) => tags))
    const values = new Map<Key, T>()
    const failed = new Map<Key, unknown>()
    for (const [at, [key, item]] of items.entries()) {
      const outcome = outcomes[at]!
      try {
        if (outcome.status === 'rejected') throw outcome.reason
        if (outcome.value) values.set(key, (await this.#valueOf(key, item, options?.serde)) as T)
      } catch (error) {
        failed.set(key, error)
      }
    }
    return this.#settle(values, failed, items.length, options)
  }

  #settle<T>(
    values: Map<Key, T>,
    failed: Map<Key, unknown>,
    total: number,
    options: KeyOptions | undefined,
  ): Map<Key, T> {
    const isAbsorbed = this.#parts.dispatcher.absorbs('read', options) && [...failed.values()].every(isAbsorbable)
    if (failed.size > 0 && !isAbsorbed) throw batchError('getMany', failed, total, values, [])
    for (const [key, error] of failed) this.#parts.dispatcher.absorbOrThrow('read', error, options, key)
    return values
  }

  /**
   * Reads a value; where there is none, or one of its tags was invalidated, loads it and stores it with its tags. One caller
   * loads, the others wait for its value, across processes; see the client's `getOrSet`, whose options it takes.
   *
   * The versions of the tags are read before the loader runs: an `invalidateTags` during the load makes the loaded value
   * outdated.
   *
   * @throws whatever the loader throws.
   * @throws `MemcacheError` - the cache failed, or a version could not be read. If failures are absorbed, the loader
   * runs, and nothing is stored.
   *
   * @example
   * ```ts
   * const page = await pages.getOrSet('home', () => render(), { tags: ['user:1', 'news'], ttl: 300 })
   * ```
   */
  getOrSet<T, Stale extends T = T>(key: Key, loader: Loader<T, Stale>, options: TaggedGetOrSetOptions<T>): Promise<T> {
    return this.#parts.calls.of('getOrSet').run(key, (tally) =>
      attemptCall(
        tally,
        () => {
          checkCallOptions('getOrSet', options, TAGGED_GET_OR_SET_NAMES)
          checkLoader(loader)
          const { tags, ...rest } = options ?? {}
          const own = { ...rest, keyPrefix: this.#prefix }
          this.#leases.begin(own, checkTags(tags))
          const load = (context: LoadContext<unknown>): Promise<T> =>
            this.#load(key, own, () => loader(context as never))
          return this.#getOrSet.run(key, load, own, undefined, tally) as Promise<T>
        },
        key,
      ),
    )
  }

  async #load<T>(key: Key, options: KeyOptions, load: () => T | Promise<T>): Promise<T> {
    try {
      await this.#leases.readVersions(options)
    } catch (error) {
      this.#parts.dispatcher.absorbOrThrow('read', error, options, key)
    }
    return load()
  }

  /** Removes a value; whether an item was there. */
  delete(key: Key, options?: CallOptions): Promise<boolean> {
    return this.#parts.calls.of('delete').run(key, (tally) =>
      attemptCall(
        tally,
        () => {
          checkCallOptions('delete', options, CALL_NAMES)
          const command = deleteCommand(this.#parts, withPrefix(this.#prefix, key), options)
          return this.#parts.dispatcher.carry<boolean>(command, tally)
        },
        key,
      ),
    )
  }

  /**
   * Makes every value with one of these tags a miss. Once it has resolved, calls of this object that begin later get none of them;
   * other processes see it within their `refreshMs`. Call it after the change that it is about, never before.
   *
   * @throws `BatchError` - some tags were not invalidated (`failed`): the server of a tag is out, and nothing stands in for it.
   * Their values may still be hits. Call it again.
   */
  async invalidateTags(...tags: string[]): Promise<void> {
    await this.#versions.change('invalidateTags', checkTagNames(tags))
  }
}

function checkTagNames(tags: readonly string[]): readonly string[] {
  return tags.flatMap((tag) => checkTags([tag]))
}

/**
 * Values with tags: `invalidateTags` makes all values with a tag misses, however many there are.
 *
 * @param cache - A `Memcache`.
 * @throws `InvalidInputError` - an option cannot be used, or `cache` is no `Memcache`.
 *
 * @example
 * ```ts
 * const pages = tagged(cache, { prefix: 'pages:' })
 * const page = await pages.getOrSet('home', () => render(), { tags: ['user:1', 'news'], ttl: 300 })
 * await pages.invalidateTags('news')
 * ```
 */
export function tagged(cache: CacheClient, options: TaggedOptions): TaggedCache {
  if (options === undefined) throw new InvalidInputError("tagged needs options: tagged(cache, { prefix: 'pages:' })")
  checkOptions(options, ['prefix', 'refreshMs'], 'tagged')
  const { prefix, refreshMs } = options
  if (typeof prefix !== 'string' || prefix === '') {
    throw new InvalidInputError(`option prefix must be text that is not empty, got ${showValue(prefix)}`)
  }
  const access = accessOf(cache)
  if (access === undefined || access.namespaceKeys !== undefined) {
    throw new InvalidInputError(`tagged takes a Memcache, got ${showValue(cache)}`)
  }
  const tagVersions = versions(cache, `${prefix}t:`, refreshMs === undefined ? {} : { refreshMs })
  return new TaggedCache(access.parts, prefix, tagVersions)
}

/** Waits for work no longer than until the signal aborts. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const leave = whenAborted(signal, () => reject(signal.reason))
    work.then(resolve, reject).then(leave, leave)
  })
}
