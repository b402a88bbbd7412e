import { type CommonZoneOptions, resolveZoneOptions } from '../middleware/zones/options.ts'
import { createZones } from '../middleware/zones/zones-executor.ts'
import type { ServerSource } from '../seam/server-source.ts'
import { ATTACH_ZONES, type ZonesHost, type ZonesPart } from '../seam/zones.ts'
import type { ServerSpec } from '../server-address.ts'
import { unreadable } from '../unreadable.ts'
import type { CacheClient } from './executor-of.ts'

/** Options of {@link zones}. */
export interface ZoneOptions extends CommonZoneOptions {
  /**
   * The other zones, by name: lists of servers, or sources of lists, which get the options of this client; or clients, which
   * keep their own (their servers, distribution and login are used, not their prefix or serde). A client must not have
   * `retry`, `fallback`, `nearCache` or `zones`.
   */
  readonly others: Readonly<Record<string, readonly ServerSpec[] | ServerSource | CacheClient>>
}

/**
 * Returns the option `zones` of a client: the same items in several zones, each with servers of its own. Reads go to the local
 * zone, and to the others where it fails; writes go to all zones. Keys whose write a zone did not take are removed there before
 * they are read there again, as long as this client lives.
 *
 * @param options - A bad one throws `InvalidInputError` that names it.
 *
 * @example
 * ```ts
 * import { Memcache } from 'memlane'
 * import { zones } from 'memlane/zones'
 *
 * const cache = new Memcache(['a1:11211', 'a2:11211'], {
 *   zones: zones({ local: 'a', primary: 'a', others: { b: ['b1:11211', 'b2:11211'] } }),
 * })
 * ```
 */
export function zones(options: ZoneOptions): ZonesPart {
  const resolved = resolve(options)
  return Object.freeze({ [ATTACH_ZONES]: (host: ZonesHost) => createZones(resolved, host) })
}

function resolve(options: ZoneOptions): ReturnType<typeof resolveZoneOptions> {
  try {
    return resolveZoneOptions(options)
  } catch (cause) {
    throw unreadable('the options of zones', cause)
  }
}
