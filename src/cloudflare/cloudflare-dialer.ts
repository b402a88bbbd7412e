import type { ByteStream } from '../connection/byte-stream.ts'
import type { DialContext, Dialer } from '../connection/options.ts'
import { messageOf } from '../message-of.ts'
import type { ServerAddress } from '../server-address.ts'
import { openSocket } from './open-socket.ts'
import type { SocketConnect } from './worker-socket.ts'

/**
 * Dialer for Cloudflare Workers, over `cloudflare:sockets`: `new Memcache(servers, { connect: cloudflareDialer })`. The
 * Worker needs the compatibility flag `nodejs_compat`.
 *
 * TLS (`memcacheds://`, or the option `tls`) is that of the runtime: it checks the certificate against the authorities
 * that it trusts, for the server's host or the TLS option `servername`. Any other TLS option is refused, and so is a unix
 * socket. `noDelay` and `keepAlive` do nothing: a Worker cannot set them.
 *
 * A socket belongs to the request that opened it. Make a client in each request, and close it before the request ends;
 * a client that stays is for Durable Objects.
 *
 * Outside of Workers the connection fails with a `ConnectError`; the import does not.
 */
export const cloudflareDialer: Dialer = async (server: ServerAddress, context: DialContext): Promise<ByteStream> =>
  openSocket(await findConnect(), server, context)

async function findConnect(): Promise<SocketConnect> {
  try {
    return (await import('cloudflare:sockets')).connect
  } catch (error) {
    throw new TypeError(`this is no Cloudflare Worker, there is no cloudflare:sockets: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
