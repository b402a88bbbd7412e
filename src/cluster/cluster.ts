import { Buffer } from 'node:buffer'
import { closedError, type MemcacheError, ServerDownError } from '../errors.ts'
import type { ServerPool } from '../pool/server-pool.ts'
import { closedFor } from '../pool/slot.ts'
import { type Key, keyBytes } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { isWrite } from '../protocol/writes.ts'
import { type Backend, NO_SERVERS, type ServerExecutor } from '../seam/executor.ts'
import type { ClientObserver } from '../seam/observer.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { divideReads } from '../seam/read-part.ts'
import { detachAll } from '../seam/reads.ts'
import type { ZoneServers } from '../seam/zones.ts'
import type { Server } from '../server-address.ts'
import { withMaxTtl } from './max-ttl.ts'
import type { Member, MemberDecisions, MemberSettings } from './member.ts'
import type { ResolvedClusterOptions } from './options.ts'
import { ReadWindows } from './read-windows.ts'
import { ServerGroup } from './server-group.ts'

/** Parts of a cluster. */
export interface ClusterInit {
  readonly options: ResolvedClusterOptions
  readonly member: Pick<MemberSettings, 'connections' | 'connection' | 'clock'>
  /** Prefix put before every key when its server is chosen. */
  readonly hashedPrefix: Key | undefined
  readonly observer: ClientObserver
}

/**
 * Several servers as one executor. The distribution chooses the server of a key; while that server is out, commands
 * fail
 * at once or go where `failover` says. A cluster of one server adds nothing to what its pool does.
 */
export class Cluster implements Backend, MemberDecisions, ZoneServers {
  readonly #options: ResolvedClusterOptions
  readonly #prefix: Key | undefined
  readonly #observer: ClientObserver
  readonly settings: MemberSettings
  readonly #main: ServerGroup
  readonly #gutter: ServerGroup
  /** Removed servers that have not finished their operations yet. */
  readonly #leaving: Set<Member> = new Set()
  /** Pool of the only server, if the cluster has one server. */
  #sole: ServerPool | undefined
  /** Windows of wide batches; undefined without the option. */
  readonly #windows: ReadWindows<Member> | undefined
  /** Of the clients for which the cluster is a zone: called when it has changed. */
  readonly #onChange: (() => void)[] = []
  #closed: MemcacheError | undefined

  constructor(servers: readonly Server[], init: ClusterInit) {
    const { options } = init
    this.#options = options
    this.#prefix = init.hashedPrefix
    this.#observer = init.observer
    const { health, maxKeys, failover, readWindow } = options
    if (readWindow !== undefined) this.#windows = new ReadWindows(readWindow, (...reads) => this.#ask(...reads))
    const settings: MemberSettings = {
      ...init.member,
      health,
      maxKeys,
      hasStandIns: failover !== 'none',
      observer: init.observer,
    }
    this.settings = settings
    this.#main = new ServerGroup(options.distribution, settings, this)
    this.#gutter = new ServerGroup(options.distribution, settings, this)
    this.#gutter.replace(options.gutter)
    for (const member of this.#gutter.members) member.watch(true)
    void this.replace(servers)
  }

  get servers(): readonly ServerExecutor[] {
    return this.#main.members
  }

  /** Servers as given by the caller. */
  get addresses(): readonly Server[] {
    return this.#main.members.map((member) => member.server)
  }

  dispatch(operation: Operation): void {
    if (this.#sole !== undefined) return this.#sole.dispatch(operation)
    try {
      const member = this.#main.home(this.#routingKey(operation.routingKey ?? operation.callerKey))
      if (this.#windows?.isHolding && member && isWrite(operation.request))
        this.#windows.askBefore(member, operation.key)
      if (member?.up === true) member.pool.dispatch(operation)
      else this.#divert(operation, member)
    } catch (error) {
      // The distribution is the caller's: throwing here could interrupt the work of a connection that has ended.
      operation.fail(error)
    }
  }

  dispatchReads(batch: ReadBatch): void {
    if (this.#sole !== undefined) return this.#sole.dispatchReads(batch)
    const { parts, rest } = divideReads(batch, (index) => this.#homeInUse(batch.routingKey(index)))
    if (this.#windows !== undefined) this.#windows.dispatch(batch, parts)
    else for (const [member, part] of parts) member.pool.dispatchReads(part)
    // Their server is out, or the distribution threw: `dispatch` handles both.
    for (const index of rest) if (batch.isOpen(index)) this.dispatch(batch.detach(index))
  }

  /** Hands over reads that may have waited: their server may be out by now. */
  #ask(member: Member, reads: ReadBatch): void {
    if (member.up) member.pool.dispatchReads(reads)
    else detachAll(reads, this)
  }

  /** Returns the server of a key while that server takes commands. */
  #homeInUse(routingKey: Key): Member | undefined {
    try {
      const member = this.#main.home(this.#routingKey(routingKey))
      return member?.up === true ? member : undefined
    } catch {
      return undefined
    }
  }

  serverFor(routingKey: Key): ServerExecutor | undefined {
    const key = this.#routingKey(routingKey)
    const home = this.#main.home(key)
    if (this.#sole !== undefined || home?.up === true) return home
    switch (this.#options.failover) {
      case 'none':
        return home
      case 'next':
        return this.#main.firstUp(key)
      case 'gutter':
        return this.#gutter.firstUp(key)
    }
  }

  #routingKey(key: Key): Key {
    if (this.#prefix === undefined) return key
    if (typeof this.#prefix === 'string' && typeof key === 'string') return this.#prefix + key
    return Buffer.concat([keyBytes(this.#prefix), keyBytes(key)])
  }

  /** Handles an operation whose server is out or missing. */
  #divert(operation: Operation, home: Member | undefined): void {
    if (this.#closed !== undefined) return operation.fail(closedFor(operation, this.#closed))
    if (home === undefined) return this.#fail(operation, undefined)
    const target = operation.homeOnly ? undefined : this.#standIn(operation, home)
    if (target === undefined) return this.#fail(operation, home)
    this.#observer.failedOver?.(operation, home.name, target.name)
    target.pool.dispatch(operation)
  }

  /** Returns the server that takes the command meanwhile. A change makes the key outdated on every server skipped. */
  #standIn(operation: Operation, home: Member): Member | undefined {
    const key = this.#routingKey(operation.routingKey ?? operation.callerKey)
    const skipped: Member[] = []
    const { failover, gutterTtl } = this.#options
    if (failover === 'none') return undefined
    const group = failover === 'next' ? this.#main : this.#gutter
    if (failover === 'gutter') skipped.push(home)
    const target = group.firstUp(key, (member) => skipped.push(member))
    if (target === undefined || !isWrite(operation.request)) return target
    for (const member of skipped) member.outdated.add(operation, target)
    if (failover === 'gutter') operation.request = withMaxTtl(operation.request, gutterTtl, Date.now())
    return target
  }

  #fail(operation: Operation, home: Member | undefined): void {
    const cause = home?.status.lastError
    const why = cause === undefined ? '' : `: ${cause.message}`
    const what = operation.describe()
    const message =
      home === undefined
        ? `${what}: ${NO_SERVERS}`
        : operation.homeOnly || this.#options.failover === 'none'
          ? `${what}: ${home.name} is down${why}`
          : `${what}: ${home.name} is down and no other server is left${why}`
    operation.fail(
      new ServerDownError(message, {
        server: home?.name,
        cause,
        delivery: operation.unsentDelivery,
        ...operation.about,
      }),
    )
  }

  /**
   * Replaces the servers: those that stay keep their connections, those that go finish their operations. Throws, and
   * changes nothing, when the distribution refuses the list.
   *
   * @returns settles when the servers that went have closed their connections.
   */
  replace(servers: readonly Server[]): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed
    const before = new Set(this.#main.members)
    const gone = this.#main.replace(servers)
    const { members } = this.#main
    const alone = members.length === 1 && this.#gutter.members.length === 0 && this.#onChange.length === 0
    for (const member of members) member.watch(!alone)
    this.#sole = alone && !members[0]!.watched ? members[0]!.pool : undefined
    const retired = Promise.all(gone.map((member) => this.#retire(member)))
    this.#tellChange(
      members.filter((member) => !before.has(member)),
      gone,
    )
    return retired.then(() => undefined)
  }

  #tellChange(added: readonly Member[], removed: readonly Member[]): void {
    if (added.length === 0 && removed.length === 0) return
    this.#observer.serversChanged(added.map(nameOf), removed.map(nameOf))
    this.keysRemoved()
  }

  joinZones(changed: () => void): void {
    this.#onChange.push(changed)
    this.#sole = undefined
    for (const member of this.#main.members) member.watch(true)
  }

  keysRemoved(): void {
    for (const changed of this.#onChange) changed()
  }

  homeOf({ routingKey, callerKey }: Operation): Member | undefined {
    try {
      return this.#main.home(this.#routingKey(routingKey ?? callerKey))
    } catch {
      return undefined
    }
  }

  async #retire(member: Member): Promise<void> {
    this.#leaving.add(member)
    this.#windows?.askAll(member)
    await member.retire()
    this.#leaving.delete(member)
  }

  /** Resolves at once: the servers are known from the start. */
  async untilListed(): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed
  }

  async connect(): Promise<void> {
    await this.untilListed()
    if (this.#main.members.length === 0) throw new ServerDownError(NO_SERVERS, { delivery: 'not-sent' })
    const outcomes = await Promise.allSettled(this.#main.members.map((member) => member.pool.connect()))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason as Error
  }

  async disconnect(): Promise<void> {
    this.#windows?.askAll()
    await Promise.all(this.members.map((member) => member.pool.disconnect()))
  }

  async close(): Promise<void> {
    this.#closed ??= closedError()
    this.#windows?.askAll()
    await Promise.all([...this.members, ...this.#leaving].map((member) => member.close()))
  }

  destroy(error: MemcacheError): void {
    this.#closed ??= error
    for (const member of [...this.members, ...this.#leaving]) member.destroy(error)
    this.#windows?.askAll()
  }

  /** All servers, those of the gutter included. */
  get members(): readonly Member[] {
    return [...this.#main.members, ...this.#gutter.members]
  }

  sendElsewhere(operations: readonly Operation[]): boolean {
    if (this.#closed !== undefined) return false
    for (const operation of operations) this.dispatch(operation)
    return true
  }
}

function nameOf({ name }: Member): string {
  return name
}
