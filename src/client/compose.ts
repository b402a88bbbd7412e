import { systemClock } from '../cluster/clock.ts'
import { Cluster } from '../cluster/cluster.ts'
import { MaxTtlExecutor } from '../cluster/max-ttl.ts'
import { parseServers, SourcedCluster } from '../cluster/sourced-cluster.ts'
import { InvalidInputError, MemcacheError } from '../errors.ts'
import type { RetryExecutor } from '../middleware/retry.ts'
import { SharedReads } from '../middleware/shared-reads.ts'
import type { Key } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { isWrite } from '../protocol/writes.ts'
import type { Backend, Executor, ServerExecutor, WaitLimits } from '../seam/executor.ts'
import type { NearLayer } from '../seam/near-cache.ts'
import { type ClientObserver, joinObservers, type Observing, withoutServers } from '../seam/observer.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { detachAll, dispatchReads } from '../seam/reads.ts'
import { isServerSource, type ServerSource } from '../seam/server-source.ts'
import { ATTACH_ZONES, type ZoneRoute, type ZoneStatus, type Zones } from '../seam/zones.ts'
import type { Server, ServerSpec } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import { unreadable } from '../unreadable.ts'
import { type CacheClient, innerExecutorOf } from './executor-of.ts'
import { logObservers } from './logging.ts'
import { MiddlewareWatch } from './middleware-watch.ts'
import type { ResolvedClientOptions } from './options.ts'
import { wrap } from './wrapper-options.ts'

/** Servers of a client, in every form that it takes. */
export type Servers = ServerSpec | readonly ServerSpec[] | ServerSource

/** memcached's own default address. */
const DEFAULT_SERVER = 'localhost:11211'

/**
 * Puts the layers below the client together: the one place that knows which executors there are. Every layer gets the
 * same observer.
 *
 * @param observers - The client's own observers, after those of the options.
 */
export function composeBackend(
  servers: Servers | undefined,
  options: ResolvedClientOptions,
  observers: readonly Observing[],
): ComposedBackend {
  const { near } = options
  const observer = joinObservers([
    ...options.observers,
    ...logObservers(options.logger),
    ...observers,
    ...(near === undefined ? [] : [near.observing]),
  ])
  const { source, list } = readServers(servers)
  const cluster = createCluster(list, options, observer)
  const primary =
    source === undefined
      ? cluster
      : new SourcedCluster(source, cluster, options.connection.timeoutMs, observer.sourceFailed)
  const older: Cluster[] = []
  const first = wrapServers(primary, options)
  const retrying = options.wrappers.retry?.(first, observer)
  const backends: ComposedBackend[] = []
  const zones = options.zones?.[ATTACH_ZONES]({
    local: {
      executor: retrying ?? first,
      writer: first,
      servers: cluster,
      isPlain: options.wrappers.fallback.length === 0,
    },
    open: (others) => {
      const own = composeBackend(others, zoneOptions(options), [withoutServers(observer) as Observing])
      backends.push(own)
      return own.route
    },
    executorOf: (client) => innerExecutorOf(client as CacheClient),
    observer,
  })
  const outer =
    zones ??
    wrapExecutor(retrying ?? first, options, observer, (specs) => {
      // The servers of an older cluster are not this client's: the failures of its commands report them.
      const own = createCluster(parseServers(specs), options, withoutServers(observer))
      older.push(own)
      return wrapServers(own, options)
    })
  const wrapped = near === undefined ? outer : near.around(outer)
  const { middleware } = options.wrappers
  const watch =
    middleware.length === 0 ? undefined : new MiddlewareWatch(wrapped, (innermost) => wrap(innermost, middleware))
  const outermost = watch ?? wrapped
  const route = {
    executor: outermost,
    writer: watch ?? first,
    servers: cluster,
    isPlain: wrapped === first,
    connect: () => primary.connect(),
  }
  const others = [...older, ...backends]
  return new ComposedBackend({
    route,
    backend: primary,
    older: others,
    retrying,
    near,
    zones,
    watch,
    outermost,
    observer,
  })
}

/** The options for the servers of another zone. */
function zoneOptions(options: ResolvedClientOptions): ResolvedClientOptions {
  const wrappers = { ...options.wrappers, middleware: [] }
  return { ...options, zones: undefined, near: undefined, logger: undefined, observers: [], wrappers }
}

function createCluster(servers: readonly Server[], options: ResolvedClientOptions, observer: ClientObserver): Cluster {
  return new Cluster(servers, {
    options: options.cluster,
    member: { connections: options.connectionsPerServer, connection: options.connection, clock: systemClock },
    hashedPrefix: options.hashedPrefix,
    observer,
  })
}

/** Puts around servers what their own connections decide about. */
function wrapServers(servers: Executor, { maxTtl, shareReads }: ResolvedClientOptions): Executor {
  const capped = maxTtl === undefined ? servers : new MaxTtlExecutor(servers, maxTtl)
  return shareReads ? new SharedReads(capped) : capped
}

/** Puts the older clusters of the options behind the servers. */
function wrapExecutor(
  first: Executor,
  { wrappers }: ResolvedClientOptions,
  observer: ClientObserver,
  createOlder: (servers: readonly ServerSpec[]) => Executor,
): Executor {
  const older = wrappers.fallback.map((source) =>
    Array.isArray(source) ? createOlder(source as readonly ServerSpec[]) : innerExecutorOf(source as CacheClient),
  )
  return older.length === 0 ? first : wrappers.withOlder(older, observer.fallbackFailed)(first)
}

/** Returns what names the servers: their source, or the fixed list. */
function readServers(servers: Servers | undefined): { source: ServerSource | undefined; list: readonly Server[] } {
  try {
    if (isServerSource(servers)) return { source: servers, list: [] }
    return { source: undefined, list: parseServers(serverList(servers)) }
  } catch (cause) {
    throw unreadable('the servers', cause)
  }
}

function serverList(servers: Exclude<Servers, ServerSource> | undefined): readonly ServerSpec[] {
  if (servers === undefined) return [DEFAULT_SERVER]
  if (!isList(servers)) return [servers]
  if (servers.length === 0) throw new InvalidInputError('the list of servers must not be empty')
  return servers
}

function isList(servers: ServerSpec | readonly ServerSpec[]): servers is readonly ServerSpec[] {
  return Array.isArray(servers)
}

/** Parts of a composed backend. */
interface Composition {
  readonly route: ZoneRoute & { readonly servers: Cluster }
  /** The cluster, or what feeds it. */
  readonly backend: Backend
  /** Older clusters, and other zones, that end with the client. */
  readonly older: readonly Backend[]
  readonly retrying: RetryExecutor | undefined
  readonly near: NearLayer | undefined
  readonly zones: Zones | undefined
  /** Around the caller's middleware; undefined: there is none. */
  readonly watch: MiddlewareWatch | undefined
  /** Takes the commands first. */
  readonly outermost: Executor
  readonly observer: ClientObserver
}

/** The cluster behind what is wrapped around it. */
export class ComposedBackend implements Backend {
  /** The client as a zone of another one. */
  readonly route: ZoneRoute
  readonly #cluster: Cluster
  readonly #backend: Backend
  /** With the older clusters and zones that are its own. */
  readonly #all: readonly Backend[]
  readonly #retrying: RetryExecutor | undefined
  readonly #zones: Zones | undefined
  readonly #watch: MiddlewareWatch | undefined
  readonly #outermost: Executor
  readonly #observer: ClientObserver
  /** The near cache, in front of the servers and behind the middleware. */
  readonly near: NearLayer | undefined

  constructor({ route, backend, older, retrying, near, zones, watch, outermost, observer }: Composition) {
    this.route = route
    this.#cluster = route.servers
    this.#backend = backend
    this.#all = [backend, ...older]
    this.#retrying = retrying
    this.#zones = zones
    this.#watch = watch
    this.near = near
    this.#outermost = outermost
    this.#observer = observer
  }

  get servers(): readonly ServerExecutor[] {
    return this.#backend.servers
  }

  /** The servers with their addresses. */
  get addresses(): readonly Server[] {
    return this.#cluster.addresses
  }

  /** The zones, and how they are; empty without the option. */
  get zones(): readonly ZoneStatus[] {
    return this.#zones?.status ?? []
  }

  dispatch(operation: Operation): void {
    // Most commands are reads, and cost one comparison.
    if (operation.command !== 'get' && this.#observer.watchesWrites?.() === true) this.#tellIfFails(operation)
    this.#outermost.dispatch(operation)
  }

  dispatchReads(batch: ReadBatch): void {
    // A read that renews is a write.
    if (isWrite(batch.request)) detachAll(batch, this)
    else dispatchReads(this.#outermost, batch)
  }

  #tellIfFails(operation: Operation): void {
    if (operation.failsQuietly || !isWrite(operation.request)) return
    const { reject } = operation
    operation.reject = (reason, same) => {
      if (reason instanceof MemcacheError) this.#observer.writeFailed(operation, reason)
      reject(reason, same)
    }
  }

  async untilListed(limits?: WaitLimits): Promise<void> {
    await this.#backend.untilListed?.(limits)
  }

  serverFor(routingKey: Key): ServerExecutor | undefined {
    return this.#backend.serverFor(routingKey)
  }

  /** Adds a server; the keys that become its own move to it, and no others. */
  addServer(spec: ServerSpec): void {
    void this.#cluster.replace([...this.#cluster.addresses, ...this.#newServers(spec)])
  }

  #newServers(spec: ServerSpec): readonly Server[] {
    const { list: servers } = readServers([spec])
    const taken = servers.find(({ name }) => this.servers.some((server) => server.name === name))
    if (taken === undefined) return servers
    throw new InvalidInputError(`there is a server named ${showValue(taken.name)} already`)
  }

  /** Removes a server for good. Settles when it has finished the commands that it had. */
  removeServer(name: string): Promise<void> {
    const { addresses } = this.#cluster
    const rest = addresses.filter((server) => server.name !== name)
    if (rest.length < addresses.length) return this.#cluster.replace(rest)
    const known = addresses.map((server) => server.name).join(', ')
    throw new InvalidInputError(`there is no server named ${showValue(name)}; there is ${known}`)
  }

  async connect(): Promise<void> {
    await Promise.all([this.#backend.connect(), this.#zones?.connect()])
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#all.map((backend) => backend.disconnect()))
  }

  async close(): Promise<void> {
    this.near?.end()
    this.#retrying?.endPauses()
    await Promise.all(this.#all.map((backend) => backend.close()))
    this.#zones?.stop()
    await this.#watch?.close()
  }

  destroy(error: MemcacheError): void {
    this.near?.end()
    for (const backend of this.#all) backend.destroy(error)
    this.#retrying?.endPauses()
    this.#zones?.stop()
    this.#watch?.destroy(error)
  }
}
