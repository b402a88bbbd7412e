import type { Socket } from 'node:net'
import { untilDelivered } from './delivery.ts'
import { FaultPipe } from './fault-pipe.ts'
import type { Faults } from './faults.ts'

/** The direction of bytes: requests go to the server, replies to the client. */
export type Direction = 'toServer' | 'toClient'

/** Both of them. */
export const DIRECTIONS: readonly Direction[] = ['toServer', 'toClient']

/** Something for each direction. */
export type PerDirection<T> = Readonly<Record<Direction, T>>

/** One client's connection through the proxy, and its connection to the server. */
export class FaultLink {
  readonly #client: Socket
  readonly #server: Socket
  readonly #pipes: PerDirection<FaultPipe>
  /** Settles when both sides are closed. */
  readonly closed: Promise<void>

  /** @param server - May still be connecting. */
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

  /** Holds the bytes of a direction back, or lets them go. */
  freeze(direction: Direction, frozen: boolean): void {
    this.#pipes[direction].frozen = frozen
  }

  /** The faults of a direction have changed. @param counts - Count the bytes for `cutAfterBytes` from here. */
  refresh(direction: Direction, counts: boolean): void {
    this.#pipes[direction].refresh(counts)
  }

  /** Ends one direction: its receiver sees the end of the stream, the other direction goes on. */
  halfClose(direction: Direction): void {
    this.#pipes[direction].finish('end')
  }

  /** Ends the connection with a reset. What was passed on to the server already still reaches it. */
  reset(): void {
    this.#cutOff()
    this.#server.destroySoon()
  }

  /**
   * A reset discards what is still on its way, so it waits for that. And it lets a reader in this process see the last
   * bytes first: libuv takes bytes and a reset that it finds together for the end of the stream (uv__stream_io, POLLHUP
   * after a partial read).
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
    if (!this.#client.destroyed) this.#client.resetAndDestroy()
  }

  async #watch(): Promise<void> {
    const { toServer, toClient } = this.#pipes
    await Promise.all([
      closeOf(this.#client, () => {
        toClient.close()
        // A server learns of it behind what it was sent.
        toServer.finish('reset')
      }),
      closeOf(this.#server, (broken) => {
        toServer.close()
        toClient.finish(broken ? 'reset' : 'end')
      }),
    ])
  }
}

function closeOf(socket: Socket, onClose: (broken: boolean) => void): Promise<void> {
  socket.setNoDelay(true)
  // Errors end in a close, which is what the other side gets to see.
  socket.on('error', () => undefined)
  return new Promise((resolve) => {
    socket.once('close', (broken: boolean) => {
      onClose(broken)
      resolve()
    })
  })
}
