import type { Attempt } from './attempt.ts'
import type { ConnectionTarget } from './connection-target.ts'
import { openSocket } from './node-dialer.ts'
import { callDialer } from './own-dialer.ts'
import { tlsOf } from './tls-of.ts'
import type { Transport } from './transport.ts'

/**
 * Opens a stream to the server, by TCP, unix socket or own dialer. Rejects with `ConnectError`, or the attempt's
 * reason.
 */
export async function dial(target: ConnectionTarget, attempt: Attempt): Promise<Transport> {
  const { server, options, memory, observer } = target
  const tls = tlsOf(server, options)
  const transport = await (options.connect === undefined
    ? openSocket(server, options, tls, memory.deadAddresses, attempt)
    : callDialer(server, options.connect, tls, attempt))
  observer.streamOpened(server.name, transport.stream)
  return transport
}
