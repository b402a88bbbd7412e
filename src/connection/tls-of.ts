import type { Server } from '../server-address.ts'
import type { TlsOptions } from '../tls-options.ts'
import type { ResolvedConnectionOptions } from './options.ts'

/**
 * Returns the TLS options for a server; undefined for plain text.
 *
 * A server's own options add to the client's: `memcacheds://` turns TLS on, but names no CA.
 */
export function tlsOf(server: Server, options: ResolvedConnectionOptions): TlsOptions | undefined {
  if (server.tls === undefined) return options.tls
  return server.tls === false ? undefined : { ...options.tls, ...server.tls }
}
