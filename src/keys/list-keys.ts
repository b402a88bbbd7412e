import { KeyListing } from './key-listing.ts'
import { checkOwner } from './key-range.ts'
import type { ListedKey } from './listed-key.ts'
import { type KeyOwner, type ListKeysOptions, resolveListOptions } from './options.ts'

/**
 * Lists the keys of a client or a namespace, one server after the other, in no order. Walks over live servers: an item
 * that is stored or removed meanwhile may be given or not; every other item is given once. Each iteration is a walk of its own,
 * over all items of the servers, whatever the options leave out.
 *
 * The server is read at full speed and never held back, since a reader that stops would stop memcached; so up to
 * `maxBufferedBytes` wait in memory for a slow reader. The loop ends the listing when it is left.
 *
 * @returns an iterable whose iteration rejects with: `OverloadedError` (more waited to be read), `ServerError` (another listing
 * was under way), `UnknownCommandError` (a hosted service, a proxy, memcached before 1.6.9 or with `-X`), `ClientError` (memcached
 * without its crawler), `TimeoutError`, `ConnectError`, `ConnectionClosedError` (keys that were given stand), `ClosedError`; or
 * with the signal's reason.
 * @throws `InvalidInputError` - an option cannot be used, or `cache` is neither a `Memcache` nor a namespace.
 *
 * @example
 * ```ts
 * for await (const { key, ttl } of listKeys(cache, { prefix: 'user:' })) console.log(key, ttl)
 * ```
 */
export function listKeys(cache: KeyOwner, options?: ListKeysOptions): AsyncIterable<ListedKey> {
  const access = checkOwner('listKeys', cache)
  const resolved = resolveListOptions(options)
  return { [Symbol.asyncIterator]: () => new KeyListing('listKeys', access, resolved) }
}
