import type { Memcache } from '../client/memcache.ts'
import { type Versions, versions } from '../client/versions.ts'
import { refused } from '../option-checks.ts'
import {
  ADAPTER_NAMES,
  type AdapterOptions,
  type CacheOrServers,
  checkAdapterOptions,
  type HostClient,
  openHostClient,
  THROWS,
} from './host-client.ts'
import { hostKey } from './host-key.ts'
import { atMostSeconds } from './seconds.ts'

/** Options of {@link bentocacheDriver}. */
export interface BentocacheOptions extends AdapterOptions {
  /** Put in front of every key. @defaultValue the `prefix` of the BentoCache or of its store: `'bentocache'` */
  readonly prefix?: string
  /**
   * Namespaces that are there from the start, such as `['users', 'users:posts']`. A key belongs to every namespace that is
   * known and is a prefix of it, and `namespace()` makes one known to this process only: processes that read keys of
   * namespaces from the outside must know the same ones. @defaultValue none
   */
  readonly namespaces?: readonly string[]
  /** Time until a `clear()` of another process is seen, in milliseconds. @defaultValue `1000` */
  readonly refreshMs?: number
}

/** A second layer of BentoCache. */
export interface BentocacheDriver {
  /** The layer of BentoCache that the driver serves. */
  readonly type: 'l2'
  /** The name of the driver: `memlane`. */
  readonly name: string
  /** The client that the driver uses. */
  readonly cache: Memcache
  /** Returns the driver of a namespace within this one. */
  namespace(name: string): BentocacheDriver
  /** Reads a value; undefined on a miss. */
  get(key: string): Promise<string | undefined>
  /** Reads a value and removes it; undefined on a miss. */
  pull(key: string): Promise<string | undefined>
  /**
   * Stores a value; returns whether it was stored.
   *
   * @param ttl - Milliseconds until it is gone, at most: memcached counts whole seconds. Without it the value does not expire.
   */
  set(key: string, value: string, ttl?: number): Promise<boolean>
  /** Removes a value; returns whether there was one. */
  delete(key: string): Promise<boolean>
  /** Removes values in one round trip. */
  deleteMany(keys: string[]): Promise<boolean>
  /** Puts all values of the namespace, and of those within it, out of reach with one command. */
  clear(): Promise<void>
  /** Closes the client, if the driver has made it. */
  disconnect(): Promise<void>
}

/** A driver as BentoCache takes it for `useL2Layer`. */
export interface BentocacheLayer {
  /** Options that BentoCache adds to its own, and gives to `factory`. */
  readonly options: { readonly prefix?: string }
  /** Makes the driver. Called by BentoCache. */
  readonly factory: (config: { readonly prefix?: string }) => BentocacheDriver
}

const NAME = 'the driver memlane/bentocache'
const NAMES: readonly (keyof BentocacheOptions)[] = [...ADAPTER_NAMES, 'namespaces', 'refreshMs']
const DEFAULT_PREFIX = 'bentocache'

/**
 * Makes the second layer of a BentoCache store, and so of AdonisJS's cache.
 *
 * @param cache - A `Memcache`, which the driver never closes, or servers, `localhost:11211` when left out: `disconnect` closes
 * the client that is made for them.
 * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
 *
 * @example
 * ```ts
 * const bento = new BentoCache({
 *   default: 'main',
 *   stores: { main: bentostore().useL2Layer(memlaneDriver('localhost:11211')) },
 * })
 * ```
 */
export function bentocacheDriver(cache?: CacheOrServers, options: BentocacheOptions = {}): BentocacheLayer {
  const own = checkAdapterOptions(NAME, options, NAMES, DEFAULT_PREFIX)
  const { namespaces = [], refreshMs, client, prefix } = options
  if (!Array.isArray(namespaces) || !namespaces.every(isName)) {
    throw refused('namespaces', 'a list of names, text that is not empty', namespaces)
  }
  const versionsOptions = refreshMs === undefined ? {} : { refreshMs }
  const factory = (config: { readonly prefix?: string }): BentocacheDriver => {
    const name = checkAdapterOptions(NAME, { prefix: prefix ?? config.prefix ?? own }, NAMES, own)
    const host = openHostClient(NAME, cache, client)
    const numbers = versions(host.cache, `${name}:version:`, versionsOptions)
    return new MemlaneDriver({ host, numbers, prefix: name, known: new Set(['', ...namespaces]) }, '')
  }
  return { options: prefix === undefined ? {} : { prefix }, factory }
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && name !== ''
}

/** Parts that a driver and those of its namespaces share. */
interface Shared {
  readonly host: HostClient
  /** A number for each namespace, named by its path. */
  readonly numbers: Versions
  readonly prefix: string
  /** Paths of the namespaces: `''` is that of the root, `users:posts` one in another. */
  readonly known: Set<string>
}

class MemlaneDriver implements BentocacheDriver {
  readonly type = 'l2'
  readonly name: string = 'memlane'
  readonly #shared: Shared
  readonly #path: string

  constructor(shared: Shared, path: string) {
    this.#shared = shared
    this.#path = path
  }

  get cache(): Memcache {
    return this.#shared.host.cache
  }

  namespace(name: string): BentocacheDriver {
    const path = this.#within(name)
    this.#shared.known.add(path)
    return new MemlaneDriver(this.#shared, path)
  }

  async get(key: string): Promise<string | undefined> {
    return textOf(await this.cache.get(await this.#wireKey(key), THROWS))
  }

  async pull(key: string): Promise<string | undefined> {
    return textOf(await this.cache.pop(await this.#wireKey(key), THROWS))
  }

  async set(key: string, value: string, ttl?: number): Promise<boolean> {
    // The client's own default is that of other values.
    return this.cache.set(await this.#wireKey(key), value, { ...THROWS, ttl: ttl ? atMostSeconds(ttl) : 0 })
  }

  async delete(key: string): Promise<boolean> {
    return this.cache.delete(await this.#wireKey(key), THROWS)
  }

  async deleteMany(keys: string[]): Promise<boolean> {
    await this.cache.deleteMany(await Promise.all(keys.map((key) => this.#wireKey(key))), THROWS)
    return true
  }

  async clear(): Promise<void> {
    await this.#shared.numbers.bump(hostKey(this.#path))
  }

  disconnect(): Promise<void> {
    return this.#shared.host.close()
  }

  #within(name: string): string {
    return this.#path === '' ? name : `${this.#path}:${name}`
  }

  /** Returns the key with the numbers of all its namespaces. Numbers that are due are read together. */
  async #wireKey(key: string): Promise<string> {
    const { known, numbers, prefix } = this.#shared
    const whole = this.#within(key)
    const paths = pathsOf(whole).filter((path) => known.has(path))
    const numbersOf = await numbers.of(paths.map(hostKey))
    return `${prefix}:${hostKey(`${numbersOf}:${whole}`)}`
  }
}

/** Returns the paths that a key may be in, outermost first: the root, and what ends before a colon. */
function pathsOf(key: string): string[] {
  const paths = ['']
  for (let at = key.indexOf(':'); at !== -1; at = key.indexOf(':', at + 1)) paths.push(key.slice(0, at))
  return [...new Set(paths)]
}

/** Returns the text that was stored; bytes where another client stored them. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  // Numbers are read as such by the client's serde, but written as text.
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : JSON.stringify(value)
}
