import { EventEmitter } from 'node:events'
import type { Memcache } from '../client/memcache.ts'
import type { Namespace } from '../client/namespace/namespace.ts'
import type { Clearable } from '../client/namespace/options.ts'
import { BatchError } from '../errors.ts'
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
import { atLeastSeconds } from './seconds.ts'
import { OVER, storeTimed, type TimedEntry } from './timed-entries.ts'

/** Options of {@link KeyvMemlane}. */
export interface KeyvMemlaneOptions extends AdapterOptions {
  /** Put in front of every key, before the namespace of Keyv. @defaultValue `'keyv:'` */
  readonly prefix?: string
  /**
   * Outcome of a call when the cache fails, whatever the client's option `failures`. `'emit'`: the call gives the result for an
   * item that is not there (`undefined`, `false`), and emits `error` where there are listeners; Keyv listens and emits it
   * again. Keys of a batch that were answered have their results. `'throw'`: the call rejects, and Keyv decides by its option
   * `throwOnErrors`. @defaultValue `'emit'`
   */
  readonly errors?: 'emit' | 'throw'
  /** Time until a `clear()` of another store or process is seen, in milliseconds. @defaultValue `1000` */
  readonly refreshMs?: number
}

/** An entry of `setMany`: with `ttl`, in milliseconds, by Keyv 5, with `expires`, in milliseconds since 1970, by Keyv 6. */
export interface KeyvMemlaneEntry {
  readonly key: string
  readonly value: unknown
  /** Time to live, in milliseconds. */
  readonly ttl?: number
  /** Point in time, in milliseconds since 1970. */
  readonly expires?: number
}

/** Abilities of a store, for Keyv 6. */
export interface KeyvMemlaneCapabilities {
  /** The store has all that Keyv needs. */
  readonly compatible: true
  /** The kind of store. */
  readonly store: 'keyvStorage'
  /** The store takes points in time, not times to live. */
  readonly expires: true
  /** The methods of the store. */
  readonly methods: Readonly<Record<string, { readonly exists: boolean; readonly methodType: 'async' | 'none' }>>
}

/** Events of {@link KeyvMemlane}. */
export interface KeyvMemlaneEvents {
  /** The cache failed in a call, which gave a result all the same. */
  error: [error: unknown]
}

const NAMES: readonly (keyof KeyvMemlaneOptions)[] = [...ADAPTER_NAMES, 'errors', 'refreshMs']

const METHODS = ['get', 'getMany', 'has', 'hasMany', 'set', 'setMany', 'delete', 'deleteMany', 'clear', 'disconnect']

/** End of an entry that expires, as Keyv's own serializers write it. */
const EXPIRES = /"expires":(\d+)\}$/

type View = Namespace & Clearable

/**
 * Store of Keyv 5 and Keyv 6, and so of cache-manager 7, cacheable and `@nestjs/cache-manager`. Each Keyv takes one of its
 * own; many may share a `Memcache`. `clear()` is one command and empties the namespace of that Keyv, nothing else.
 *
 * @example
 * ```ts
 * const keyv = new Keyv({ store: new KeyvMemlane('localhost:11211'), namespace: 'users' })
 * await keyv.set('ada', { name: 'Ada' }, 60_000)
 * ```
 */
export class KeyvMemlane extends EventEmitter<KeyvMemlaneEvents> {
  /** Set by Keyv: keys of another namespace are other keys. */
  namespace: string | undefined = undefined
  /** Read by Keyv 5, which derives from it whether the store has an iterator. Keyv 5 fails where `url` is missing. */
  opts: Record<string, unknown> = { dialect: 'memcached', url: '' }
  readonly #client: HostClient
  readonly #prefix: string
  readonly #throws: boolean
  readonly #generations: true | { readonly refreshMs: number }
  readonly #views: Map<string, View> = new Map()
  /** Keyv 6 gives points in time, and wants a result for each key of `deleteMany`. */
  #isKeyv6 = false

  /**
   * @param cache - A `Memcache`, which the store never closes, or servers, `localhost:11211` when left out: `disconnect`
   * closes the client that is made for them.
   * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(cache?: CacheOrServers, options: KeyvMemlaneOptions = {}) {
    super()
    this.#prefix = checkAdapterOptions('KeyvMemlane', options, NAMES, 'keyv:')
    const { errors = 'emit', refreshMs } = options
    if (errors !== 'emit' && errors !== 'throw') throw refused('errors', "'emit' or 'throw'", errors)
    this.#throws = errors === 'throw'
    this.#generations = refreshMs === undefined ? true : { refreshMs }
    this.#client = openHostClient('KeyvMemlane', cache, options.client)
    // Has the options of the namespace checked now.
    this.#view()
  }

  /** The client that the store uses. */
  get cache(): Memcache {
    return this.#client.cache
  }

  /** Abilities of the store. Keyv 6 reads them before it calls anything else, and Keyv 5 never reads them. */
  get capabilities(): KeyvMemlaneCapabilities {
    this.#isKeyv6 = true
    const methods = METHODS.map((name) => [name, { exists: true, methodType: 'async' }] as const)
    const iterator = { exists: false, methodType: 'none' } as const
    return {
      compatible: true,
      store: 'keyvStorage',
      expires: true,
      methods: { ...Object.fromEntries(methods), iterator },
    }
  }

  #view(): View {
    const namespace = this.namespace ?? ''
    const known = this.#views.get(namespace)
    if (known !== undefined) return known
    const name = namespace === '' ? '' : hostKey(namespace)
    const view = this.cache.namespace(`${this.#prefix}${name}/`, { generations: this.#generations })
    this.#views.set(namespace, view)
    return view
  }

  /** @param instead - Makes the result of a failure. */
  async #run<T>(call: (view: View) => Promise<T>, instead: (error: unknown) => T): Promise<T> {
    try {
      return await call(this.#view())
    } catch (error) {
      if (this.#throws) throw error
      this.#report(error)
      return instead(error)
    }
  }

  #report(error: unknown): void {
    // An event without listeners would end the process.
    if (this.listenerCount('error') === 0) return
    try {
      this.emit('error', error)
    } catch {
      // Keyv 6 listens, and throws where nothing listens to the Keyv: the call has its result all the same.
    }
  }

  /** Reads an entry; `undefined` where there is none. */
  get<T = unknown>(key: string): Promise<T | undefined> {
    return this.#run(
      (view) => view.get(hostKey(key), THROWS) as Promise<T | undefined>,
      () => undefined,
    )
  }

  /** Reads many entries, in the order of the keys; `undefined` where there is none. */
  getMany<T = unknown>(keys: readonly string[]): Promise<(T | undefined)[]> {
    return this.#run<unknown[]>(
      async (view) => {
        const asked = keys.map(hostKey)
        return valuesOf(asked, await view.getMany(asked, THROWS))
      },
      (error) => (error instanceof BatchError ? valuesOf(keys.map(hostKey), error.found) : keys.map(() => undefined)),
    ) as Promise<(T | undefined)[]>
  }

  /** Whether there is an entry that has not expired by the time that Keyv wrote into it. */
  async has(key: string): Promise<boolean> {
    return isThere(await this.get(key))
  }

  /** Whether there are entries, in the order of the keys. */
  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    const found = await this.getMany(keys)
    return found.map(isThere)
  }

  /**
   * Stores an entry; whether it was stored.
   *
   * @param time - Its time to live in milliseconds, by Keyv 5, or the point in time when it expires, by Keyv 6. The
   * entry stays in the cache for up to a second longer; Keyv looks at the time itself.
   */
  set(key: string, value: unknown, time?: number | null): Promise<boolean> {
    return this.#run(
      async (view) => {
        const ttl = this.#ttlOf(time)
        if (ttl !== OVER) return view.set(hostKey(key), value, ttl === undefined ? THROWS : { ...THROWS, ttl })
        await view.delete(hostKey(key), THROWS)
        return true
      },
      () => false,
    )
  }

  /** Seconds that an entry is kept, 0 for ever; undefined: as the client says. */
  #ttlOf(time: number | null | undefined): number | undefined {
    if (time === undefined || time === null) return undefined
    const lifeMs = this.#isKeyv6 ? time - Date.now() : time
    return lifeMs <= 0 ? OVER : atLeastSeconds(lifeMs)
  }

  /** Stores many entries; for each, whether it is known to be stored. */
  setMany(entries: readonly KeyvMemlaneEntry[]): Promise<boolean[]> {
    const keys = entries.map(({ key }) => key)
    return this.#run(
      (view) => storeTimed(view, entries.map(this.#timed), THROWS),
      (error) => answered(keys, error),
    )
  }

  readonly #timed = ({ key, value, ttl, expires }: KeyvMemlaneEntry): TimedEntry => ({
    key: hostKey(key),
    value,
    ttl: this.#ttlOf(expires ?? ttl),
  })

  /** Removes an entry; whether it was there. */
  delete(key: string): Promise<boolean> {
    return this.#run(
      (view) => view.delete(hostKey(key), THROWS),
      () => false,
    )
  }

  /**
   * Removes many entries. Keyv 6 gets for each whether it was there, Keyv 5 whether any was. When some keys fail, those that
   * were answered count as removed.
   */
  async deleteMany(keys: readonly string[]): Promise<boolean | boolean[]> {
    const removed = await this.#run(
      async (view) => view.deleteMany(keys.map(hostKey), { ...THROWS, returnEach: true }),
      (error) => answered(keys, error),
    )
    return this.#isKeyv6 ? removed : removed.includes(true)
  }

  /** Empties the namespace with one command. Other stores and processes see it within `refreshMs`. */
  clear(): Promise<void> {
    return this.#run(
      (view) => view.clear(),
      () => undefined,
    )
  }

  /** Closes the client, if the store has made it. */
  disconnect(): Promise<void> {
    return this.#client.close()
  }
}

function valuesOf(keys: readonly string[], found: ReadonlyMap<unknown, unknown>): unknown[] {
  return keys.map((key) => found.get(key))
}

/** Whether the keys of a batch of writes that failed were answered all the same. */
function answered(keys: readonly string[], error: unknown): boolean[] {
  if (!(error instanceof BatchError)) return keys.map(() => false)
  const done = new Set(error.done)
  return keys.map((key) => done.has(hostKey(key)))
}

function isThere(entry: unknown): boolean {
  if (entry === undefined) return false
  const expires = typeof entry === 'string' ? EXPIRES.exec(entry)?.[1] : undefined
  return expires === undefined || Number(expires) > Date.now()
}
