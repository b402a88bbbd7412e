import type { Memcache } from '../client/memcache.ts'
import type { Namespace } from '../client/namespace/namespace.ts'

/** The items of an adapter: those with its prefix. */
export interface HostItems {
  readonly items: Namespace
  /** Makes every item unreachable, with one command; undefined: the keys have no generation. */
  readonly clear: (() => Promise<void>) | undefined
}

/**
 * Returns the items with a prefix.
 *
 * @param isClearable - Whether the keys carry a generation.
 */
export function openItems(cache: Memcache, prefix: string, isClearable: boolean): HostItems {
  if (!isClearable) return { items: cache.namespace(prefix), clear: undefined }
  const items = cache.namespace(prefix, { generations: true })
  return { items, clear: () => items.clear() }
}
