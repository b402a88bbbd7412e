import { InvalidInputError, ProtocolError } from '../errors.ts'
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
    const name = nameOf(address, source).toLowerCase()
    if (!servers.has(name)) servers.set(name, address)
    if (servers.size > MAX_LISTED_SERVERS) {
      throw new ProtocolError(`${source} lists more than ${MAX_LISTED_SERVERS} servers`, { delivery: 'answered' })
    }
  }
  return [...servers.values()]
}

/** Name of a server of the list. A wrong address comes from the sender of the list, and not from the caller. */
function nameOf(address: ServerAddress, source: string): string {
  try {
    return parseServerSpec(address).name
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error
    throw new ProtocolError(`${source} has an entry that is no server: ${error.message}`, {
      delivery: 'answered',
      cause: error,
    })
  }
}
