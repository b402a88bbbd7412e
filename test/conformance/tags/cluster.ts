import { onTestFinished } from 'vitest'
import type { Memcache } from '../../../src/client/memcache.ts'
import { MemcachedServer } from '../../../src/server/memcached-server.ts'
import { type TaggedCache, tagged } from '../../../src/tags/tagged-cache.ts'
import { FaultProxy } from '../../../src/testing/fault-proxy.ts'
import { faultClient } from '../../support/fault-client.ts'
import { type MemcacheOptions, patient } from '../../support/memcache-options.ts'

/** Prefix of all keys and tags. */
export const PREFIX = 'p:'

/** How many servers a cluster has. */
const SERVERS = 3

/** A server that can be replaced by an empty one at the same address. */
interface Replaceable {
  readonly address: string
  replace(): Promise<void>
  stop(): Promise<void>
}

/** A kind of server that the rules are checked on. */
export interface ServerKind {
  readonly name: string
  /** Why it cannot run on this machine. */
  readonly notHere?: string | undefined
  start(isSmall: boolean): Promise<Replaceable>
}

async function startEmbedded(isSmall: boolean): Promise<Replaceable> {
  const options = isSmall ? { memoryBytes: 1_000_000, maxItemBytes: 100_000 } : {}
  let server = await MemcachedServer.start(options)
  const { address, port } = server
  const replace = async (): Promise<void> => {
    await server.close()
    server = await MemcachedServer.start({ ...options, port })
  }
  return { address, replace, stop: () => server.close() }
}

/** The servers that the rules are checked on. */
export const serverKinds: readonly ServerKind[] = [{ name: 'the embedded server', start: startEmbedded }]

/** A server of a cluster. The clients reach it through a proxy that can take it away from them. */
export class ClusterServer {
  readonly #server: Replaceable
  readonly #proxy: FaultProxy

  constructor(server: Replaceable, proxy: FaultProxy) {
    this.#server = server
    this.#proxy = proxy
  }

  /** For clients of the cluster. */
  get address(): string {
    return this.#proxy.address
  }

  /** For a client of this server alone. */
  get ownAddress(): string {
    return this.#server.address
  }

  /** Makes it unreachable; it keeps its items. */
  async takeAway(): Promise<void> {
    await this.#proxy.refuse()
    this.#proxy.reset()
  }

  async releaseWinToken(): Promise<void> {
    await this.#proxy.accept()
  }

  /** Holds all bytes back: the server accepts, and does not answer. */
  freeze(): void {
    this.#proxy.freeze()
  }

  thaw(): void {
    this.#proxy.thaw()
  }

  /** Ends it, and starts an empty one in its place. */
  async replace(): Promise<void> {
    await this.#server.replace()
  }

  async stop(): Promise<void> {
    await this.#proxy.close()
    await this.#server.stop()
  }
}

/** A client of a cluster, and the values with tags in it: what a process has. */
export interface TagProcess {
  readonly cache: Memcache
  readonly pages: TaggedCache
}

/** Options of a process. */
export interface ProcessOptions extends MemcacheOptions {
  readonly refreshMs?: number
}

/** Three servers, and processes that use them. */
export class TagCluster {
  readonly servers: readonly ClusterServer[]
  readonly protocol: 'meta' | 'text'
  #names = 0

  private constructor(servers: readonly ClusterServer[], protocol: 'meta' | 'text') {
    this.servers = servers
    this.protocol = protocol
  }

  /** Starts a cluster that ends with the test. */
  static async start(kind: ServerKind, protocol: 'meta' | 'text', isSmall: boolean): Promise<TagCluster> {
    const startServer = async (): Promise<ClusterServer> => {
      const server = await kind.start(isSmall)
      const clusterServer = new ClusterServer(server, await FaultProxy.start(server.address))
      onTestFinished(() => clusterServer.stop())
      return clusterServer
    }
    const servers = await Promise.all(Array.from({ length: SERVERS }, startServer))
    return new TagCluster(servers, protocol)
  }

  /** Makes a client of all servers, with connections and knowledge of its own. */
  process({ refreshMs = 0, ...options }: ProcessOptions = {}): TagProcess {
    const cluster = { retryAttempts: 1, retryTimeoutMs: 50, deadTimeoutMs: 100 }
    const cache = faultClient(this.servers.map(({ address }) => address) as never, {
      ...patient,
      protocol: this.protocol,
      cluster,
      ...options,
    })
    return { cache, pages: tagged(cache, { prefix: PREFIX, refreshMs }) }
  }

  /** Makes a client of one server, which the proxy does not stand in front of. */
  direct(at: number): Memcache {
    return faultClient(this.servers[at]!.ownAddress, { ...patient, protocol: this.protocol })
  }

  /** Returns a tag whose version is on a server. */
  tagOn(at: number): string {
    return this.#nameOn(at, 't:')
  }

  /** Returns a key whose value is on a server. */
  keyOn(at: number): string {
    return this.#nameOn(at, 'v:')
  }

  #nameOn(at: number, kind: string): string {
    const { cache } = this.process()
    for (;;) {
      const name = `n${this.#names++}`
      if (cache.serverFor(`${PREFIX}${kind}${name}`)?.name === this.servers[at]!.address) return name
    }
  }
}

/** A promise of the page about tags, and how it is checked. */
export interface Rule {
  readonly promise: string
  /** Default: both. */
  readonly protocols?: readonly ('meta' | 'text')[]
  /** Needs servers of little memory. */
  readonly isSmall?: true
  readonly check: (cluster: TagCluster) => Promise<void>
}
