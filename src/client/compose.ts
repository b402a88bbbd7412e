import { InvalidInputError } from '../errors.ts'
import type { Backend } from '../executor.ts'
import { ServerPool } from '../pool/server-pool.ts'
import type { PoolListener } from '../pool/slot.ts'
import { parseServerSpec, type ServerSpec } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import type { ResolvedClientOptions } from './options.ts'

/** memcached's own default address. */
const DEFAULT_SERVER = 'localhost:11211'

/** Puts the floors below the client together: the one place that knows which executors there are. */
export function composeBackend(
  servers: ServerSpec | readonly ServerSpec[] | undefined,
  options: ResolvedClientOptions,
  listener: PoolListener,
): Backend {
  return new ServerPool(parseServerSpec(oneServer(servers)), options.connectionsPerServer, options.connection, listener)
}

function oneServer(servers: ServerSpec | readonly ServerSpec[] | undefined): ServerSpec {
  if (servers === undefined) return DEFAULT_SERVER
  if (!isList(servers)) return servers
  for (const server of servers) {
    if (typeof server !== 'string' && (typeof server !== 'object' || server === null)) {
      throw new InvalidInputError(
        `a list of servers holds strings or addresses, got ${showValue(server)}; write 'host:port' as one string`,
      )
    }
  }
  const [server] = servers
  if (server !== undefined && servers.length === 1) return server
  throw new InvalidInputError(`this version of memlane takes one server, got ${servers.length}`)
}

function isList(servers: ServerSpec | readonly ServerSpec[]): servers is readonly ServerSpec[] {
  return Array.isArray(servers)
}
