import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { InvalidInputError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { type Endpoint, parseServerSpec, type ServerSpec } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import { DIRECTIONS, type Direction, FaultLink, type PerDirection } from './fault-link.ts'
import { checkFaults, type Faults, NO_FAULTS } from './faults.ts'
import { createRandom } from './random.ts'

/** Options of a {@link FaultProxy}. */
export interface FaultProxyOptions {
  /** Address to listen on. @defaultValue `'127.0.0.1'` */
  readonly host?: string
  /** TCP port; 0 takes a free one. @defaultValue `0` */
  readonly port?: number
  /**
   * Seed of the random faults, a whole number. Every connection has random numbers of its own, by its number, so that
   * the same seed and the same chunks give the same faults.
   *
   * @defaultValue `1`
   */
  readonly seed?: number
}

const OPTIONS: readonly (keyof FaultProxyOptions)[] = ['host', 'port', 'seed']

/**
 * TCP proxy between any client and any server that breaks the connection in the ways that networks do: it delays,
 * splits, joins, loses, doubles and garbles bytes, freezes, resets, and refuses. Per direction, and switchable while it
 * runs. The proxy knows nothing of memcached and passes TLS through unchanged.
 *
 * An open proxy keeps the process alive, as servers of `node:net` do: `close()` it.
 *
 * @example The cache is slow
 * ```ts
 * await using server = await MemcachedServer.start()
 * await using proxy = await FaultProxy.start(server.address)
 * const cache = new Memcache(proxy.address, { timeoutMs: 50 })
 * proxy.set('toClient', { latencyMs: 200 })
 * await cache.get('key') // TimeoutError
 * ```
 *
 * @example The cache is down, and comes back
 * ```ts
 * await proxy.refuse()
 * proxy.reset()
 * await cache.get('key') // ConnectError, then ServerDownError
 * await proxy.heal()
 * ```
 */
export class FaultProxy implements AsyncDisposable {
  readonly #endpoint: Endpoint
  readonly #options: Required<FaultProxyOptions>
  readonly #faults: PerDirection<Faults> = { toServer: { ...NO_FAULTS }, toClient: { ...NO_FAULTS } }
  readonly #frozen: Set<Direction> = new Set()
  readonly #links: Set<FaultLink> = new Set()
  #server: Server | undefined
  #listening: Promise<void> | undefined
  #port: number
  #connections = 0
  #closed = false

  private constructor(endpoint: Endpoint, options: Required<FaultProxyOptions>) {
    this.#endpoint = endpoint
    this.#options = options
    this.#port = options.port
  }

  /**
   * Starts a proxy; resolves when it accepts connections. Rejects with `InvalidInputError` for invalid options, and
   * with the system's error if it cannot listen.
   *
   * @param upstream - Server: `'host:port'`, the path of a unix socket, or an address.
   */
  static async start(upstream: ServerSpec, options: FaultProxyOptions = {}): Promise<FaultProxy> {
    checkOptions(options, OPTIONS, 'FaultProxy')
    const { host = '127.0.0.1', port = 0, seed = 1 } = options
    if (!Number.isSafeInteger(seed)) {
      throw new InvalidInputError(`option seed must be a whole number, got ${showValue(seed)}`)
    }
    const proxy = new FaultProxy(parseServerSpec(upstream).endpoint, { host, port, seed })
    await proxy.accept()
    return proxy
  }

  /** Listening address, for a client: `host:port`. */
  get address(): string {
    const { host } = this.#options
    return host.includes(':') ? `[${host}]:${this.#port}` : `${host}:${this.#port}`
  }

  /** TCP port. */
  get port(): number {
    return this.#port
  }

  /** Number of connections made through the proxy so far. */
  get connections(): number {
    return this.#connections
  }

  /** Number of connections through the proxy whose client's side is open now. */
  get openConnections(): number {
    let open = 0
    for (const link of this.#links) if (link.open) open++
    return open
  }

  /**
   * Sets faults for one direction, or for both; faults that are not named stay unchanged. Faults hold for open
   * connections too. Throws `InvalidInputError` for an invalid fault, and then changes nothing.
   */
  set(faults: Partial<Faults>): void
  set(direction: Direction, faults: Partial<Faults>): void
  set(first: Direction | Partial<Faults>, second?: Partial<Faults>): void {
    const faults = checkFaults(typeof first === 'object' ? first : second)
    for (const direction of typeof first === 'object' ? DIRECTIONS : directionsOf(first)) {
      Object.assign(this.#faults[direction], faults)
      for (const link of this.#links) link.refresh(direction, 'cutAfterBytes' in faults)
    }
  }

  /** Holds all bytes of one direction or both back; connections stay open, and new ones are made. */
  freeze(direction?: Direction): void {
    this.#freeze(direction, true)
  }

  /** Releases all bytes that were held back, in order. */
  thaw(direction?: Direction): void {
    this.#freeze(direction, false)
  }

  #freeze(direction: Direction | undefined, frozen: boolean): void {
    for (const one of directionsOf(direction)) {
      if (frozen) this.#frozen.add(one)
      else this.#frozen.delete(one)
      for (const link of this.#links) link.freeze(one, frozen)
    }
  }

  /** Ends every open connection: the client sees a reset, the server the end of the stream. */
  reset(): void {
    for (const link of this.#links) link.reset()
  }

  /**
   * Ends one direction of every open connection, after the bytes held back in it: for the client, `toClient` looks as
   * if the server had closed. The other direction goes on.
   */
  halfClose(direction: Direction = 'toClient'): void {
    for (const one of directionsOf(direction)) for (const link of this.#links) link.halfClose(one)
  }

  /** Stops listening, so that new connections are refused; open ones stay: to end those, {@link FaultProxy.reset}. */
  async refuse(): Promise<void> {
    await this.#listening
    // The port is free once this returns; its callback would wait for the open connections.
    this.#server?.close()
    this.#server = undefined
    this.#listening = undefined
  }

  /** Listens again, on the same port. */
  accept(): Promise<void> {
    if (this.#closed) return Promise.reject(new InvalidInputError('the proxy is closed: start another'))
    this.#listening ??= this.#listen()
    return this.#listening
  }

  async #listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#link(socket))
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(this.#port, this.#options.host, resolve)
      })
    } catch (error) {
      this.#listening = undefined
      throw error
    }
    server.on('error', () => undefined)
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  /** Undoes everything: no faults, thawed, listening. Connections that were ended stay ended. */
  async heal(): Promise<void> {
    this.set(NO_FAULTS)
    this.thaw()
    await this.accept()
  }

  /** Stops listening and ends all connections. Resolves when all have ended; may be called again. */
  async close(): Promise<void> {
    this.#closed = true
    await this.refuse()
    for (const link of this.#links) link.destroy()
    await Promise.all(Array.from(this.#links, (link) => link.closed))
  }

  /** The same as {@link FaultProxy.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #link(client: Socket): void {
    const link = new FaultLink(client, this.#connectUpstream(), this.#faults, this.#chances(++this.#connections))
    for (const direction of this.#frozen) link.freeze(direction, true)
    this.#links.add(link)
    void link.closed.then(() => this.#links.delete(link))
    // Accepted before the call to close.
    if (this.#closed) link.destroy()
  }

  #connectUpstream(): Socket {
    const endpoint = this.#endpoint
    const target = endpoint.kind === 'tcp' ? { host: endpoint.host, port: endpoint.port } : { path: endpoint.path }
    return connect({ ...target, allowHalfOpen: true })
  }

  #chances(connection: number): PerDirection<() => number> {
    const seed = this.#options.seed + 2 * connection
    return { toServer: createRandom(seed), toClient: createRandom(seed + 1) }
  }
}

function directionsOf(direction: Direction | undefined): readonly Direction[] {
  if (direction === undefined) return DIRECTIONS
  if (DIRECTIONS.includes(direction)) return [direction]
  throw new InvalidInputError(`a direction is 'toServer' or 'toClient', got ${showValue(direction)}`)
}
