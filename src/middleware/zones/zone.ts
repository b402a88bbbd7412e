import { ClosedError, InvalidInputError, type MemcacheError } from '../../errors.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Executor } from '../../seam/executor.ts'
import type { ClientObserver } from '../../seam/observer.ts'
import type { ZoneRoute, ZoneServers, ZoneStatus } from '../../seam/zones.ts'
import type { CopyTarget } from '../item-copy.ts'

/** Use of a zone by its client. */
export interface ZoneUse {
  readonly name: string
  /** Whether it is read. */
  readonly isRead: boolean
  /** Whether its servers are those of another client, which reports what happens to them too. */
  readonly isClient: boolean
}

type Route = Pick<ZoneRoute, 'executor' | 'writer' | 'servers'>

/** One zone of a client: its servers, what was counted of it, and whether its outage has been reported. */
export class Zone {
  readonly name: string
  readonly isRead: boolean
  /** For reads, and for commands that one zone decides. */
  readonly executor: Executor
  /** For writes to all zones. */
  readonly writer: Executor
  /** The zone as a place for copies. */
  readonly target: CopyTarget
  /** Whether a key may be outdated there after a write of this client: cheaper to ask than the servers. */
  mayOwe = false
  reads = 0
  farReads = 0
  #failedWrites = 0
  readonly #servers: ZoneServers
  readonly #observer: ClientObserver
  /** Names of the servers that count as down. */
  readonly #down: Set<string> = new Set()
  /** When the outage began that was reported and is not over; undefined: there is none. */
  #downSince: number | undefined
  #removedKeys = 0

  constructor({ name, isRead, isClient }: ZoneUse, { executor, writer, servers }: Route, observer: ClientObserver) {
    this.name = name
    this.isRead = isRead
    this.executor = executor
    this.writer = writer
    const onError = (error: MemcacheError, operation: Operation): void => observer.fallbackFailed(error, operation)
    this.target = { first: executor, options: { onError }, keepsNoCas: false }
    this.#servers = servers
    this.#observer = observer
    servers.joinZones(() => this.#changed())
    this.#watch(isClient)
  }

  #watch(isClient: boolean): void {
    const { settings } = this.#servers
    const { observer } = settings
    const { serverDown, serverUp, rejoinOverflow } = observer
    settings.observer = {
      ...observer,
      serverDown: (...event) => {
        serverDown(...event)
        this.#serverDown(event[0], event[1])
      },
      serverUp: (...event) => {
        serverUp(...event)
        this.#serverUp(event[0], event[2])
      },
      rejoinOverflow: (server, maxKeys) => {
        if (isClient) rejoinOverflow(server, maxKeys)
        this.#observer.rejoinOverflow(server, maxKeys, this.name)
      },
    }
  }

  get status(): ZoneStatus {
    const { servers } = this.#servers
    const up = servers.filter(({ status }) => status.state === 'up').length
    const state = up === 0 ? 'down' : up === servers.length ? 'up' : 'partial'
    const { name, reads, farReads } = this
    return { name, state, reads, farReads, failedWrites: this.#failedWrites, outdatedKeys: this.#outdatedKeys }
  }

  get #outdatedKeys(): number {
    return this.#servers.members.reduce((sum, { outdated }) => sum + outdated.size, 0)
  }

  /** Whether the zone may give an older value than this client has written: it is not read for this key. */
  owes(operation: Operation): boolean {
    return this.mayOwe && this.#servers.homeOf(operation)?.outdated.has(operation.key) === true
  }

  /** Takes note of a write that the zone did not take, or may not have taken. */
  failWrite(operation: Operation, error: MemcacheError): void {
    this.#failedWrites++
    if (mayBeOutdated(error)) {
      this.mayOwe = true
      this.#markOutdated(operation, error)
    }
    if (this.#observer.watchesWrites?.() === true) this.#observer.writeFailed(operation, error, this.name)
  }

  /** The key's own server is distrusted, and the one that failed: it may have stood in. */
  #markOutdated(operation: Operation, { server }: MemcacheError): void {
    const home = this.#servers.homeOf(operation)
    home?.distrust(operation)
    if (server === undefined || server === home?.name) return
    for (const member of this.#servers.members) if (member.name === server) member.distrust(operation)
  }

  #serverDown(server: string, error: MemcacheError): void {
    this.#down.add(server)
    if (this.#downSince !== undefined) return
    this.#downSince = performance.now()
    this.#removedKeys = 0
    this.#observer.zoneDown(this.name, error)
  }

  #serverUp(server: string, removedKeys: number): void {
    this.#removedKeys += removedKeys
    this.#down.delete(server)
    this.#changed()
  }

  #changed(): void {
    if (this.#outdatedKeys > 0) return
    const { members } = this.#servers
    this.mayOwe = false
    for (const name of this.#down) if (!members.some((member) => member.name === name)) this.#down.delete(name)
    if (this.#downSince === undefined || this.#down.size > 0) return
    const downMs = performance.now() - this.#downSince
    this.#downSince = undefined
    this.#observer.zoneUp(this.name, downMs, this.#removedKeys)
  }
}

/** A key that the connection cannot carry is not on the server either; nothing is kept once the client is closed. */
function mayBeOutdated(error: MemcacheError): boolean {
  return !(error instanceof ClosedError) && !(error instanceof InvalidInputError && error.delivery === 'not-sent')
}
