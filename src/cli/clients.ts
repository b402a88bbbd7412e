import type { Memcache } from '../client/memcache.ts'
import type { MetaClient } from '../client/meta/client.ts'
import type { MemcacheOptions } from '../client/options.ts'
import type { Credentials, ServerSpec } from '../server-address.ts'
import type { TlsOptions } from '../tls-options.ts'
import { readOptionFile } from './option-file.ts'
import type { ClientOptionValues } from './shared-options.ts'
import { storedSerde } from './stored.ts'
import { UsageError } from './usage-error.ts'

/** Client that the frame closes. */
interface Closable {
  close(): Promise<void>
  destroy(): void
}

/**
 * Makes the clients of a command by the options of the command line, and closes them at its end. Values are read as
 * `Stored`; keys of a server that is out fail instead of going elsewhere.
 */
export class Clients {
  /** Servers of the command line. */
  readonly servers: readonly string[]
  /** Options of the command line. */
  readonly values: ClientOptionValues
  readonly #findLogin: () => Promise<Credentials | undefined>
  #login: Promise<Credentials | undefined> | undefined
  readonly #open: Set<Closable> = new Set()
  #options: Promise<MemcacheOptions> | undefined

  constructor(servers: readonly string[], values: ClientOptionValues, login: () => Promise<Credentials | undefined>) {
    this.servers = servers
    this.values = values
    this.#findLogin = login
  }

  /** The login; the password is asked for once. */
  login(): Promise<Credentials | undefined> {
    this.#login ??= this.#findLogin()
    return this.#login
  }

  /** Options of every client. */
  options(): Promise<MemcacheOptions> {
    this.#options ??= this.#readOptions()
    return this.#options
  }

  /** Makes a client of all servers, or of those that are given. */
  async memcache(servers: readonly ServerSpec[] = this.servers, overrides: MemcacheOptions = {}): Promise<Memcache> {
    const [{ Memcache: Client }, options] = await Promise.all([import('../client/memcache.ts'), this.options()])
    return this.#keep(new Client(servers, { ...options, ...overrides }))
  }

  /** Makes a client of servers that the login of the command line is not for. */
  async withoutLogin(servers: readonly ServerSpec[]): Promise<Memcache> {
    const [{ Memcache: Client }, { auth: _login, ...options }] = await Promise.all([
      import('../client/memcache.ts'),
      this.options(),
    ])
    return this.#keep(new Client(servers, options))
  }

  /** As {@link Clients.memcache}, for commands of the meta protocol. */
  async meta(servers: readonly ServerSpec[] = this.servers, overrides: MemcacheOptions = {}): Promise<MetaClient> {
    const [{ MetaClient: Client }, options] = await Promise.all([import('../client/meta/client.ts'), this.options()])
    return this.#keep(new Client(servers, { ...options, ...overrides }))
  }

  /** Closes all clients once their replies are here; at once where the command failed. */
  async close(hasFailed: boolean): Promise<void> {
    const clients = [...this.#open]
    this.#open.clear()
    if (hasFailed) for (const client of clients) client.destroy()
    else await Promise.all(clients.map((client) => client.close()))
  }

  #keep<T extends Closable>(client: T): T {
    this.#open.add(client)
    return client
  }

  async #readOptions(): Promise<MemcacheOptions> {
    const { protocol, timeout, keyPrefix, distribution } = this.values
    const tls = this.#readTls()
    const auth = await this.login()
    return {
      protocol,
      timeoutMs: timeout,
      connectTimeoutMs: timeout,
      metrics: false,
      serde: storedSerde(await this.#writer()),
      cluster: {
        failover: 'none',
        ...(distribution === undefined
          ? {}
          : { distribution: (await import('./distributions.ts')).distributionNamed(distribution) }),
      },
      ...(keyPrefix === undefined ? {} : { keyPrefix }),
      ...(tls === undefined ? {} : { tls }),
      ...(auth === undefined ? {} : { auth }),
    }
  }

  async #writer(): Promise<NonNullable<MemcacheOptions['serde']>> {
    const { serde } = this.values
    // The foreign serdes take a while to load.
    if (serde === 'auto' || serde === 'default') return (await import('../serde/default-serde.ts')).defaultSerde
    return (await import('./serdes.ts')).serdeNamed(serde)
  }

  #readTls(): TlsOptions | true | undefined {
    const { tls, tlsCa, tlsCert, tlsKey, tlsServername } = this.values
    if ((tlsCert === undefined) !== (tlsKey === undefined)) {
      throw new UsageError('--tls-cert and --tls-key must be given together')
    }
    const options: TlsOptions = {
      ...(tlsCa === undefined ? {} : { ca: readOptionFile('--tls-ca', tlsCa) }),
      ...(tlsCert === undefined ? {} : { cert: readOptionFile('--tls-cert', tlsCert) }),
      ...(tlsKey === undefined ? {} : { key: readOptionFile('--tls-key', tlsKey) }),
      ...(tlsServername === undefined ? {} : { servername: tlsServername }),
    }
    if (Object.keys(options).length > 0) return options
    return tls ? true : undefined
  }
}
