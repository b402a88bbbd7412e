import type { ByteStream } from '../connection/byte-stream.ts'
import type { DialContext } from '../connection/options.ts'
import { InvalidInputError } from '../errors.ts'
import type { ServerAddress } from '../server-address.ts'
import type { TlsOptions } from '../tls-options.ts'
import { closeSocket, SocketStream } from './socket-stream.ts'
import type { SocketConnect, WorkerSocket } from './worker-socket.ts'

const DEFAULT_PORT = 11_211

/** Options of TLS that the runtime of Workers has: it trusts its own authorities, and has no client certificates here. */
const USABLE: ReadonlySet<string> = new Set(['servername', 'rejectUnauthorized'])

/** Opens the stream to a server over the sockets of a Worker. */
export async function openSocket(
  connect: SocketConnect,
  server: ServerAddress,
  { signal, tls }: DialContext,
): Promise<ByteStream> {
  signal.throwIfAborted()
  const socket = startSocket(connect, server, tls)
  // Reported by `opened`, or by the stream later.
  socket.closed.catch(() => undefined)
  const close = (): void => closeSocket(socket)
  signal.addEventListener('abort', close)
  try {
    await socket.opened
    signal.throwIfAborted()
    return new SocketStream(socket, tls !== undefined)
  } catch (error) {
    close()
    throw error
  } finally {
    signal.removeEventListener('abort', close)
  }
}

function startSocket(connect: SocketConnect, server: ServerAddress, tls: TlsOptions | undefined): WorkerSocket {
  const { host, port = DEFAULT_PORT } = server
  if (host === undefined) throw new InvalidInputError('Cloudflare Workers have no unix sockets: name a host and a port')
  const address = { hostname: host.includes(':') ? `[${host}]` : host, port }
  const allowHalfOpen = false
  if (tls === undefined) return connect(address, { secureTransport: 'off', allowHalfOpen })
  checkTls(tls)
  const { servername } = tls
  if (servername === undefined) return connect(address, { secureTransport: 'on', allowHalfOpen })
  const plain = connect(address, { secureTransport: 'starttls', allowHalfOpen })
  // The socket that continues it reports the same.
  for (const promise of [plain.opened, plain.closed]) promise.catch(() => undefined)
  return plain.startTls({ expectedServerHostname: servername })
}

/** Refuses what the runtime cannot do: to leave it out could trust a server that the caller does not. */
function checkTls(tls: TlsOptions): void {
  const given = Object.entries(tls).filter(([, value]) => value !== undefined)
  const unusable = given.find(([name]) => !USABLE.has(name))
  if (unusable !== undefined) {
    throw new InvalidInputError(
      `Cloudflare Workers have no TLS option ${unusable[0]}: only servername can be set, and the runtime's authorities are trusted`,
    )
  }
  if (tls.rejectUnauthorized === false) {
    throw new InvalidInputError('Cloudflare Workers check every certificate: rejectUnauthorized cannot be false')
  }
}
