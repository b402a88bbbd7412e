import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { ProxyLink } from './proxy-link.ts'

/** What a new link of the proxy does to the bytes; all of it can be changed while it runs. */
export interface Faults {
  /** Delay of every chunk, in each direction. */
  latencyMs: number
  /** Hold everything back, in both directions. */
  frozen: boolean
  /** Reset both sides after so many bytes of replies. */
  cutAfterReplyBytes: number
  /** Reset both sides after so many bytes of requests. */
  cutAfterRequestBytes: number
  /** Pass replies on byte by byte. */
  splitReplies: boolean
  /** Changes the bytes of replies. */
  garble: ((chunk: Buffer) => Buffer) | undefined
}

const noFaults: Faults = {
  latencyMs: 0,
  frozen: false,
  cutAfterReplyBytes: Number.POSITIVE_INFINITY,
  cutAfterRequestBytes: Number.POSITIVE_INFINITY,
  splitReplies: false,
  garble: undefined,
}

/** Where the proxy leads. */
export interface Upstream {
  readonly port?: number
  readonly path?: string
}

/** A TCP proxy on loopback between a client and a healthy server, which does to the bytes what the test says. */
export class FaultProxy {
  /** The faults of links from now on, and of the open ones except for the two byte counts. */
  readonly faults: Faults = { ...noFaults }
  readonly links: ProxyLink[] = []
  readonly #server: Server

  private constructor(upstream: Upstream) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      const server = upstream.path === undefined ? connect(upstream.port ?? 0, '127.0.0.1') : connect(upstream.path)
      this.links.push(new ProxyLink(client, server, this.faults))
    })
  }

  static async start(upstream: Upstream): Promise<FaultProxy> {
    const proxy = new FaultProxy(upstream)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  freeze(): void {
    this.faults.frozen = true
  }

  /** Lets everything go that was held back, in order. */
  thaw(): void {
    this.faults.frozen = false
    for (const link of this.links) link.flush()
  }

  /** Resets every open link now. */
  reset(): void {
    for (const link of this.links) link.reset()
  }

  /** FIN to the client of every open link. */
  halfClose(): void {
    for (const link of this.links) link.halfClose()
  }

  /** No faults from now on. */
  heal(): void {
    Object.assign(this.faults, noFaults)
    this.thaw()
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.reset()
    await closed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
