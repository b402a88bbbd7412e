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

/** A probe's question, and each removal of a key, take no longer, in milliseconds. */
const MAX_PROBE_MS = 10_000

/** However short the time of a call: a probe's question may take so long, in milliseconds. */
const MIN_PROBE_MS = 100

/** So many keys are removed at a time from a server that is coming back. */
const ROUND_KEYS = 1000

/** What all members of a cluster have in common. */
export interface MemberSettings {
  /** Per server. */
  readonly connections: number
  readonly connection: ResolvedConnectionOptions
  readonly health: HealthOptions
  /** Whether others take the commands of a server that is out. */
  readonly hasStandIns: boolean
  /** Keys remembered while it is out. */
  readonly maxKeys: number
  readonly clock: Clock
  readonly observer: ClientObserver
}

/** Decisions about the members of a cluster, made by the cluster. */
export interface MemberDecisions {
  /** Sends operations whose connection was lost to another server; false when there is none. */
  sendElsewhere(operations: readonly Operation[]): boolean
}

/** The group of servers that a member belongs to, as its members see it. */
export interface MemberGroup {
  /** Whether most of its servers look down at once. */
  readonly mostlyDown: boolean
  /** Called when a member takes commands again, or does so no longer. */
  onAvailability(healthy: boolean): void
}

/** One server of a cluster: its connections, its health, and what it must forget before it may serve again. */
export class Member implements ServerExecutor, PoolDecisions, CopyHolder<Member> {
  readonly name: string
  server: Server
  readonly pool: ServerPool
  readonly outdated: OutdatedKeys<Member>
  /** Whether it takes commands. Looked at for each of them, hence a field. */
  up = true
  readonly #settings: MemberSettings
  readonly #group: MemberGroup
  readonly #decisions: MemberDecisions
  readonly #rejoin: Rejoin<Member>
  #health: Health
  #watched = false
  /** It is to be left to its pool, once it has forgotten what is outdated. */
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
    this.outdated = new OutdatedKeys(maxKeys, () => observer.rejoinOverflow(this.name, maxKeys))
    const { connectTimeoutMs, timeoutMs, maxPending } = options
    const removalMs = Math.min(connectTimeoutMs, MAX_PROBE_MS)
    this.#rejoin = new Rejoin({
      pool: this.pool,
      outdated: this.outdated,
      // What answers later than calls may take is of no use to them.
      probeMs: Math.min(removalMs, Math.max(timeoutMs, MIN_PROBE_MS)),
      // Not the time of a call, which may be far too short for so many at once.
      timeoutMs: removalMs,
      perRound: Math.max(1, Math.min(ROUND_KEYS, maxPending >> 1)),
      admit: () => this.#health.admit(),
      mistrust: (error) => this.onEvidence(error),
    })
    this.#health = this.#newHealth()
  }

  #newHealth(): Health {
    const { health: options, clock, observer } = this.#settings
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
      // What waited for the server goes elsewhere first; then the listeners of this may send more for the same keys.
      onDown: (...why) => process.nextTick(() => observer.serverDown(this.name, ...why)),
      onUp: (downMs) => observer.serverUp(this.name, downMs, this.#rejoin.removed),
    })
  }

  /**
   * Whether its health decides about anything: a server without others, whose commands could go nowhere else, is left
   * to its pool, which tries again much sooner; but not before it has forgotten what was written elsewhere meanwhile.
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

  /** Whether its health decides, and not its pool alone. */
  get watched(): boolean {
    return this.#watched
  }

  /** What the pool found out while the server was alone: its commands need not fail until the next attempt. */
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

  /** It is a member no longer: takes no more commands, finishes those it has, and closes. */
  retire(): Promise<void> {
    this.#retired = true
    this.#health.stop()
    if (!this.up) this.#group.onAvailability(true)
    return this.pool.close()
  }

  /** Finishes what it has, and closes with the cluster. */
  close(): Promise<void> {
    this.#health.stop()
    return this.pool.close()
  }

  /** Ends everything now. */
  destroy(error: MemcacheError): void {
    this.#health.stop()
    this.pool.destroy(error)
  }

  onEvidence(error: MemcacheError): void {
    if (this.#watched && !this.#retired) this.#health.fail(error, this.pool.answered)
  }

  takeOver(operations: readonly Operation[], neverReady: boolean): readonly Operation[] {
    // Where no server stands in, the error of the attempt to connect says more than that the server is down.
    const moves = this.#retired || (!this.up && (this.#settings.hasStandIns || !neverReady))
    if (!moves) return operations
    const about = operations.filter((operation) => this.#isAboutServer(operation))
    const others = about.length === 0 ? operations : operations.filter((operation) => !about.includes(operation))
    return this.#decisions.sendElsewhere(others) ? about : operations
  }

  /** A question to this very server, or a removal of what it holds: no other can stand in. */
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
        // What was written is carried out late, or its connection is lost, which is evidence enough.
        const isLate = error instanceof TimeoutError && error.delivery === 'unknown'
        if (!isLate) this.onEvidence(error)
      },
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
