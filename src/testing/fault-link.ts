import type { Socket } from 'node:net'
import { untilDelivered } from './delivery.ts'
import { FaultPipe } from './fault-pipe.ts'
import type { Faults } from './faults.ts'

/** Direction of bytes: requests go to the server, replies to the client. */
export type Direction = 'toServer' | 'toClient'

/** Both directions. */
export const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient']

/** One value for each direction. */
export type PerDirection<T> = Readonly<Record<Direction, T>>

/** One client's connection through the proxy, and the proxy's connection to the server. */
export class FaultLink {
  readonly #client: Socket
  readonly #server: Socket
  readonly #pipes: PerDirection<FaultPipe>
  /** Settles when both sides are closed. */
  readonly closed: Promise<void>

  /** @param server - Socket that may still be connecting. */
  constructor(client: Socket, server: Socket, faults: PerDirection<Faults>, random: PerDirection<() => number>) {
    this.#client = client
    this.#server = server
    const onCut = (): void => void this.#resetSoon()
    this.#pipes = {
      toServer: new FaultPipe({
        from: client,
        to: server,
        faults: faults.toServer,
        random: random.toServer,
        onEnd: (end) => (end === 'end' ? server.end() : server.destroySoon()),
        onCut,
      }),
      toClient: new FaultPipe({
        from: server,
        to: client,
        faults: faults.toClient,
        random: random.toClient,
        onEnd: (end) => (end === 'end' ? client.end() : void this.#resetSoon()),
        onCut,
      }),
    }
    this.closed = this.#watch()
  }

  /** Whether the client's side is open. */
  get open(): boolean {
    return !this.#client.destroyed
  }

  /** Holds the bytes of a direction back, or releases them. */
  freeze(direction: Direction, frozen: boolean): void {
    this.#pipes[direction].frozen = frozen
  }

  /**
   * Applies changed faults of a direction. @param counts - Whether to count the bytes for `cutAfterBytes` from here.
   */
  refresh(direction: Direction, counts: boolean): void {
    this.#pipes[direction].refresh(counts)
  }

  /** Ends one direction: its receiver sees the end of the stream, the other direction goes on. */
  halfClose(direction: Direction): void {
    this.#pipes[direction].finish('end')
  }

  /** Ends the connection with a reset. Bytes already passed on to the server still reach it. */
  reset(): void {
    this.#cutOff()
    this.#server.destroySoon()
  }

  /**
   * Resets the connection once its bytes are delivered: a reset discards those still under way. Two turns of the event
   * loop let a reader in this process see the last bytes first: libuv takes bytes and a reset found together for the
   * end of the stream (uv__stream_io, POLLHUP after a partial read).
   */
  async #resetSoon(): Promise<void> {
    await untilDelivered(this.#client)
    setImmediate(() => setImmediate(() => this.reset()))
  }

  /** Ends both sides now. */
  destroy(): void {
    this.#cutOff()
    this.#server.destroy()
  }

  #cutOff(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.close()
    if (!this.#client.destroyed) resetOrClose(this.#client)
  }

  async #watch(): Promise<void> {
    const { toServer, toClient } = this.#pipes
    await Promise.all([
      closeOf(this.#client, () => {
        toClient.close()
        // The server sees the reset after its last bytes.
        toServer.finish('reset')
      }),
      closeOf(this.#server, (broken) => {
        toServer.close()
        toClient.finish(broken ? 'reset' : 'end')
      }),
    ])
  }
}

/**
 * Ends a socket by a reset, or without one while its end is being sent: Node then fails to reset it (EINVAL, seen on
 * 20.20), and it never closes.
 */
function resetOrClose(socket: Socket): void {
  const sendsEnd = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0
  if (sendsEnd) socket.destroy()
  else socket.resetAndDestroy()
}

function closeOf(socket: Socket, onClose: (broken: boolean) => void): Promise<void> {
  socket.setNoDelay(true)
  // Errors end in a close, which the other side sees.
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    socket.once('close', (broken: boolean) => {
      onClose(broken)
      resolve()
    })
  })
}
