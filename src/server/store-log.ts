import { uriEncode } from '../protocol/uri-encoding.ts'
import type { Item } from './item.ts'
import type { ServerClock } from './server-clock.ts'
import { slabClassOf } from './slab-class.ts'
import type { Watchers } from './watchers.ts'

/** Result of a look for a key. */
export type FetchStatus = 'not_found' | 'found' | 'flushed' | 'expired'

/** Result of an attempt to store. */
export type StoredStatus = 'stored' | 'exists' | 'not_found' | 'not_stored' | 'too_large' | 'no_memory'

/** Log of item events for watchers, in memcached's words. */
export class StoreLog {
  readonly #watchers: Watchers
  readonly #clock: ServerClock

  constructor(watchers: Watchers, clock: ServerClock) {
    this.#watchers = watchers
    this.#clock = clock
  }

  /** Logs a look. memcached logs the looks of all commands, those included that store or delete. */
  fetched(key: string, status: FetchStatus, item?: Item): void {
    if (!this.#watchers.wants('fetchers')) return
    this.#watchers.tell('fetchers', `type=item_get key=${uriEncode(key)} status=${status} ${this.#where(item)}`)
  }

  stored(item: Item, command: string, status: StoredStatus): void {
    if (!this.#watchers.wants('mutations')) return
    const ttl = item.expiresAt === 0 ? 0 : (item.expiresAt - this.#clock.seconds) >>> 0
    const words = `type=item_store key=${uriEncode(item.key)} status=${status} cmd=${command} ttl=${ttl}`
    this.#watchers.tell('mutations', `${words} ${this.#where(item)}`)
  }

  /** Logs a value that was refused by its size, before there was an item. */
  refused(key: string, command: string, ttl: number, bytes: number, status: StoredStatus): void {
    if (!this.#watchers.wants('mutations')) return
    const words = `type=item_store key=${uriEncode(key)} status=${status} cmd=${command} ttl=${ttl}`
    this.#watchers.tell('mutations', `${words} clsid=${slabClassOf(bytes)} cfd=${this.#watchers.client} size=0`)
  }

  evicted(item: Item): void {
    if (!this.#watchers.wants('evictions')) return
    const { seconds } = this.#clock
    const fetch = item.fetched ? 'yes' : 'no'
    const ttl = item.expiresAt === 0 ? -1 : item.expiresAt - seconds
    const words = `type=eviction key=${uriEncode(item.key)} fetch=${fetch} ttl=${ttl} la=${seconds - item.usedAt}`
    this.#watchers.tell('evictions', `${words} clsid=${item.slabClass} size=${item.valueBytes}`)
  }

  deleted(item: Item, command: 'delete' | 'md'): void {
    if (!this.#watchers.wants('deletions')) return
    const words = `type=deleted key=${uriEncode(item.key)} cmd=${command}`
    this.#watchers.tell('deletions', `${words} clsid=${item.slabClass} size=${item.valueBytes}`)
  }

  #where(item: Item | undefined): string {
    const { client } = this.#watchers
    return item === undefined
      ? `clsid=0 cfd=${client} size=0`
      : `clsid=${item.slabClass} cfd=${client} size=${item.valueBytes}`
  }
}
