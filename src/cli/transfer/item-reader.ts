import type { Memcache } from '../../client/memcache.ts'
import type { MetaClient } from '../../client/meta/client.ts'
import type { MetaReply } from '../../client/meta/results.ts'
import { listKeys } from '../../keys/list-keys.ts'
import type { ListedKey } from '../../keys/listed-key.ts'
import { MANIFEST_FLAGS } from '../../protocol/manifest.ts'
import { PLACEHOLDER_FLAGS } from '../../protocol/placeholder.ts'
import { Stored } from '../stored.ts'
import type { Item } from './item.ts'

/**
 * Most bytes of a listing that wait to be read. A server lists its keys much faster than values are read and written, and cannot
 * be held back: nearly all of the listing waits, about 80 bytes for each item and the length of its key.
 */
const LISTING_BYTES = 2 ** 36

/** Bytes after which a batch ends: it is all in memory. */
const BATCH_BYTES = 8 * 1024 * 1024

/** Clients of the servers that are read. */
export interface ReaderClients {
  /** Has the option `chunks`. */
  readonly cache: Memcache
  readonly meta: MetaClient
}

/** Items that an {@link ItemReader} reads, and how many at a time. */
export interface ReaderOptions {
  readonly prefix: string | undefined
  readonly filter: ((item: ListedKey) => boolean) | undefined
  readonly batchKeys: number
  readonly signal: AbortSignal
}

/** Reads items with value, flags and time to live, batch by batch, and leaves them as they are in the order of eviction. */
export class ItemReader {
  /** Items that were deleted, evicted or expired after they were listed, or lost a chunk. */
  gone = 0
  /** Items that were invalidated and wait for a new value. */
  stale = 0
  /** Items on servers that they do not belong to: no client finds them. */
  strays = 0
  readonly #clients: ReaderClients
  readonly #options: ReaderOptions

  constructor(clients: ReaderClients, options: ReaderOptions) {
    this.#clients = clients
    this.#options = options
  }

  async *batches(): AsyncGenerator<readonly Item[], void, undefined> {
    let keys: ListedKey[] = []
    let bytes = 0
    for await (const listed of this.#listed()) {
      if (this.#clients.cache.serverFor(listed.key)?.name !== listed.server) {
        this.strays++
        continue
      }
      keys.push(listed)
      bytes += listed.size
      if (keys.length < this.#options.batchKeys && bytes < BATCH_BYTES) continue
      yield await this.#readAll(keys)
      keys = []
      bytes = 0
    }
    if (keys.length > 0) yield await this.#readAll(keys)
  }

  #listed(): AsyncIterable<ListedKey> {
    const { prefix, filter, signal } = this.#options
    return listKeys(this.#clients.cache, {
      signal,
      maxBufferedBytes: LISTING_BYTES,
      ...(prefix === undefined ? {} : { prefix }),
      ...(filter === undefined ? {} : { filter }),
    })
  }

  async #readAll(keys: readonly ListedKey[]): Promise<readonly Item[]> {
    const items: Item[] = []
    const manifests: { readonly key: ListedKey['key']; readonly ttl: number }[] = []
    const replies = await Promise.all(keys.map(({ key }) => this.#read(key)))
    for (const [at, reply] of replies.entries()) {
      const { key } = keys[at]!
      const { flags = 0, ttl, isStale, value } = readReply(reply)
      if (isStale) this.stale++
      else if (flags === MANIFEST_FLAGS) manifests.push({ key, ttl })
      else if (value === undefined) this.gone++
      else if (flags !== PLACEHOLDER_FLAGS) items.push({ key, stored: new Stored(value, flags), ttl, inChunks: false })
    }
    // One at a time: each may be large.
    for (const { key, ttl } of manifests) {
      const stored = await this.#clients.cache.get(key, { signal: this.#options.signal })
      if (stored instanceof Stored) items.push({ key, stored, ttl, inChunks: true })
      else this.gone++
    }
    return items
  }

  #read(key: ListedKey['key']): Promise<MetaReply> {
    const { signal } = this.#options
    return this.#clients.meta.execute({ command: 'mg', key, flags: ['v', 'f', 't', 'u'] }, { signal })
  }
}

function readReply({ flags, value }: MetaReply): {
  readonly flags: number | undefined
  readonly ttl: number
  readonly isStale: boolean
  readonly value: Uint8Array | undefined
} {
  const token = (letter: string): string | undefined => flags.find((flag) => flag.startsWith(letter))?.slice(1)
  const left = Number(token('t') ?? -1)
  return {
    flags: value === undefined ? undefined : Number(token('f') ?? 0),
    // An item with less than a second left is not one that never expires.
    ttl: left < 0 ? 0 : Math.max(1, left),
    isStale: flags.includes('X'),
    value,
  }
}
