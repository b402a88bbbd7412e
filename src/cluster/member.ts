import type { Buffer } from 'node:buffer'
import type { ResolvedConnectionOptions } from '../connection/options.ts'
import { type MemcacheError, TimeoutError } from '../errors.ts'
import { ServerPool } from '../pool/server-pool.ts'
import type { PoolDecisions } from '../pool/slot.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { Operation } from '../protocol/operation.ts'
import type { ServerExecutor, ServerStatus } from '../seam/executor.ts'
import type { ClientObserver } from '../seam/observer.ts'
import type { Server } from '../server-address.ts'
import type { Clock } from './clock.ts'
import { Health, type HealthOptions } from './health.ts'
import { type OutdatedKey, OutdatedKeys } from './outdated-keys.ts'
import { asMemcacheError, type CopyHolder, Rejoin } from './rejoin.ts'

/** Longest time of a probe's question and of each key removal, in milliseconds. */
const MAX_PROBE_MS = 10_000

/** Shortest time of a probe's question, in milliseconds, however short the time of a call. */
const MIN_PROBE_MS = 100

/** Number of keys removed at a time from a server that is coming back. */
const ROUND_KEYS = 1000

/** Settings shared by all members of a cluster. */
export interface MemberSettings {
  /** Connections per server. */
  readonly connections: number
  readonly connection: ResolvedConnectionOptions
  readonly health: HealthOptions
  /** Whether other servers take the commands of a server that is out. */
  readonly hasStandIns: boolean
  /** Limit of the keys remembered while a server is out. */
  readonly maxKeys: number
  readonly clock: Clock
  /** Observer of the members' health; another may take its place. */
  observer: ClientObserver
}

/** Decisions about the members of a cluster, made by the cluster. */
export interface MemberDecisions {
  /** Sends operations whose connection was lost to another server; false when there is none. */
  sendElsewhere(operations: readonly Operation[]): boolean
  /** Called when a member has no outdated key left. */
  keysRemoved(): void
}

/** Group of servers that a member belongs to, as seen by the member. */
export interface MemberGroup {
  /** Number of servers. */
  readonly size: number
  /** Whether most servers of the group look down at once. */
  readonly mostlyDown: boolean
  /** Called when a member starts or stops taking commands. */
  onAvailability(healthy: boolean): void
}

/** One server of a cluster: its connections, its health, and the keys to remove from it before it serves again. */
export class Member implements ServerExecutor, PoolDecisions, CopyHolder<Member> {
  readonly name: string
  server: Server
  readonly pool: ServerPool
  readonly outdated: OutdatedKeys<Member>
  /** Whether the server takes commands. Read for each command, hence a field. */
  up = true
  readonly #settings: MemberSettings
  readonly #group: MemberGroup
  readonly #decisions: MemberDecisions
  readonly #rejoin: Rejoin<Member>
  #health: Health
  #watched = false
  /** Whether to leave the server to its pool after its outdated keys are removed. */
  #unwatchWhenUp = false
  #retired = false

  constructor(server: Server, settings: MemberSettings, group: MemberGroup, decisions: MemberDecisions) {
    this.name = server.name
    this.server = server
    this.#settings = settings
    this.#group = group
    this.#decisions = decisions
    const { connections, connection: options, observer, maxKeys } = settings
    this.pool = new ServerPool({ server, connections, options, observer, decisions: this })
    this.outdated = new OutdatedKeys(
      maxKeys,
      () => settings.observer.rejoinOverflow(this.name, maxKeys),
      () => decisions.keysRemoved(),
    )
    const { connectTimeoutMs, timeoutMs, maxPending, maxInFlight = maxPending } = options
    const removalMs = Math.min(connectTimeoutMs, MAX_PROBE_MS)
    this.#rejoin = new Rejoin({
      pool: this.pool,
      outdated: this.outdated,
      // An answer later than a call may take is of no use to calls.
      probeMs: Math.min(removalMs, Math.max(timeoutMs, MIN_PROBE_MS)),
      // The time of a call may be far too short for so many removals at once.
      timeoutMs: removalMs,
      perRound: Math.max(1, Math.min(ROUND_KEYS, maxPending >> 1, maxInFlight >> 1)),
      admit: () => this.#health.admit(),
      mistrust: (error) => this.onEvidence(error),
    })
    this.#health = this.#newHealth()
  }

  #newHealth(): Health {
    const settings = this.#settings
    const { health: options, clock } = settings
    return new Health({
      options,
      clock,
      probe: () => void this.#probe(),
      mostlyDown: () => this.#group.mostlyDown,
      onAvailability: (healthy) => {
        this.up = healthy
        this.#group.onAvailability(healthy)
        if (healthy && this.#unwatchWhenUp) this.watch(false)
      },
      // Operations that waited for the server go elsewhere first; listeners may then send more for the same keys.
      onDown: (...why) => process.nextTick(() => settings.observer.serverDown(this.name, ...why)),
      onUp: (downMs) => settings.observer.serverUp(this.name, downMs, this.#rejoin.removed),
    })
  }

  /**
   * Sets whether health decides about this server. A single server's commands cannot go elsewhere, so its pool decides
   * and retries much sooner; but first the keys written elsewhere meanwhile are removed.
   */
  watch(on: boolean): void {
    this.pool.hasPeers = on
    this.#unwatchWhenUp = !on && !this.up && this.outdated.size > 0
    if (on === this.#watched || this.#unwatchWhenUp) return
    this.#watched = on
    if (on) return this.#takeOverFromPool()
    this.#health.stop()
    if (!this.up) this.#group.onAvailability(true)
    this.up = true
    this.#health = this.#newHealth()
  }

  /** Whether health decides, and not the pool alone. */
  get watched(): boolean {
    return this.#watched
  }

  /**
   * Takes over the state that the pool found while the server was alone: commands need not fail until the next attempt.
   */
  #takeOverFromPool(): void {
    const { state, lastError } = this.pool.status
    if (state === 'down' && lastError !== undefined) this.#health.fail(lastError)
  }

  get status(): ServerStatus {
    const { status } = this.pool
    if (!this.#watched) return status
    const { state, lastError } = this.#health
    return { ...status, state, lastError: lastError ?? status.lastError }
  }

  dispatch(operation: Operation): void {
    this.pool.dispatch(operation)
  }

  exchange(exchange: Exchange): Promise<Buffer> {
    return this.pool.exchange(exchange)
  }

  get link(): object {
    return this.pool.link
  }

  /** Retires the member: takes no more commands, finishes its operations, and closes. */
  retire(): Promise<void> {
    this.#retired = true
    this.#health.stop()
    if (!this.up) this.#group.onAvailability(true)
    return this.pool.close()
  }

  /** Finishes the server's operations, and closes with the cluster. */
  close(): Promise<void> {
    this.#health.stop()
    return this.pool.close()
  }

  /** Ends everything now. */
  destroy(error: MemcacheError): void {
    this.#health.stop()
    this.pool.destroy(error)
  }

  get servers(): number {
    return this.#watched ? this.#group.size : 1
  }

  onEvidence(error: MemcacheError): void {
    if (this.#watched && !this.#retired) this.#health.fail(error, this.pool.answered)
  }

  takeOver(operations: readonly Operation[], neverReady: boolean): readonly Operation[] {
    // Without a stand-in, the error of the attempt to connect is more precise than that the server is down.
    const moves = this.#retired || (!this.up && (this.#settings.hasStandIns || !neverReady))
    if (!moves) return operations
    const about = operations.filter((operation) => this.#isAboutServer(operation))
    const others = about.length === 0 ? operations : operations.filter((operation) => !about.includes(operation))
    return this.#decisions.sendElsewhere(others) ? about : operations
  }

  /**
   * Checks whether the operation is a question to this server, or a removal of a key from it: no other can stand in.
   */
  #isAboutServer(operation: Operation): boolean {
    return operation.key === '' || this.pool.isProbe(operation) || this.#rejoin.owns(operation)
  }

  removeCopy(outdated: OutdatedKey<Member>): void {
    if (this.#retired) return
    if (!this.up) return this.outdated.add(outdated, undefined)
    this.#rejoin.delete(
      outdated,
      () => undefined,
      (error) => {
        this.outdated.add(outdated, undefined)
        // A late write is still carried out, or its connection is lost, and that is evidence enough.
        const isLate = error instanceof TimeoutError && error.delivery === 'unknown'
        if (!isLate) this.onEvidence(error)
      },
    )
  }

  /**
   * Removes a key after a write that failed: at once, behind whatever was written before; while the server is out, before it
   * takes commands again. A removal that fails is evidence against the server.
   */
  distrust(operation: Operation): void {
    if (this.#retired) return
    if (!this.up) return this.outdated.add(operation, undefined)
    this.#rejoin.remove(
      this.outdated.takeOne(operation),
      () => undefined,
      (error) => this.onEvidence(error),
    )
  }

  /** Asks whether the server is back, and lets it take commands again if it is. */
  async #probe(): Promise<void> {
    try {
      await this.#rejoin.run()
    } catch (error) {
      this.#health.refuse(asMemcacheError(error, this.name))
    }
  }
}
