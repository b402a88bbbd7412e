import type { Server } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import type { DeadAddresses } from './dead-addresses.ts'
import { openSocket } from './node-dialer.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { callDialer } from './own-dialer.ts'
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
  const tls = tlsOf(server, options)
  const transport = await (options.connect === undefined
    ? openSocket(server, options, tls, deadAddresses, attempt)
    : callDialer(server, options.connect, tls, attempt))
  openedStreams.publish({ server: server.name, stream: transport.stream } satisfies OpenedStream)
  return transport
}
