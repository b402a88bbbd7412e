import type { Socket } from 'node:net'
import { FaultPipe } from './fault-pipe.ts'
import type { Faults } from './faults.ts'

/** The direction of bytes: requests go to the server, replies to the client. */
export type Direction = 'toServer' | 'toClient'

/** One client's connection through the proxy, and its connection to the server. */
export class FaultLink {
  readonly #client: Socket
  readonly #server: Socket
  readonly #pipes: Readonly<Record<Direction, FaultPipe>>

  constructor(client: Socket, server: Socket, faults: Readonly<Record<Direction, Faults>>, random: () => number) {
    this.#client = client
    this.#server = server
    const cut = (): void => this.reset()
    this.#pipes = {
      toServer: new FaultPipe(client, server, faults.toServer, random, cut),
      toClient: new FaultPipe(server, client, faults.toClient, random, cut),
    }
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      // Errors end in a close, which is what the other side gets to see.
      socket.on('error', () => undefined)
    }
    client.on('close', () => this.#server.destroySoon())
    server.on('close', (broken: boolean) => {
      if (broken) this.reset()
    })
  }

  /** Whether the client's side is open. */
  get open(): boolean {
    return !this.#client.destroyed
  }

  /** Holds the bytes of a direction back, or lets them go. */
  freeze(direction: Direction, frozen: boolean): void {
    this.#pipes[direction].frozen = frozen
  }

  /** Ends one direction: its receiver sees the end of the stream, the other direction goes on. */
  halfClose(direction: Direction): void {
    this.#pipes[direction].end()
  }

  /** Ends the connection with a reset. What was passed on to the server already still reaches it. */
  reset(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.close()
    if (!this.#client.destroyed) this.#client.resetAndDestroy()
    this.#server.destroySoon()
  }
}
