import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { InvalidInputError } from '../errors.ts'
import { type Endpoint, parseServerSpec, type ServerSpec } from '../server-address.ts'
import { type Direction, FaultLink } from './fault-link.ts'
import { checkFaults, type Faults, NO_FAULTS } from './faults.ts'
import { createRandom } from './random.ts'

/** Options of a {@link FaultProxy}. */
export interface FaultProxyOptions {
  /** Where it listens. @defaultValue `'127.0.0.1'` */
  readonly host?: string
  /** TCP port; 0 takes a free one. @defaultValue `0` */
  readonly port?: number
  /** What chance starts from: the same seed and the same chunks give the same faults. @defaultValue `1` */
  readonly seed?: number
}

/**
 * A TCP proxy between any client and any server that breaks the connection in the ways that networks do: it delays,
 * splits, joins, loses, doubles and garbles bytes, freezes, resets, and refuses. Per direction, and switchable while it
 * runs. It knows nothing of memcached and lets TLS through as it is.
 *
 * @example
 * ```ts
 * await using server = await MemcachedServer.start()
 * await using proxy = await FaultProxy.start(server.address)
 * const cache = new Memcache(proxy.address, { timeoutMs: 50 })
 * proxy.set('toClient', { latencyMs: 200 })
 * await cache.get('key') // TimeoutError
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  readonly #endpoint: Endpoint
  readonly #options: Required<FaultProxyOptions>
  readonly #random: () => number
  readonly #faults: Readonly<Record<Direction, Faults>> = { toServer: { ...NO_FAULTS }, toClient: { ...NO_FAULTS } }
  readonly #frozen: Set<Direction> = new Set()
  readonly #links: Set<FaultLink> = new Set()
  #server: Server | undefined
  #port = 0
  #connections = 0

  private constructor(endpoint: Endpoint, options: Required<FaultProxyOptions>) {
    this.#endpoint = endpoint
    this.#options = options
    this.#random = createRandom(options.seed)
    this.#port = options.port
  }

  /**
   * Starts a proxy; resolves when it accepts connections.
   *
   * @param upstream - The server: `'host:port'`, the path of a unix socket, or an address.
   */
  static async start(upstream: ServerSpec, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    const { host = '127.0.0.1', port = 0, seed = 1 } = options
    if (!Number.isSafeInteger(seed)) throw new InvalidInputError('option seed must be a whole number')
    const proxy = new FaultProxy(parseServerSpec(upstream).endpoint, { host, port, seed })
    await proxy.accept()
    return proxy
  }

  /** Where it listens, for a client: `host:port`. */
  get address(): string {
    const { host } = this.#options
    return host.includes(':') ? `[${host}]:${this.#port}` : `${host}:${this.#port}`
  }

  /** The TCP port. */
  get port(): number {
    return this.#port
  }

  /** Connections that were made through it so far. */
  get connections(): number {
    return this.#connections
  }

  /** Connections through it that are open now. */
  get openConnections(): number {
    return this.#links.size
  }

  /** Sets faults for one direction, or for both; what is not named stays as it is. Throws `InvalidInputError`. */
  set(faults: Partial<Faults>): void
  set(direction: Direction, faults: Partial<Faults>): void
  set(first: Direction | Partial<Faults>, second: Partial<Faults> = {}): void {
    if (typeof first === 'string') Object.assign(this.#faultsOf(first), checkFaults(second))
    else for (const direction of ['toServer', 'toClient'] as const) this.set(direction, first)
  }

  #faultsOf(direction: Direction): Faults {
    if (direction === 'toServer' || direction === 'toClient') return this.#faults[direction]
    throw new InvalidInputError("a direction is 'toServer' or 'toClient'")
  }

  /** Holds all bytes back, of one direction or both; connections stay open, and new ones are made. */
  freeze(direction?: Direction): void {
    this.#freeze(direction, true)
  }

  /** Lets go of everything that was held back, in order. */
  thaw(direction?: Direction): void {
    this.#freeze(direction, false)
  }

  #freeze(direction: Direction | undefined, frozen: boolean): void {
    for (const one of direction === undefined ? (['toServer', 'toClient'] as const) : [direction]) {
      if (frozen) this.#frozen.add(one)
      else this.#frozen.delete(one)
      for (const link of this.#links) link.freeze(one, frozen)
    }
  }

  /** Ends every open connection with a reset. */
  reset(): void {
    for (const link of this.#links) link.reset()
  }

  /** Ends one direction of every open connection: `toClient` looks to the client as if the server had closed. */
  halfClose(direction: Direction = 'toClient'): void {
    for (const link of this.#links) link.halfClose(direction)
  }

  /** Stops listening, so that new connections are refused; open ones stay. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    // Its callback waits for open connections, which are to stay.
    const closed = new Promise<void>((resolve) => server.once('close', resolve))
    server.close()
    if (this.#links.size === 0) await closed
  }

  /** Listens again, on the same port. */
  async accept(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#link(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, this.#options.host, resolve)
    })
    server.on('error', () => undefined)
    this.#port = (server.address() as AddressInfo).port
  }

  /** Takes back everything: no faults, thawed, listening. */
  async heal(): Promise<void> {
    this.set(NO_FAULTS)
    this.thaw()
    await this.accept()
  }

  /** Ends all connections and stops listening. */
  async close(): Promise<void> {
    this.reset()
    await this.refuse()
  }

  /** The same as {@link FaultProxy.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #link(client: Socket): void {
    const endpoint = this.#endpoint
    const server = endpoint.kind === 'tcp' ? connect(endpoint.port, endpoint.host) : connect(endpoint.path)
    const link = new FaultLink(client, server, this.#faults, this.#random)
    for (const direction of this.#frozen) link.freeze(direction, true)
    this.#connections++
    this.#links.add(link)
    client.once('close', () => this.#links.delete(link))
  }
}
