import { ConnectError } from '../errors.ts'
import { isIpAddress } from '../ip-address.ts'
import { messageOf } from '../message-of.ts'
import type { Server } from '../server-address.ts'
import type { TlsOptions } from '../tls-options.ts'
import { AddressRace, raceDelayMs } from './address-race.ts'
import type { Attempt } from './attempt.ts'
import type { DeadAddresses } from './dead-addresses.ts'
import { nodeModule } from './node-modules.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { SocketOpening } from './socket.ts'
import type { Transport } from './transport.ts'

/**
 * Opens a socket of Node's. Rejects with `ConnectError`, also if the runtime has no sockets, or the attempt's reason.
 */
export async function openSocket(
  { endpoint, name }: Server,
  options: ResolvedConnectionOptions,
  tls: TlsOptions | undefined,
  deadAddresses: DeadAddresses,
  attempt: Attempt,
): Promise<Transport> {
  // Asked for before any look-up.
  nodeModule(tls === undefined ? 'node:net' : 'node:tls', name)
  if (endpoint.kind === 'tcp') return dialHost(name, endpoint, { ...options, tls }, deadAddresses, attempt)
  const opening = new SocketOpening({ name, path: endpoint.path }, { ...options, tls }, attempt)
  return opening.untilOpen(() => {
    attempt.stage = opening.stage
  })
}

/** Tries all addresses of the host: `localhost` may be ::1 first, where nothing listens. */
async function dialHost(
  server: string,
  { host, port }: { readonly host: string; readonly port: number },
  options: ResolvedConnectionOptions,
  deadAddresses: DeadAddresses,
  attempt: Attempt,
): Promise<Transport> {
  const addresses = deadAddresses.order(await resolveHost(server, host, attempt))
  const servername = isIpAddress(host) ? {} : { servername: host }
  return new AddressRace({
    server,
    targets: addresses.map((address) => ({ name: server, host: address, port, ...servername })),
    options,
    attempt,
    delayMs: raceDelayMs(options.connectTimeoutMs, addresses.length),
    deadAddresses,
  }).run()
}

/** Returns the addresses of a host, looked up for every connection: addresses change. */
async function resolveHost(server: string, host: string, attempt: Attempt): Promise<string[]> {
  if (isIpAddress(host)) return [host]
  const { lookup } = nodeModule('node:dns/promises', server)
  attempt.stage = `looking up ${host}`
  try {
    const found = await attempt.race(lookup(host, { all: true, verbatim: true }))
    return [...new Set(found.map((entry) => entry.address))]
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason
    const message = `${host} cannot be resolved: ${messageOf(error)}`
    throw new ConnectError(message, { server, delivery: 'not-sent', cause: error })
  }
}
