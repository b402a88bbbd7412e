import { closedError, InvalidInputError, type MemcacheError, TimeoutError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Backend, ServerExecutor, WaitLimits } from '../seam/executor.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { detachAll } from '../seam/reads.ts'
import type { ServerSource } from '../seam/server-source.ts'
import { parseServerSpec, type Server, type ServerSpec } from '../server-address.ts'
import { showValue } from '../show-value.ts'
import type { Cluster } from './cluster.ts'
import { ListWaiters } from './list-waiters.ts'
import { Membership } from './membership.ts'
import { WaitingRoom } from './waiting-room.ts'

/**
 * Cluster whose servers come from a source. The source starts with the first command; commands before the first list
 * wait for that list within their own time.
 */
export class SourcedCluster implements Backend {
  readonly #cluster: Cluster
  readonly #membership: Membership
  readonly #waitingRoom: WaitingRoom
  readonly #listWaiters: ListWaiters = new ListWaiters((timeoutMs) => this.#timeoutError(timeoutMs))
  readonly #onSourceError: (error: MemcacheError) => void
  readonly #timeoutMs: number
  #ready = false
  /** Servers of the last list. A long list that changes by one server is not parsed again. */
  #parsed: ReadonlyMap<ServerSpec, Server> = new Map()
  #closed: MemcacheError | undefined

  /**
   * @param timeoutMs - Time for which `connect`, and a call without a limit of its own, waits for the first list.
   * @param onSourceError - Called when the source fails; the last list stays in force.
   */
  constructor(
    source: ServerSource,
    cluster: Cluster,
    timeoutMs: number,
    onSourceError: (error: MemcacheError) => void,
  ) {
    this.#cluster = cluster
    this.#timeoutMs = timeoutMs
    this.#onSourceError = onSourceError
    this.#membership = new Membership(source, {
      onList: (servers) => this.#takeList(servers),
      onError: (error) => this.#takeError(error),
    })
    this.#waitingRoom = new WaitingRoom(() => this.#membership.lastError)
  }

  get servers(): readonly ServerExecutor[] {
    return this.#cluster.servers
  }

  dispatch(operation: Operation): void {
    if (this.#ready) return this.#cluster.dispatch(operation)
    if (this.#closed !== undefined) return operation.fail(this.#closed)
    this.#waitingRoom.hold(operation)
    this.#membership.start()
  }

  dispatchReads(batch: ReadBatch): void {
    if (this.#ready) this.#cluster.dispatchReads(batch)
    else detachAll(batch, this)
  }

  serverFor(routingKey: Key): ServerExecutor | undefined {
    return this.#cluster.serverFor(routingKey)
  }

  #takeList(specs: readonly ServerSpec[]): void {
    const servers = parseServers(specs, this.#parsed)
    void this.#cluster.replace(servers)
    this.#parsed = new Map(servers.map((server, at) => [specs[at]!, server]))
    if (this.#ready) return
    this.#ready = true
    this.#listWaiters.release()
    this.#waitingRoom.release(this.#cluster)
  }

  #takeError(error: MemcacheError): void {
    if (!this.#ready) {
      this.#waitingRoom.fail(error)
      this.#listWaiters.fail(error)
    }
    this.#onSourceError(error)
  }

  async connect(): Promise<void> {
    await this.untilListed()
    await this.#cluster.connect()
  }

  async untilListed(limits?: WaitLimits): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed
    if (this.#ready) return
    const listed = this.#listWaiters.wait(limits?.timeoutMs ?? this.#timeoutMs, limits?.signal)
    this.#membership.start()
    await listed
  }

  #timeoutError(timeoutMs: number): TimeoutError {
    const { lastError } = this.#membership
    const why = lastError instanceof Error ? ` (${lastError.message})` : ''
    return new TimeoutError(`no list of servers came within ${timeoutMs} ms${why}`, {
      delivery: 'not-sent',
      cause: lastError,
    })
  }

  disconnect(): Promise<void> {
    return this.#cluster.disconnect()
  }

  close(): Promise<void> {
    this.#end(closedError())
    return this.#cluster.close()
  }

  destroy(error: MemcacheError): void {
    this.#end(error)
    this.#cluster.destroy(error)
  }

  #end(error: MemcacheError): void {
    this.#closed ??= error
    this.#membership.stop()
    this.#waitingRoom.fail(error)
    this.#listWaiters.fail(error)
  }
}

/**
 * Checks a list of servers. Names identify the servers, so no name may occur twice.
 *
 * @param parsed - Servers of specs that were parsed before; used for strings, which cannot have changed since.
 */
export function parseServers(
  specs: readonly ServerSpec[],
  parsed: ReadonlyMap<ServerSpec, Server> = new Map(),
): Server[] {
  if (!Array.isArray(specs)) throw new InvalidInputError(`the servers must be a list, got ${showValue(specs)}`)
  const names = new Set<string>()
  return (specs as readonly ServerSpec[]).map((spec) => {
    if (typeof spec !== 'string' && (typeof spec !== 'object' || spec === null)) {
      throw new InvalidInputError(
        `a list of servers holds strings or addresses, got ${showValue(spec)}; write 'host:port' as one string`,
      )
    }
    const known = typeof spec === 'string' ? parsed.get(spec) : undefined
    const server = known ?? parseServerSpec(spec)
    if (names.has(server.name)) {
      throw new InvalidInputError(
        `two servers are called ${showValue(server.name)}: remove one, give it a name of its own, or raise its weight`,
      )
    }
    names.add(server.name)
    return server
  })
}
