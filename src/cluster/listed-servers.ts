import { ProtocolError } from '../errors.ts'
import { parseServerSpec, type ServerAddress } from '../server-address.ts'

/** More servers than any cluster has: Amazon ElastiCache has 300 at most. */
const MAX_LISTED_SERVERS = 1000

/**
 * The servers of a list that came over the network, each once: one that is listed twice is one server.
 *
 * @param source - What gave the list, for messages.
 */
export function listServers(addresses: readonly ServerAddress[], source: string): readonly ServerAddress[] {
  const servers = new Map<string, ServerAddress>()
  for (const address of addresses) {
    // Names of hosts are the same in capitals.
    const name = parseServerSpec(address).name.toLowerCase()
    if (!servers.has(name)) servers.set(name, address)
    if (servers.size > MAX_LISTED_SERVERS) {
      throw new ProtocolError(`${source} lists more than ${MAX_LISTED_SERVERS} servers`, { delivery: 'answered' })
    }
  }
  return [...servers.values()]
}
