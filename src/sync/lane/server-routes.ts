import type { Memcache } from '../../client/memcache.ts'
import type { Key } from '../../protocol/key.ts'
import type { ServerSpec } from '../../server-address.ts'
import { stampOf } from '../crossing/channel.ts'

/** Where the keys are, as the caller knows it: what the worker's client would decide while every server is well. */
export class ServerRoutes {
  readonly #client: Memcache
  #names: readonly string[] = []
  #stamp = 0

  /** @param client - One with the servers and options of the worker's; it is asked, and never connects. */
  constructor(client: Memcache) {
    this.#client = client
    this.#look()
  }

  /** Names of the servers, in their order. */
  get names(): readonly string[] {
    return this.#names
  }

  /** Tells this list of servers from others. */
  get stamp(): number {
    return this.#stamp
  }

  /** The index of the key's server; -1 where there is none. */
  serverOf(key: Key): number {
    return this.#client.hash(key)
  }

  /** Hears that `addServer` or `removeServer` has succeeded. */
  change(name: string, [server]: readonly unknown[]): void {
    if (name === 'addServer') this.#client.addServer(server as ServerSpec)
    else void this.#client.removeServer(server as string)
    this.#look()
  }

  #look(): void {
    this.#names = this.#client.servers.map(({ name }) => name)
    this.#stamp = stampOf(this.#names)
  }
}
