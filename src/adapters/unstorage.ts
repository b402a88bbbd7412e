import type { Servers } from '../client/compose.ts'
import type { Memcache } from '../client/memcache.ts'
import type { Namespace } from '../client/namespace/namespace.ts'
import type { Clearable } from '../client/namespace/options.ts'
import type { MemcacheOptions } from '../client/options.ts'
import { InvalidInputError, UnknownCommandError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { refused } from '../option-checks.ts'
import type { Key } from '../protocol/key.ts'
import { type HostClient, openHostClient } from './host-client.ts'
import { hostKey, isHashedKey } from './host-key.ts'
import { atMostSeconds } from './seconds.ts'
import { storeTimed } from './timed-entries.ts'

/** Lists the keys of a namespace: `listKeys` of `memlane/keys`. */
export type ListKeysOf = (owner: Namespace, options?: { readonly prefix?: Key }) => AsyncIterable<{ readonly key: Key }>

/** Options of the driver for unstorage. All but `cache` and `listKeys` are plain data, as configurations need them. */
export interface UnstorageOptions {
  /** The servers of the client that the driver makes, as `Memcache` takes them. @defaultValue `localhost:11211` */
  readonly servers?: Servers
  /** Options of that client. */
  readonly client?: MemcacheOptions
  /** A client instead of servers. The driver never closes it. */
  readonly cache?: Memcache
  /** In front of every key. Mounts with different bases do not see each other. @defaultValue `'unstorage'` */
  readonly base?: string
  /** Seconds that items without a `ttl` are kept. @defaultValue until they are evicted */
  readonly ttl?: number
  /**
   * `listKeys` of `memlane/keys`, for `getKeys()`, and for `clear()` of a part. Walks over all items of the servers.
   * Without it, `getKeys()` finds none. @defaultValue none
   */
  readonly listKeys?: ListKeysOf
}

/** Options of a call: the time to live, in seconds. */
export interface UnstorageCallOptions {
  /** Seconds that the item is kept. 0 or nothing: as the driver says. */
  readonly ttl?: number
  /** Others are for other drivers. */
  readonly [option: string]: unknown
}

/** An item of `setItems`. */
export interface UnstorageItem {
  readonly key: string
  readonly value: string
  /** Go before those of the call. */
  readonly options?: UnstorageCallOptions
}

/** A driver of unstorage 1.17 and 2. */
export interface UnstorageDriver {
  readonly name: string
  /** The options that the driver was made with. */
  readonly options: UnstorageOptions
  /** Duties that the driver takes from unstorage: it keeps times to live, and does not limit the depth of a listing. */
  readonly flags: { readonly ttl: true; readonly maxDepth: false }
  /** Returns the client. */
  getInstance(): Memcache
  /** Whether an item is there. */
  hasItem(key: string): Promise<boolean>
  /** Reads an item; `null` where there is none. */
  getItem(key: string): Promise<string | null>
  /** Reads an item as it was stored: text or bytes. */
  getItemRaw(key: string): Promise<unknown>
  /** Reads many items in one round trip. */
  getItems(items: readonly { readonly key: string }[]): Promise<{ key: string; value: string | null }[]>
  /** Stores an item. */
  setItem(key: string, value: string, options?: UnstorageCallOptions): Promise<void>
  /** Stores text or bytes. */
  setItemRaw(key: string, value: unknown, options?: UnstorageCallOptions): Promise<void>
  /** Stores many items in one round trip. */
  setItems(items: readonly UnstorageItem[], options?: UnstorageCallOptions): Promise<void>
  /** Removes an item. */
  removeItem(key: string): Promise<void>
  /** Returns the time left and the size of an item; `null` where there is none, or where the server speaks no meta protocol. */
  getMeta(key: string): Promise<{ ttl?: number; size: number } | null>
  /** Lists keys; none without the option `listKeys`. */
  getKeys(base?: string): Promise<string[]>
  /** Removes all items of the driver with one command; those of a part with the option `listKeys`. */
  clear(base?: string): Promise<void>
  /** Closes the client, if the driver has made it. */
  dispose(): Promise<void>
}

const NAME = 'the driver memlane/unstorage'
const NAMES: readonly (keyof UnstorageOptions)[] = ['servers', 'client', 'cache', 'base', 'ttl', 'listKeys']

/**
 * Makes a driver for unstorage 1.17 and 2, and so for Nitro and Nuxt, which take the name of the module:
 * `driver: 'memlane/unstorage'`. `clear()` is one command.
 *
 * @throws `InvalidInputError` - an option cannot be used.
 *
 * @example
 * ```ts
 * const storage = createStorage({ driver: memlaneDriver({ servers: 'localhost:11211', ttl: 3600 }) })
 * ```
 */
export function unstorageDriver(options: UnstorageOptions = {}): UnstorageDriver {
  checkOptions(options, NAMES, NAME)
  const { servers, cache, client, base = 'unstorage', ttl, listKeys } = options
  if (servers !== undefined && cache !== undefined)
    throw new InvalidInputError(`${NAME} takes the option servers or the option cache, not both`)
  if (typeof base !== 'string' || !base.isWellFormed()) throw refused('base', 'text', base)
  checkTtl(ttl)
  if (listKeys !== undefined && typeof listKeys !== 'function') throw noListing(listKeys)
  const host = openHostClient(NAME, cache ?? servers, client)
  const prefix = `${base.replace(/:+$/, '')}:`
  const items = host.cache.namespace(prefix, { generations: true })
  return new MemlaneDriver({ host, items, options })
}

/** Makes the error of a bad option `listKeys`. The listing is handed in, so that storages without one do not carry it. */
function noListing(value: unknown): InvalidInputError {
  return new InvalidInputError(
    `option listKeys must be the function of memlane/keys, got ${String(value)}: import { listKeys } from 'memlane/keys' in a module of your own that gives (options) => memlaneDriver({ ...options, listKeys }), and name that module as the driver`,
  )
}

function checkTtl(ttl: number | null | undefined): void {
  if (ttl === undefined || ttl === null || (typeof ttl === 'number' && ttl >= 0)) return
  throw refused('ttl', 'a number of seconds, 0 or more', ttl)
}

interface DriverInit {
  readonly host: HostClient
  readonly items: Namespace & Clearable
  readonly options: UnstorageOptions
}

/** unstorage calls the methods without the driver: they are bound. */
class MemlaneDriver implements UnstorageDriver {
  readonly name: string = 'memlane'
  readonly flags: UnstorageDriver['flags'] = { ttl: true, maxDepth: false }
  readonly options: UnstorageOptions
  readonly #host: HostClient
  readonly #items: Namespace & Clearable

  constructor({ host, items, options }: DriverInit) {
    this.options = options
    this.#host = host
    this.#items = items
  }

  readonly getInstance = (): Memcache => {
    return this.#host.cache
  }

  readonly hasItem = (key: string): Promise<boolean> => {
    return this.#items.has(hostKey(key))
  }

  readonly getItem = async (key: string): Promise<string | null> => {
    return textOf(await this.#items.get(hostKey(key)))
  }

  readonly getItemRaw = async (key: string): Promise<unknown> => {
    return (await this.#items.get(hostKey(key))) ?? null
  }

  readonly getItems = async (
    items: readonly { readonly key: string }[],
  ): Promise<{ key: string; value: string | null }[]> => {
    const asked = items.map(({ key }) => hostKey(key))
    const found = await this.#items.getMany(asked)
    return items.map(({ key }, at) => ({ key, value: textOf(found.get(asked[at]!)) }))
  }

  readonly setItem = (key: string, value: string, options?: UnstorageCallOptions): Promise<void> => {
    return this.#store(key, value, options)
  }

  readonly setItemRaw = (key: string, value: unknown, options?: UnstorageCallOptions): Promise<void> => {
    return this.#store(key, rawOf(value), options)
  }

  readonly setItems = async (items: readonly UnstorageItem[], options?: UnstorageCallOptions): Promise<void> => {
    const entries = items.map(({ key, value, options: own }) => ({
      key: hostKey(key),
      value,
      ttl: this.#ttlOf({ ...options, ...own }),
    }))
    await storeTimed(this.#items, entries, {})
  }

  async #store(key: string, value: unknown, options: UnstorageCallOptions | undefined): Promise<void> {
    const ttl = this.#ttlOf(options)
    await this.#items.set(hostKey(key), value, ttl === undefined ? {} : { ttl })
  }

  /** Seconds that an item is kept, 0 for ever; undefined: as the client says. */
  #ttlOf(options: UnstorageCallOptions | undefined): number | undefined {
    checkTtl(options?.ttl)
    const seconds = options?.ttl || this.options.ttl
    return seconds ? atMostSeconds(seconds * 1000) : undefined
  }

  readonly removeItem = async (key: string): Promise<void> => {
    await this.#items.delete(hostKey(key))
  }

  readonly getMeta = async (key: string): Promise<{ ttl?: number; size: number } | null> => {
    const item = await this.#items.inspect(hostKey(key)).catch(noneWithoutMeta)
    if (item === undefined) return null
    return { size: item.size, ...(item.ttl !== Number.POSITIVE_INFINITY && { ttl: item.ttl }) }
  }

  readonly getKeys = async (base = ''): Promise<string[]> => {
    const { listKeys } = this.options
    if (listKeys === undefined) return []
    const keys: string[] = []
    for await (const { key } of listKeys(this.#items, { prefix: base }))
      if (typeof key === 'string' && !isHashedKey(key)) keys.push(key)
    return keys
  }

  readonly clear = async (base = ''): Promise<void> => {
    if (base === '') return this.#items.clear()
    if (this.options.listKeys === undefined)
      throw new InvalidInputError(
        `memcached cannot remove the keys that begin with ${JSON.stringify(base)}: mount a driver with a base of its own there, whose clear() is one command, or give the option listKeys`,
      )
    await this.#items.deleteMany(await this.getKeys(base))
  }

  readonly dispose = (): Promise<void> => {
    return this.#host.close()
  }
}

/** Returns the text that unstorage parses: bytes are read as text, as in other drivers. */
function textOf(value: unknown): string | null {
  if (value === undefined) return null
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : (value as string)
}

function rawOf(value: unknown): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  throw new InvalidInputError(`setItemRaw of ${NAME} takes text, a Uint8Array, an ArrayBuffer or a view of one`)
}

function noneWithoutMeta(error: unknown): undefined {
  if (error instanceof InvalidInputError || error instanceof UnknownCommandError) return undefined
  throw error
}
