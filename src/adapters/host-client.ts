import type { KeyOptions } from '../client/call-options.ts'
import { accessOf } from '../client/client-access.ts'
import type { Servers } from '../client/compose.ts'
import { Memcache } from '../client/memcache.ts'
import type { MemcacheOptions } from '../client/options.ts'
import { InvalidInputError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { refused } from '../option-checks.ts'

/** Store of an adapter's items: a client, which stays the caller's to close, or the servers of one that it makes. */
export type CacheOrServers = Memcache | Servers

/** Options that every adapter takes. */
export interface AdapterOptions {
  /** Put in front of every key. Adapters on one cache need different ones. */
  readonly prefix?: string
  /** Options of the client that the adapter makes. A `Memcache` that is given has its own. */
  readonly client?: MemcacheOptions
}

/** The client of an adapter. */
export interface HostClient {
  readonly cache: Memcache
  /** Finishes what is under way and closes the client, if the adapter has made it. */
  readonly close: () => Promise<void>
}

/** Options of calls that reject when the cache fails, whatever the client's option `failures`. */
export const THROWS: KeyOptions = { failures: 'throw' }

/** Names of {@link AdapterOptions}. */
export const ADAPTER_NAMES: readonly (keyof AdapterOptions)[] = ['prefix', 'client']

/**
 * Returns the client that was given, or makes one.
 *
 * @param adapter - Name of the adapter, for messages.
 */
export function openHostClient(
  adapter: string,
  cache: CacheOrServers | undefined,
  options: MemcacheOptions | undefined,
): HostClient {
  const access = accessOf(cache)
  if (access === undefined) return makeClient(adapter, cache as Servers | undefined, options)
  if (access.namespaceKeys !== undefined)
    throw new InvalidInputError(`${adapter} takes a Memcache, not a namespace of one: give the option prefix instead`)
  if (options === undefined) return { cache: cache as Memcache, close: () => Promise.resolve() }
  throw new InvalidInputError(`${adapter} was given a Memcache, which has its own options: leave out the option client`)
}

function makeClient(adapter: string, servers: Servers | undefined, options: MemcacheOptions | undefined): HostClient {
  if (typeof (servers as Partial<Memcache> | undefined)?.getMany === 'function')
    throw new InvalidInputError(
      `${adapter} was given a client that is no Memcache of this copy of memlane: import both from one installed memlane, and both by import or both by require`,
    )
  const cache = new Memcache(servers, options)
  return { cache, close: () => cache.close() }
}

/** Checks the options that all adapters have, and that there are no others than these. Returns the prefix. */
export function checkAdapterOptions(
  adapter: string,
  options: AdapterOptions,
  names: readonly string[],
  defaultPrefix: string,
): string {
  checkOptions(options, names, adapter)
  const { prefix = defaultPrefix } = options
  if (typeof prefix === 'string' && prefix !== '' && prefix.isWellFormed()) return prefix
  throw refused('prefix', 'text that is not empty', prefix)
}
