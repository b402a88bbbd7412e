import { ProtocolError } from '../errors.ts'
import { parseServerSpec, type ServerAddress } from '../server-address.ts'

/** Upper limit of servers in a list; Amazon ElastiCache has 300 at most. */
const MAX_LISTED_SERVERS = 1000

/**
 * Returns the servers of a list received over the network, each once.
 *
 * @param source - Sender of the list, for messages.
 */
export function listServers(addresses: readonly ServerAddress[], source: string): readonly ServerAddress[] {
  const servers = new Map<string, ServerAddress>()
  for (const address of addresses) {
    // Host names are case-insensitive.
    const name = parseServerSpec(address).name.toLowerCase()
    if (!servers.has(name)) servers.set(name, address)
    if (servers.size > MAX_LISTED_SERVERS) {
      throw new ProtocolError(`${source} lists more than ${MAX_LISTED_SERVERS} servers`, { delivery: 'answered' })
    }
  }
  return [...servers.values()]
}
