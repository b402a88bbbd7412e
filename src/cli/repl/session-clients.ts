import type { Memcache } from '../../client/memcache.ts'
import type { MetaClient } from '../../client/meta/client.ts'
import type { MemcacheOptions } from '../../client/options.ts'
import type { ServerSpec } from '../../server-address.ts'
import { Clients } from '../clients.ts'
import type { ClientOptionValues } from '../shared-options.ts'

/** Clients that the commands of a session share, one of each kind, so that connections and logins are made once. */
export class SharedClients {
  /** Makes them, and closes them at the end of the session. */
  readonly owner: Clients
  #memcache: Promise<Memcache> | undefined
  #meta: Promise<MetaClient> | undefined

  constructor(owner: Clients) {
    this.owner = owner
  }

  memcache(): Promise<Memcache> {
    this.#memcache ??= this.owner.memcache()
    return this.#memcache
  }

  /** The client of the meta protocol. */
  meta(): Promise<MetaClient> {
    this.#meta ??= this.owner.meta()
    return this.#meta
  }
}

/** Clients of one command of a session: those of the session, and what the command makes for itself, which is closed with it. */
export class LineClients extends Clients {
  readonly #shared: SharedClients

  constructor(shared: SharedClients, values: ClientOptionValues) {
    super(shared.owner.servers, values, () => shared.owner.login())
    this.#shared = shared
  }

  override options(): Promise<MemcacheOptions> {
    return this.#shared.owner.options()
  }

  override memcache(servers?: readonly ServerSpec[], overrides?: MemcacheOptions): Promise<Memcache> {
    if (servers === undefined && overrides === undefined) return this.#shared.memcache()
    return super.memcache(servers ?? this.servers, overrides)
  }

  override meta(servers?: readonly ServerSpec[], overrides?: MemcacheOptions): Promise<MetaClient> {
    if (servers === undefined && overrides === undefined) return this.#shared.meta()
    return super.meta(servers ?? this.servers, overrides)
  }
}
