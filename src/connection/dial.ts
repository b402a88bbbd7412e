import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions as TlsConnectOptions } from 'node:tls'
import { ConnectError } from '../errors.ts'
import type { Server, TlsOptions } from '../server-address.ts'
import type { Attempt } from './attempt.ts'
import { failureReason, messageOf } from './failure-reason.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { ReadBuffer } from './read-buffer.ts'
import { type OpenedStream, openedStreams } from './streams.ts'
import { Transport } from './transport.ts'

/** What one address gets while other addresses of the name are left to try, in milliseconds (RFC 8305 uses 250 too). */
const ADDRESS_TIMEOUT_MS = 250

/** Opens a stream to the server, by whatever way it is reached. Rejects with `ConnectError`, or the attempt's reason. */
export async function dial(server: Server, options: ResolvedConnectionOptions, attempt: Attempt): Promise<Transport> {
  const buffer = new ReadBuffer()
  const stream = await openStream(server, options, attempt, buffer)
  openedStreams.publish({ server: server.name, stream } satisfies OpenedStream)
  return new Transport(stream, buffer)
}

function openStream(
  server: Server,
  options: ResolvedConnectionOptions,
  attempt: Attempt,
  buffer: ReadBuffer,
): Promise<Duplex> {
  if (options.connect !== undefined) return callDialer(server, options, attempt, buffer)
  // A server's own TLS options add to the client's: `memcacheds://` says that there is TLS, not with which CA.
  const tls =
    server.tls === undefined ? options.tls : server.tls === false ? undefined : { ...options.tls, ...server.tls }
  const { endpoint } = server
  if (endpoint.kind === 'tcp') return dialHost(server, endpoint, { ...options, tls }, attempt, buffer)
  return openSocket(server.name, { path: endpoint.path }, { ...options, tls }, attempt, buffer)
}

async function callDialer(
  server: Server,
  options: ResolvedConnectionOptions,
  attempt: Attempt,
  buffer: ReadBuffer,
): Promise<Duplex> {
  attempt.stage = `waiting for the option connect to open a stream to ${server.name}`
  const { endpoint, name, weight } = server
  const address =
    endpoint.kind === 'tcp'
      ? { name, weight, host: endpoint.host, port: endpoint.port }
      : { name, weight, path: endpoint.path }
  try {
    const opened = Promise.resolve(options.connect!(address, { signal: attempt.signal }))
    // One that comes when nobody waits for it any more must not stay open.
    opened.then((late) => attempt.signal.aborted && late.destroy()).catch(() => undefined)
    const stream = await attempt.race(opened)
    stream.on('data', (bytes: Uint8Array | string) => {
      if (typeof bytes === 'string')
        stream.destroy(new TypeError('the stream gives text instead of bytes (setEncoding)'))
      else buffer.receive(bytes)
    })
    return stream
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason
    throw new ConnectError(`the option connect gave no stream to ${name}: ${messageOf(error)}`, {
      server: name,
      cause: error,
    })
  }
}

interface HostPort {
  readonly host: string
  readonly port: number
}

interface Target extends Partial<HostPort> {
  readonly path?: string
  readonly servername?: string
}

/** Tries every address of the host in turn: `localhost` may be ::1 first, where nobody listens. */
async function dialHost(
  server: Server,
  endpoint: HostPort,
  options: ResolvedConnectionOptions,
  attempt: Attempt,
  buffer: ReadBuffer,
): Promise<Duplex> {
  const addresses = await resolveHost(server, endpoint.host, attempt)
  const failures: Error[] = []
  for (const [index, address] of addresses.entries()) {
    const target = {
      host: address,
      port: endpoint.port,
      ...(isIP(endpoint.host) === 0 && { servername: endpoint.host }),
    }
    const patience = index < addresses.length - 1 ? ADDRESS_TIMEOUT_MS : Number.POSITIVE_INFINITY
    try {
      return await openSocket(server.name, target, options, attempt, buffer, patience)
    } catch (error) {
      if (attempt.signal.aborted) throw attempt.signal.reason
      failures.push(error as Error)
    }
  }
  if (failures.length === 1) throw failures[0]!
  const reasons = failures.map((failure) => failure.message).join('; ')
  throw new ConnectError(`none of the ${failures.length} addresses of ${server.name} could be reached: ${reasons}`, {
    server: server.name,
    cause: new AggregateError(failures),
  })
}

/** The addresses of a host, asked anew at every connection: names move. */
async function resolveHost(server: Server, host: string, attempt: Attempt): Promise<string[]> {
  if (isIP(host) !== 0) return [host]
  attempt.stage = `looking up ${host}`
  try {
    const found = await attempt.race(lookup(host, { all: true, verbatim: true }))
    return [...new Set(found.map((entry) => entry.address))]
  } catch (error) {
    if (attempt.signal.aborted) throw attempt.signal.reason
    throw new ConnectError(`${host} cannot be resolved: ${messageOf(error)}`, { server: server.name, cause: error })
  }
}

async function openSocket(
  name: string,
  target: Target,
  options: ResolvedConnectionOptions,
  attempt: Attempt,
  buffer: ReadBuffer,
  patienceMs = Number.POSITIVE_INFINITY,
): Promise<Socket> {
  const where = target.path ?? `${target.host} port ${target.port}`
  attempt.stage = `connecting to ${where}`
  const socket = createSocket(target, options.tls, buffer)
  let timer: NodeJS.Timeout | undefined
  try {
    if (patienceMs !== Number.POSITIVE_INFINITY) {
      timer = setTimeout(() => socket.destroy(new Error(`no answer from ${where} within ${patienceMs} ms`)), patienceMs)
    }
    await attempt.race(untilEvent(socket, 'connect'))
    clearTimeout(timer)
    tune(socket, target, options)
    if (options.tls !== undefined) {
      attempt.stage = `waiting for the TLS handshake with ${where} (is that a TLS port?)`
      await attempt.race(untilEvent(socket, 'secureConnect'))
    }
    return socket
  } catch (error) {
    socket.destroy()
    if (attempt.signal.aborted) throw attempt.signal.reason
    throw new ConnectError(`cannot connect to ${name}: ${failureReason(error, options.tls !== undefined)}`, {
      server: name,
      cause: error,
    })
  } finally {
    clearTimeout(timer)
  }
}

/** `close` without `error` must not leave a wait for ever. */
async function untilEvent(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  const done = new AbortController()
  const closed = once(socket, 'close', { signal: done.signal }).then(() => {
    throw new Error('the connection was closed')
  })
  try {
    await Promise.race([once(socket, event, { signal: done.signal }), closed])
  } finally {
    closed.catch(() => undefined)
    done.abort()
  }
}

function createSocket(target: Target, tls: TlsOptions | undefined, buffer: ReadBuffer): Socket {
  const onread = {
    buffer: buffer.chunk,
    callback: (length: number, bytes: Uint8Array): boolean => {
      // A runtime that reads into a buffer of its own gives that one.
      if (bytes.buffer === buffer.chunk.buffer) buffer.received(length)
      else buffer.receive(bytes.subarray(0, length))
      return true
    },
  }
  const { path, host, port, servername } = target
  const address = path === undefined ? { host: host!, port: port! } : { path }
  // `node:tls` hands `onread` to its socket as `node:net` does; the type definitions leave it out.
  const secure: TlsConnectOptions & { onread: typeof onread } = {
    ...address,
    ...(servername !== undefined && { servername }),
    ...tls,
    onread,
  }
  const socket = tls === undefined ? connectTcp({ ...address, onread }) : connectTls(secure)
  // Errors are heard by whoever waits; one that comes when nobody does must not end the process.
  socket.on('error', () => undefined)
  return socket
}

function tune(socket: Socket, target: Target, options: ResolvedConnectionOptions): void {
  if (target.path !== undefined) return
  socket.setNoDelay(options.noDelay)
  const { keepAlive } = options
  if (keepAlive === undefined) return
  const further = [keepAlive.intervalMs, keepAlive.probes] as unknown as []
  if (keepAlive.intervalMs === undefined && keepAlive.probes === undefined) socket.setKeepAlive(true, keepAlive.idleMs)
  else socket.setKeepAlive(true, keepAlive.idleMs, ...further)
}
