import type { Socket } from 'node:net'
import type { ConnectionOptions as TlsConnectOptions } from 'node:tls'
import { ConnectError } from '../errors.ts'
import type { TlsOptions } from '../tls-options.ts'
import type { Attempt } from './attempt.ts'
import { failureReason } from './failure-reason.ts'
import { nodeModule } from './node-modules.ts'
import type { ResolvedConnectionOptions } from './options.ts'
import { ReadBuffer } from './read-buffer.ts'
import { Transport } from './transport.ts'
import { untilEvent } from './until-event.ts'

/** Target of a socket: an address and a port, or the path of a unix socket. */
export interface SocketTarget {
  /** Name of the server, for errors. */
  readonly name: string
  readonly host?: string
  readonly port?: number
  readonly path?: string
  /** Name that the certificate must have, if the host is a name. */
  readonly servername?: string
}

/** Options for opening a socket. */
export type SocketOptions = Pick<ResolvedConnectionOptions, 'noDelay' | 'keepAlive' | 'tls'>

/** Returns the address as shown in messages. */
function showTarget({ path, host, port }: SocketTarget): string {
  return path ?? `${host} port ${port}`
}

/** Socket that is being opened by TCP or to a path, its TLS handshake included. */
export class SocketOpening {
  readonly #target: SocketTarget
  readonly #options: SocketOptions
  readonly #attempt: Attempt
  readonly #buffer: ReadBuffer = new ReadBuffer()
  readonly #socket: Socket
  #isConnected = false

  constructor(target: SocketTarget, options: SocketOptions, attempt: Attempt) {
    this.#target = target
    this.#options = options
    this.#attempt = attempt
    this.#socket = createSocket(target, options.tls, this.#buffer)
  }

  /** Present stage, for messages. */
  get stage(): string {
    const where = showTarget(this.#target)
    if (!this.#isConnected) return `connecting to ${where}`
    return `waiting for the TLS handshake with ${where} (is that a TLS port?)`
  }

  /** Destroys the socket. */
  destroy(): void {
    this.#socket.destroy()
  }

  /**
   * Waits until bytes can be exchanged. Rejects with `ConnectError`, or the attempt's reason.
   *
   * @param onStage - Called when the stage changes.
   */
  async untilOpen(onStage: () => void): Promise<Transport> {
    const { tls } = this.#options
    try {
      onStage()
      await this.#attempt.race(untilEvent(this.#socket, 'connect'))
      tune(this.#socket, this.#target, this.#options)
      if (tls !== undefined) {
        this.#isConnected = true
        onStage()
        await this.#attempt.race(untilEvent(this.#socket, 'secureConnect'))
      }
      const traits = { encrypted: tls !== undefined, writesThrough: true, hold: this.#socket }
      return new Transport(this.#socket, this.#buffer, traits)
    } catch (error) {
      this.#socket.destroy()
      if (this.#attempt.signal.aborted) throw this.#attempt.signal.reason
      const { name: server } = this.#target
      const reason = failureReason(error, tls !== undefined)
      throw new ConnectError(`cannot connect to ${server}: ${reason}`, { server, delivery: 'not-sent', cause: error })
    }
  }
}

function createSocket(target: SocketTarget, tls: TlsOptions | undefined, buffer: ReadBuffer): Socket {
  const { chunk } = buffer
  const onread = {
    buffer: chunk,
    callback: (length: number, bytes: Uint8Array): boolean => {
      // A runtime with its own read buffer passes that one.
      if (bytes === chunk) buffer.received(length)
      else buffer.receive(bytes.subarray(0, length))
      return true
    },
  }
  const { name, path, host, port, servername } = target
  const address = path === undefined ? { host: host!, port: port! } : { path }
  // `node:tls` hands `onread` to its socket as `node:net` does; the type definitions leave it out.
  const secure: TlsConnectOptions & { onread: typeof onread } = {
    ...address,
    ...(servername !== undefined && { servername }),
    // The options are those of `node:tls`, in types of our own.
    ...(tls as TlsConnectOptions | undefined),
    onread,
  }
  const socket =
    tls === undefined
      ? nodeModule('node:net', name).connect({ ...address, onread })
      : nodeModule('node:tls', name).connect(secure)
  // The waits handle errors; one that comes when nothing waits must not end the process.
  socket.on('error', () => undefined)
  return socket
}

function tune(socket: Socket, target: SocketTarget, options: SocketOptions): void {
  if (target.path !== undefined) return
  socket.setNoDelay(options.noDelay)
  const { keepAlive } = options
  if (keepAlive === undefined) return
  const further = [keepAlive.intervalMs, keepAlive.probes] as unknown as []
  if (keepAlive.intervalMs === undefined && keepAlive.probes === undefined) socket.setKeepAlive(true, keepAlive.idleMs)
  else socket.setKeepAlive(true, keepAlive.idleMs, ...further)
}
