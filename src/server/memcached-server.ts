import { once } from 'node:events'
import { createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { showAs } from '../inspect.ts'
import { serve } from './client-connection.ts'
import { Engine, type Listening } from './engine.ts'
import { type MemcachedServerOptions, type ResolvedServerOptions, resolveServerOptions } from './server-options.ts'
import { removeStaleSocket } from './stale-socket.ts'

/** Reply to a connection above the limit. */
const TOO_MANY_CONNECTIONS = 'ERROR Too many open connections\r\n'

/**
 * Memcached inside this process, on real sockets: classic text and meta protocol, ttls, cas, leases, eviction within a
 * memory limit, login, TLS. Made for tests and development; its items are lost with the process.
 *
 * An open server keeps the process alive, as servers of `node:net` do: `close()` it, or {@link unref} it.
 *
 * @example
 * ```ts
 * await using server = await MemcachedServer.start()
 * const cache = new Memcache(server.address)
 * ```
 */
export class MemcachedServer implements AsyncDisposable {
  readonly #options: ResolvedServerOptions
  readonly #engine: Engine
  readonly #server: Server
  /** Accepted sockets, including those that have not finished their TLS handshake. */
  readonly #sockets = new Set<Socket>()
  #address = ''
  #port = 0
  #closing: Promise<void> | undefined
  readonly #closed: Promise<void>
  #onClosed!: () => void

  private constructor(options: ResolvedServerOptions) {
    this.#options = options
    showAs(this, () => ({ address: this.address, connections: this.connections }))
    this.#closed = new Promise((resolve) => {
      this.#onClosed = resolve
    })
    this.#engine = new Engine({
      ...options,
      shutDown: options.enableShutdown ? () => this.#shutDownSoon() : undefined,
    })
    this.#server = this.#createServer()
    this.#server.on('connection', (socket: Socket) => this.#track(socket))
  }

  /**
   * Starts a server; resolves when it accepts connections.
   *
   * Rejects with `InvalidInputError` for invalid options, and with the system's error if it cannot listen.
   */
  static async start(options: MemcachedServerOptions = {}): Promise<MemcachedServer> {
    const server = new MemcachedServer(resolveServerOptions(options))
    await server.#listen()
    return server
  }

  /** Listening address: `host:port`, `[::1]:port` or the path of the unix socket. A `Memcache` takes it as it is. */
  get address(): string {
    return this.#address
  }

  /** TCP port; 0 on a unix socket. */
  get port(): number {
    return this.#port
  }

  /** Number of open connections. */
  get connections(): number {
    return this.#engine.clients.size
  }

  /** Drops all items, as `flush_all` does. Connections stay. */
  flush(): void {
    this.#engine.store.clear()
  }

  /** Lets the process end although the server is open. */
  unref(): void {
    this.#server.unref()
    for (const socket of this.#sockets) socket.unref()
    this.#server.on('connection', (socket: Socket) => socket.unref())
  }

  /** Stops listening and ends all connections at once. Resolves when all have ended; may be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown().finally(this.#onClosed)
    return this.#closing
  }

  /** Resolves once the server is closed, whether by {@link close} or by the command `shutdown`. */
  get closed(): Promise<void> {
    return this.#closed
  }

  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #createServer(): Server {
    const { tls } = this.#options
    if (tls === undefined) return createPlainServer({ noDelay: true }, (socket) => this.#accept(socket))
    const server = createTlsServer({ noDelay: true, ...tls }, (socket) => this.#accept(socket))
    // A failed handshake is the client's fault.
    server.on('tlsClientError', (error, socket) => {
      this.#engine.warnings.tell('handshake', explainHandshake(error, socket))
      socket.destroy()
    })
    return server
  }

  async #listen(): Promise<void> {
    const { host, path } = this.#options
    await this.#bind().catch(async (error: NodeJS.ErrnoException) => {
      if (path === undefined || error.code !== 'EADDRINUSE' || !(await removeStaleSocket(path))) throw error
      await this.#bind()
    })
    this.#server.on('error', () => {}) // a connection that could not be accepted: not a fault of the server
    const bound = this.#server.address()
    if (typeof bound === 'string' || bound === null) {
      this.#address = path ?? ''
    } else {
      this.#port = bound.port
      this.#address = host.includes(':') ? `[${host}]:${bound.port}` : `${host}:${bound.port}`
    }
    this.#engine.listening = this.#describe()
  }

  async #bind(): Promise<void> {
    const { host, port, path } = this.#options
    this.#server.listen(path === undefined ? { host, port } : { path })
    // Rejects on 'error'.
    await once(this.#server, 'listening')
  }

  #describe(): Listening {
    const { host, path, tls, accounts, idleTimeoutMs } = this.#options
    return { host, port: this.#port, path, tls: tls !== undefined, login: accounts.length > 0, idleTimeoutMs }
  }

  /** Closes the server after this turn, so that the sender of the command gets the replies before it. */
  #shutDownSoon(): void {
    setImmediate(() => void this.close())
  }

  async #shutDown(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#server.close(resolve)
    })
    const ended = Array.from(this.#sockets, (socket) => once(socket, 'close'))
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all([closed, ...ended])
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    // Some clients leave by a reset; 'close' follows.
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #accept(socket: Socket): void {
    const engine = this.#engine
    // With TLS, this is another socket than the connected one.
    if (!this.#sockets.has(socket)) this.#track(socket)
    if (engine.clients.size >= engine.maxConnections) {
      engine.counters.rejectedConnections++
      const { maxConnections } = engine
      engine.warnings.tell('connections', `a connection was refused: ${maxConnections} are open, which is the limit`)
      socket.end(TOO_MANY_CONNECTIONS, () => socket.destroy())
      return
    }
    engine.counters.totalConnections++
    serve(engine, socket, this.#options)
  }
}

/** Explains a failed handshake by OpenSSL's reason: a client that speaks plain text is `wrong version number`. */
function explainHandshake(error: Error, socket: Socket): string {
  const { reason = error.message } = error as Error & { readonly reason?: string }
  return `the TLS handshake with a client at tcp:${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0} failed: ${reason}`
}
