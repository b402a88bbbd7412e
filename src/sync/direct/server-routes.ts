import type { Memcache } from '../../client/memcache.ts'
import type { Key } from '../../protocol/key.ts'
import type { ServerSpec } from '../../server-address.ts'
import { hashServerList } from './shared-sockets.ts'

/** Servers of keys in the caller's thread: the choice of the worker's client while every server is up. */
export class ServerRoutes {
  readonly #client: Memcache
  #names: readonly string[] = []
  #serverListHash = 0

  /** @param client - Client with the servers and options of the worker's; it routes keys, and never connects. */
  constructor(client: Memcache) {
    this.#client = client
    this.#look()
  }

  /** Names of the servers, in their order. */
  get names(): readonly string[] {
    return this.#names
  }

  /** Hash that identifies this list of servers. */
  get serverListHash(): number {
    return this.#serverListHash
  }

  /** Returns the index of the key's server; -1 if there is none. */
  serverOf(key: Key): number {
    return this.#client.hash(key)
  }

  /** Follows an `addServer` or `removeServer` that has succeeded. */
  change(name: string, [server]: readonly unknown[]): void {
    if (name === 'addServer') this.#client.addServer(server as ServerSpec)
    else void this.#client.removeServer(server as string)
    this.#look()
  }

  #look(): void {
    this.#names = this.#client.servers.map(({ name }) => name)
    this.#serverListHash = hashServerList(this.#names)
  }
}
