import type { Duplex } from 'node:stream'
import type { TLSSocket, ConnectionOptions as TlsConnectOptions } from 'node:tls'
import { ConnectError } from '../errors.ts'
import { isIpAddress } from '../ip-address.ts'
import { messageOf } from '../message-of.ts'
import { findNodeModule } from '../node-modules.ts'
import type { Server, ServerAddress } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import type { TlsOptions } from '../tls-options.ts'
import type { Attempt } from './attempt.ts'
import type { ByteStream, DialedStream } from './byte-stream.ts'
import { failureReason } from './failure-reason.ts'
import { isNodeSocket } from './node-modules.ts'
import type { Dialer } from './options.ts'
import { ReadBuffer } from './read-buffer.ts'
import { type ProcessHold, Transport } from './transport.ts'
import { untilEvent } from './until-event.ts'

/** Checked stream of a dialer. */
interface Dialed {
  readonly stream: ByteStream
  readonly encrypted: boolean
  /** `ref` and `unref` given with the stream. */
  readonly hold: ProcessHold | undefined
}

/** Opens a stream by the option `connect`, and wraps it in TLS if TLS is asked for and the stream has none yet. */
export async function callDialer(
  server: Server,
  connect: Dialer,
  tls: TlsOptions | undefined,
  attempt: Attempt,
): Promise<Transport> {
  const dialed = checkDialed(server, await askDialer(server, connect, tls, attempt))
  const wraps = tls !== undefined && !dialed.encrypted
  const stream: ByteStream = wraps ? await wrapInTls(server, dialed.stream, tls, attempt) : dialed.stream
  const buffer = new ReadBuffer()
  stream.on('data', (bytes: Uint8Array | string) => {
    if (typeof bytes !== 'string') buffer.receive(bytes)
    else stream.destroy(new TypeError('the stream gives text instead of bytes (setEncoding)'))
  })
  return new Transport(stream, buffer, {
    encrypted: wraps || dialed.encrypted,
    writesThrough: isNodeSocket(stream),
    hold: dialed.hold ?? stream,
  })
}

async function askDialer(
  server: Server,
  connect: Dialer,
  tls: TlsOptions | undefined,
  attempt: Attempt,
): Promise<unknown> {
  attempt.stage = `waiting for the option connect to open a stream to ${server.name}`
  try {
    const opened = Promise.resolve(connect(addressOf(server), { signal: attempt.signal, tls }))
    // A stream that comes after the attempt was given up must not stay open.
    opened.then((late) => attempt.signal.aborted && streamOf(late)?.destroy()).catch(() => undefined)
    return await attempt.race(opened)
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason
    throw noStreamError(server, error)
  }
}

/** Checks the result of the dialer, which is the caller's code and may return anything. */
function checkDialed(server: Server, given: unknown): Dialed {
  const stream = streamOf(given)
  if (stream === undefined) throw noStreamError(server, new TypeError(`it resolved to ${showValue(given)}`))
  if (stream === given) return { stream, encrypted: stream.encrypted === true, hold: undefined }
  const { secure = false, ref, unref } = given as DialedStream
  const isUsable = typeof secure === 'boolean' && [ref, unref].every(isOptionalFunction)
  if (!isUsable) {
    stream.destroy()
    throw noStreamError(server, new TypeError('secure must be true or false, ref and unref must be functions'))
  }
  const hold = ref === undefined && unref === undefined ? undefined : (given as DialedStream)
  return { stream, encrypted: secure || stream.encrypted === true, hold }
}

/** Returns the stream that a dialer gave, alone or in an object; undefined if it gave none. */
function streamOf(given: unknown): ByteStream | undefined {
  if (isByteStream(given)) return given
  if (typeof given !== 'object' || given === null || !('stream' in given)) return undefined
  return isByteStream(given.stream) ? given.stream : undefined
}

function isByteStream(value: unknown): value is ByteStream {
  if (typeof value !== 'object' || value === null) return false
  const { on, write, destroy } = value as Partial<ByteStream>
  return [on, write, destroy].every((method) => typeof method === 'function')
}

function isOptionalFunction(value: unknown): boolean {
  return value === undefined || typeof value === 'function'
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

/** Wraps the stream in TLS. Nothing is written before the TLS handshake has succeeded. */
async function wrapInTls(server: Server, stream: ByteStream, tls: TlsOptions, attempt: Attempt): Promise<TLSSocket> {
  attempt.stage = `waiting for the TLS handshake with ${server.name} over the stream of the option connect (is that a TLS port?)`
  let socket: TLSSocket | undefined
  try {
    socket = startTls(stream, { ...identityOf(server), ...(tls as TlsConnectOptions) })
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

function startTls(stream: ByteStream, options: TlsConnectOptions): TLSSocket {
  const tls = findNodeModule('node:tls')
  if (tls === undefined) throw new TypeError('this runtime has no node:tls, and the stream is not encrypted already')
  refuseUnwrappable(stream)
  // `node:tls` uses only the parts of a stream that a `ByteStream` has.
  const socket = tls.connect({ ...options, socket: stream as Duplex })
  // The waits handle errors; one that comes when nothing waits must not end the process.
  socket.on('error', () => undefined)
  stream.on('error', (error: Error) => socket.destroy(error))
  return socket
}

/** Modes of a stream of Node's. */
type Modes = Partial<Pick<Duplex, 'readableObjectMode' | 'writableObjectMode' | 'readableEncoding'>>

/** Refuses streams over which TLS would wait for ever instead of failing. */
function refuseUnwrappable(stream: ByteStream & Modes): void {
  if (stream.readableObjectMode || stream.writableObjectMode) throw new TypeError('the stream is in object mode')
  if (stream.readableEncoding) throw new TypeError('the stream gives text instead of bytes (setEncoding)')
  if (stream.destroyed || !stream.readable || !stream.writable) throw new TypeError('the stream has ended')
}

/** Returns the name that the certificate must have: the configured server's, wherever the stream leads. */
function identityOf({ endpoint }: Server): { readonly host: string; readonly servername?: string } {
  // As for a unix socket dialled here.
  if (endpoint.kind === 'unix') return { host: 'localhost' }
  const { host } = endpoint
  return { host, ...(!isIpAddress(host) && { servername: host }) }
}
