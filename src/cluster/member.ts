import type { Buffer } from 'node:buffer'
import type { ResolvedConnectionOptions } from '../connection/options.ts'
import { ClosedError, ConnectError, InvalidInputError, MemcacheError, type ProtocolError } from '../errors.ts'
import type { ServerExecutor, ServerStatus } from '../executor.ts'
import { ServerPool } from '../pool/server-pool.ts'
import type { PoolListener } from '../pool/slot.ts'
import type { Exchange } from '../protocol/exchange.ts'
import { Operation } from '../protocol/operation.ts'
import { DELETE } from '../protocol/request.ts'
import type { Server } from '../server-address.ts'
import type { Clock } from './clock.ts'
import { Health, type HealthOptions } from './health.ts'
import { type OutdatedKey, OutdatedKeys } from './outdated-keys.ts'

/** A probe's question, and each removal of a key, take no longer, in milliseconds. */
const MAX_PROBE_MS = 10_000

/** So many keys are removed at a time from a server that is coming back. */
const ROUND_KEYS = 1000

/** Rounds beyond those that the keys need at first: under load new ones keep coming. */
const SPARE_ROUNDS = 8

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
}

/** Who hears of the life of members. */
export interface MemberListener extends PoolListener {
  /** A server failed so often that it counts as down. */
  onDown(member: Member, error: MemcacheError, failures: number): void
  /** A server that was down is back; `removedKeys` were removed from it before. */
  onUp(member: Member, downMs: number, removedKeys: number): void
  /** More keys went elsewhere than are remembered for this server. */
  onOverflow(member: Member): void
  /** Sends commands somewhere else whose connection was lost; false when there is nobody else. */
  sendElsewhere(operations: readonly Operation[]): boolean
}

/** The group of servers that a member belongs to, as its members see it. */
export interface MemberGroup {
  /** Whether most of its servers look down at once. */
  readonly crowd: boolean
  /** A member takes commands, or does not any more. */
  onTurn(healthy: boolean): void
}

/** One server of a cluster: its connections, its health, and what it must forget before it may serve again. */
export class Member implements ServerExecutor, PoolListener {
  readonly name: string
  server: Server
  readonly pool: ServerPool
  readonly outdated: OutdatedKeys<Member>
  /** Whether it takes commands. Looked at for each of them, hence a field. */
  up = true
  readonly #settings: MemberSettings
  readonly #group: MemberGroup
  readonly #listener: MemberListener
  readonly #probeMs: number
  #health: Health
  #watched = false
  #retired = false
  /** Keys removed since it was last asked whether it is back. */
  #removed = 0

  constructor(server: Server, settings: MemberSettings, group: MemberGroup, listener: MemberListener) {
    this.name = server.name
    this.server = server
    this.#settings = settings
    this.#group = group
    this.#listener = listener
    this.pool = new ServerPool(server, settings.connections, settings.connection, this)
    this.outdated = new OutdatedKeys(settings.maxKeys, () => listener.onOverflow(this))
    const { connectTimeoutMs, timeoutMs } = settings.connection
    this.#probeMs = Math.min(connectTimeoutMs, timeoutMs, MAX_PROBE_MS)
    this.#health = this.#newHealth()
  }

  #newHealth(): Health {
    const { health: options, clock } = this.#settings
    return new Health({
      options,
      clock,
      probe: () => void this.#rejoin(),
      crowd: () => this.#group.crowd,
      onTurn: (healthy) => {
        this.up = healthy
        this.#group.onTurn(healthy)
      },
      onDown: (error, failures) => this.#listener.onDown(this, error, failures),
      onUp: (downMs) => this.#listener.onUp(this, downMs, this.#removed),
    })
  }

  /**
   * Whether its health decides about anything: a server without others, whose commands could go nowhere else, is left
   * to its pool, which tries again much sooner.
   */
  watch(on: boolean): void {
    if (on === this.#watched) return
    this.#watched = on
    if (on) return
    this.#health.stop()
    if (!this.up) this.#group.onTurn(true)
    this.up = true
    this.#health = this.#newHealth()
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

  /** It is a member no longer: takes no more commands, finishes those it has, and closes. */
  retire(): Promise<void> {
    this.#retired = true
    this.#health.stop()
    if (!this.up) this.#group.onTurn(true)
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

  onUnclaimedError(error: MemcacheError, operations: readonly Operation[]): void {
    this.#listener.onUnclaimedError(error, operations)
  }

  onDesync(error: ProtocolError): void {
    this.#listener.onDesync(error)
  }

  onEvidence(error: MemcacheError): void {
    if (this.#watched && !this.#retired) this.#health.fail(error)
  }

  takeOver(operations: readonly Operation[], neverReady: boolean): boolean {
    if (this.#retired) return this.#listener.sendElsewhere(operations)
    // Where nobody stands in, the error of the attempt to connect says more than that the server is down.
    return !this.up && !(neverReady && !this.#settings.hasStandIns) && this.#listener.sendElsewhere(operations)
  }

  /** Removes the copy of a key that it took for another server: outdated as soon as that one is back. */
  removeCopy(outdated: OutdatedKey<Member>): void {
    if (this.#retired) return
    if (!this.up) return this.outdated.add(outdated, undefined)
    this.#delete(outdated, ignore, (error) => {
      this.outdated.add(outdated, undefined)
      this.onEvidence(error)
    })
  }

  /** Asks whether the server is back, removes what is outdated, and lets it take commands again. */
  async #rejoin(): Promise<void> {
    try {
      await this.pool.probe(this.#probeMs)
      this.pool.forgive()
      this.#removed = 0
      await this.#removeOutdated()
      this.#handOver()
    } catch (error) {
      this.#health.refuse(asMemcacheError(error, this.name))
    }
  }

  /** In rounds, until few enough are left for the hand-over. */
  async #removeOutdated(): Promise<void> {
    const perRound = Math.max(1, Math.min(ROUND_KEYS, this.#settings.connection.maxPending >> 1))
    let rounds = Math.ceil(this.outdated.size / perRound) + SPARE_ROUNDS
    while (this.outdated.size > perRound && rounds-- > 0) {
      await Promise.all(this.outdated.take(perRound).map((outdated) => this.#removeAwaited(outdated)))
    }
  }

  #removeAwaited(outdated: OutdatedKey<Member>): Promise<void> {
    return new Promise((resolve, reject) => this.#remove(outdated, resolve, reject))
  }

  /**
   * Removes the rest and takes commands from the same moment on: those for a key come behind its removal, on the same
   * connection. Should a removal fail after that, the server is out again before anything behind it is carried out.
   */
  #handOver(): void {
    let failure: MemcacheError | undefined
    for (const outdated of this.outdated.take(Number.POSITIVE_INFINITY)) {
      this.#remove(outdated, ignore, (error) => {
        failure ??= error
        this.onEvidence(error)
      })
    }
    if (failure !== undefined) throw failure
    this.outdated.forgiveOverflow()
    this.#health.admit()
  }

  #remove(outdated: OutdatedKey<Member>, done: () => void, failed: (error: MemcacheError) => void): void {
    for (const holder of outdated.copies) holder.removeCopy(outdated)
    this.#removed++
    this.#delete(outdated, done, (error) => {
      this.outdated.restore(outdated)
      failed(error)
    })
  }

  /** Removes a key here; the callbacks are called before anything that came behind is. */
  #delete(outdated: OutdatedKey<Member>, done: () => void, failed: (error: MemcacheError) => void): void {
    const operation = new Operation(DELETE, outdated.key, outdated.callerKey, this.#probeMs, ignore)
    operation.resolve = done
    operation.reject = (reason) => {
      // A key that this connection cannot carry cannot be there either.
      if (reason instanceof InvalidInputError || reason instanceof ClosedError) done()
      else failed(asMemcacheError(reason, this.name))
    }
    this.pool.dispatch(operation)
  }
}

function ignore(): void {}

function asMemcacheError(error: unknown, server: string): MemcacheError {
  if (error instanceof MemcacheError) return error
  return new ConnectError(`${server} cannot be asked whether it is back: ${String(error)}`, { server, cause: error })
}
