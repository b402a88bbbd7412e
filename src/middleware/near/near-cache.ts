import { count } from '../../option-checks.ts'
import type { Key } from '../../protocol/key.ts'
import type { Executor } from '../../seam/executor.ts'
import {
  type HotKey,
  NEAR,
  type NearCacheHost,
  type NearCacheMetrics,
  type NearCachePart,
  type NearCacheView,
  type NearLayer,
} from '../../seam/near-cache.ts'
import type { Observing } from '../../seam/observer.ts'
import type { Serde } from '../../serde/serde.ts'
import { nameOf } from './key-names.ts'
import { NearExecutor } from './near-executor.ts'
import { NearStore } from './near-store.ts'
import { type NearCacheOptions, type ResolvedNearCacheOptions, resolveNearCacheOptions } from './options.ts'

/**
 * Returns the option `nearCache` of a client: values of keys that are read often stay in the process for `ttlMs`, and reads of
 * them ask no server. Each client that is given it has a near cache of its own.
 *
 * @param options - A bad one throws `InvalidInputError` that names it.
 *
 * @example
 * ```ts
 * import { Memcache } from 'memlane'
 * import { nearCache } from 'memlane/near-cache'
 *
 * const cache = new Memcache('localhost:11211', { nearCache: nearCache({ ttlMs: 1000 }) })
 * ```
 */
export function nearCache(options: NearCacheOptions): NearCachePart {
  const resolved = resolveNearCacheOptions(options)
  return Object.freeze({ options: resolved, [NEAR]: (host: NearCacheHost) => new NearCache(resolved, host) })
}

/** The near cache of one client. */
class NearCache implements NearLayer {
  readonly view: NearCacheView
  readonly observing: Observing
  readonly #store: NearStore

  constructor(options: ResolvedNearCacheOptions, host: NearCacheHost) {
    const store = new NearStore(options, host)
    this.#store = store
    this.view = new View(store, host)
    this.observing = {
      // The keys that moved have other values where they are now.
      serversChanged: () => store.clear(),
      unclaimedError: (_error, operations) => {
        for (const { key } of operations) {
          const name = nameOf(key)
          if (name !== undefined) store.forget(name)
        }
      },
    }
  }

  around(next: Executor): Executor {
    return new NearExecutor(next, this.#store)
  }

  keeping(serde: Serde): Serde {
    return this.#store.slot.serdeFor(serde)
  }

  clear(): void {
    this.#store.clear()
  }

  end(): void {
    this.#store.isEnded = true
    this.#store.clear()
  }

  metrics(): NearCacheMetrics {
    const { hits, misses, fills, calledOff, evictions, items, bytes } = this.view
    return { hits, misses, fills, calledOff, evictions, items, bytes }
  }

  reset(): void {
    this.#store.resetCounts()
  }
}

const DEFAULT_HOT_KEYS = 10

/** Part of a near cache that callers see. */
class View implements NearCacheView {
  readonly #store: NearStore
  readonly #host: NearCacheHost

  constructor(store: NearStore, host: NearCacheHost) {
    this.#store = store
    this.#host = host
  }

  get hits(): number {
    return this.#store.hits
  }

  get misses(): number {
    return this.#store.misses
  }

  get fills(): number {
    return this.#store.fills
  }

  get calledOff(): number {
    return this.#store.calledOff
  }

  get evictions(): number {
    return this.#store.entries.evictions
  }

  get items(): number {
    return this.#store.entries.items
  }

  get bytes(): number {
    return this.#store.entries.bytes
  }

  hotKeys(most?: number): HotKey[] {
    const number = count('count', most) ?? DEFAULT_HOT_KEYS
    const entries = [...this.#store.entries.all()].toSorted((a, b) => b.reads - a.reads)
    return entries.slice(0, number).map(({ name, reads }) => ({ key: this.#store.names.keyOf(name), reads }))
  }

  delete(key: Key): void {
    const name = nameOf(this.#host.encodeKey(key))
    if (name !== undefined) this.#store.forget(name)
  }

  clear(): void {
    this.#store.clear()
  }
}
