import type { Socket } from 'node:net'
import type { Faults } from './fault-proxy.ts'

type Forward = (chunk: Buffer) => void

/** One client connection through the proxy, and its connection to the server. */
export class ProxyLink {
  readonly #client: Socket
  readonly #server: Socket
  readonly #faults: Faults
  readonly #held: (() => void)[] = []
  #replyBytesLeft: number
  #requestBytesLeft: number

  constructor(client: Socket, server: Socket, faults: Faults) {
    this.#client = client
    this.#server = server
    this.#faults = faults
    this.#replyBytesLeft = faults.cutAfterReplyBytes
    this.#requestBytesLeft = faults.cutAfterRequestBytes
    this.#wire(client, server, (chunk) => this.#passRequest(chunk))
    this.#wire(server, client, (chunk) => this.#passReply(chunk))
  }

  /** True while the client's side is open. */
  get open(): boolean {
    return !this.#client.destroyed
  }

  reset(): void {
    this.#held.length = 0
    if (!this.#client.destroyed) this.#client.resetAndDestroy()
    // Not `destroy`: what was already passed on is to reach the server, even if that connection is only being made.
    this.#server.destroySoon()
  }

  halfClose(): void {
    this.#client.end()
  }

  /** Passes on what was held while frozen. */
  flush(): void {
    while (this.#held.length > 0 && !this.#faults.frozen) this.#held.shift()!()
  }

  #wire(from: Socket, to: Socket, forward: Forward): void {
    from.setNoDelay(true)
    from.on('data', (chunk: Buffer) => this.#schedule(() => forward(chunk)))
    from.on('end', () => this.#schedule(() => to.end()))
    from.on('error', () => {})
    from.on('close', () => this.#schedule(() => to.destroy()))
  }

  #schedule(step: () => void): void {
    const { latencyMs } = this.#faults
    if (latencyMs > 0) setTimeout(() => this.#pass(step), latencyMs)
    else this.#pass(step)
  }

  #pass(step: () => void): void {
    if (this.#faults.frozen || this.#held.length > 0) this.#held.push(step)
    else step()
  }

  #passRequest(chunk: Buffer): void {
    this.#server.write(chunk.subarray(0, this.#requestBytesLeft))
    this.#requestBytesLeft -= chunk.length
    if (this.#requestBytesLeft < 0) this.reset()
  }

  #passReply(chunk: Buffer): void {
    const bytes = this.#faults.garble?.(chunk) ?? chunk
    this.#write(bytes.subarray(0, this.#replyBytesLeft))
    this.#replyBytesLeft -= bytes.length
    if (this.#replyBytesLeft < 0) this.reset()
  }

  #write(bytes: Buffer): void {
    if (!this.#faults.splitReplies) this.#client.write(bytes)
    else for (const byte of bytes) this.#client.write(Uint8Array.of(byte))
  }
}
