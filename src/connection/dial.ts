import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { ConnectError } from '../errors.ts'
import type { Server } from '../server-address.ts'
import { AddressRace, raceDelayMs } from './address-race.ts'
import type { Attempt } from './attempt.ts'
import type { DeadAddresses } from './dead-addresses.ts'
import { messageOf } from './failure-reason.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { callDialer } from './own-dialer.ts'
import { SocketOpening } from './socket.ts'
import { type OpenedStream, openedStreams } from './streams.ts'
import { tlsOf } from './tls-of.ts'
import type { Transport } from './transport.ts'

/** Opens a stream to the server, by whatever way it is reached. Rejects with `ConnectError`, or the attempt's reason. */
export async function dial(
  server: Server,
  options: ResolvedConnectionOptions,
  deadAddresses: DeadAddresses,
  attempt: Attempt,
): Promise<Transport> {
  const transport = await openTransport(server, options, deadAddresses, attempt)
  openedStreams.publish({ server: server.name, stream: transport.stream } satisfies OpenedStream)
  return transport
}

async function openTransport(
  server: Server,
  options: ResolvedConnectionOptions,
  deadAddresses: DeadAddresses,
  attempt: Attempt,
): Promise<Transport> {
  const tls = tlsOf(server, options)
  if (options.connect !== undefined) return callDialer(server, options.connect, tls, attempt)
  const { endpoint, name } = server
  if (endpoint.kind === 'tcp') return dialHost(server, endpoint, { ...options, tls }, deadAddresses, attempt)
  const opening = new SocketOpening({ name, path: endpoint.path }, { ...options, tls }, attempt)
  return opening.untilOpen(() => {
    attempt.stage = opening.stage
  })
}

/** Tries all addresses of the host: `localhost` may be ::1 first, where nothing listens. */
async function dialHost(
  { name }: Server,
  { host, port }: { readonly host: string; readonly port: number },
  options: ResolvedConnectionOptions,
  deadAddresses: DeadAddresses,
  attempt: Attempt,
): Promise<Transport> {
  const addresses = deadAddresses.order(await resolveHost(name, host, attempt))
  const servername = isIP(host) === 0 ? { servername: host } : {}
  return new AddressRace({
    server: name,
    targets: addresses.map((address) => ({ name, host: address, port, ...servername })),
    options,
    attempt,
    delayMs: raceDelayMs(options.connectTimeoutMs, addresses.length),
    deadAddresses,
  }).run()
}

/** The addresses of a host, asked anew at every connection: names move. */
async function resolveHost(server: string, host: string, attempt: Attempt): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
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
