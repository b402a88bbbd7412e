import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { ConnectError } from '../errors.ts'
import type { Server, ServerAddress, TlsOptions } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import type { Attempt } from './attempt.ts'
import { failureReason, messageOf } from './failure-reason.ts'
import type { Dialer } from './options.ts'
import { ReadBuffer } from './read-buffer.ts'
import { Transport } from './transport.ts'
import { untilEvent } from './until-event.ts'

/** Opens a stream by the option `connect`, and wraps it in TLS where TLS is asked for and the stream has none yet. */
export async function callDialer(
  server: Server,
  connect: Dialer,
  tls: TlsOptions | undefined,
  attempt: Attempt,
): Promise<Transport> {
  const stream = checkStream(server, await askDialer(server, connect, attempt))
  const secured = tls === undefined || isEncrypted(stream) ? stream : await wrapInTls(server, stream, tls, attempt)
  const buffer = new ReadBuffer()
  secured.on('data', (bytes: Uint8Array | string) => {
    if (typeof bytes !== 'string') buffer.receive(bytes)
    else secured.destroy(new TypeError('the stream gives text instead of bytes (setEncoding)'))
  })
  return new Transport(secured, buffer)
}

async function askDialer(server: Server, connect: Dialer, attempt: Attempt): Promise<Duplex> {
  attempt.stage = `waiting for the option connect to open a stream to ${server.name}`
  try {
    const opened = Promise.resolve(connect(addressOf(server), { signal: attempt.signal }))
    // One that comes when nobody waits for it any more must not stay open.
    opened.then((late) => attempt.signal.aborted && late.destroy()).catch(() => undefined)
    return await attempt.race(opened)
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason
    throw noStreamError(server, error)
  }
}

/** The dialer is the caller's code: it may give anything. */
function checkStream(server: Server, stream: unknown): Duplex {
  if (typeof stream === 'object' && stream !== null) {
    const { on, write, destroy } = stream as Partial<Duplex>
    if ([on, write, destroy].every((method) => typeof method === 'function')) return stream as Duplex
  }
  throw noStreamError(server, new TypeError(`it resolved to ${showValue(stream)}`))
}

function addressOf({ endpoint, name, weight }: Server): ServerAddress {
  return endpoint.kind === 'tcp'
    ? { name, weight, host: endpoint.host, port: endpoint.port }
    : { name, weight, path: endpoint.path }
}

function noStreamError(server: Server, cause: unknown): ConnectError {
  return new ConnectError(`the option connect gave no stream to ${server.name}: ${messageOf(cause)}`, {
    server: server.name,
    delivery: 'not-sent',
    cause,
  })
}

/** Whether the stream says of itself that it is encrypted already, as sockets of `node:tls` do. */
function isEncrypted(stream: Duplex): boolean {
  return 'encrypted' in stream && stream.encrypted === true
}

/** Nothing is written before the TLS handshake has succeeded. */
async function wrapInTls(server: Server, stream: Duplex, tls: TlsOptions, attempt: Attempt): Promise<TLSSocket> {
  attempt.stage = `waiting for the TLS handshake with ${server.name} over the stream of the option connect (is that a TLS port?)`
  let socket: TLSSocket | undefined
  try {
    refuseUnwrappable(stream)
    socket = connectTls({ ...identityOf(server), ...tls, socket: stream })
    // Errors are heard by the waits; one that comes when nothing waits must not end the process.
    socket.on('error', () => undefined)
    stream.on('error', (error: Error) => socket?.destroy(error))
    await attempt.race(untilEvent(socket, 'secureConnect'))
    return socket
  } catch (error) {
    socket?.destroy()
    stream.destroy()
    if (attempt.signal.aborted) throw attempt.signal.reason
    const reason = failureReason(error, true)
    throw new ConnectError(`no TLS to ${server.name} over the stream of the option connect: ${reason}`, {
      server: server.name,
      delivery: 'not-sent',
      cause: error,
    })
  }
}

/** TLS over such a stream would wait for ever instead of failing. */
function refuseUnwrappable(stream: Duplex): void {
  if (stream.readableObjectMode || stream.writableObjectMode) throw new TypeError('the stream is in object mode')
  if (stream.readableEncoding) throw new TypeError('the stream gives text instead of bytes (setEncoding)')
  if (stream.destroyed || !stream.readable || !stream.writable) throw new TypeError('the stream has ended')
}

/** Whom the certificate must name: the server that was configured, wherever the stream leads. */
function identityOf({ endpoint }: Server): { readonly host: string; readonly servername?: string } {
  // As for a unix socket that is dialled here.
  if (endpoint.kind === 'unix') return { host: 'localhost' }
  const { host } = endpoint
  return { host, ...(isIP(host) === 0 && { servername: host }) }
}
