import { Memcache } from '../client/memcache.ts'
import type { MemcacheOptions } from '../client/options.ts'
import { showOptions } from '../inspect.ts'
import type { ServerSpec } from '../server-address.ts'

/** Returns what `console.log` shows of a synchronous client: the names of its servers, since their state is with the worker. */
export function shownOf(servers: ServerSpec | readonly ServerSpec[] | undefined, options: MemcacheOptions): object {
  // Reads the names as the worker does, and never connects.
  const { servers: statuses } = new Memcache(servers, options)
  return { servers: statuses.map(({ name }) => name), options: showOptions(options) }
}
