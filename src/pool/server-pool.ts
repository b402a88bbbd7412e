import type { Buffer } from 'node:buffer'
import { Attempt } from '../connection/attempt.ts'
import type { FlushPolicy } from '../connection/connection-decisions.ts'
import type { ConnectionTarget } from '../connection/connection-target.ts'
import { carryOutExchange } from '../connection/exchange.ts'
import type { ResolvedConnectionOptions } from '../connection/options.ts'
import { ServerLink } from '../connection/server-link.ts'
import { createServerMemory } from '../connection/server-memory.ts'
import { type ClosedError, closedError, MemcacheError, OverloadedError } from '../errors.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { WireKey } from '../protocol/key.ts'
import { Operation } from '../protocol/operation.ts'
import { GET } from '../protocol/request.ts'
import { fnv1a32 } from '../routing/hash/fnv1a.ts'
import type { Backend, ServerExecutor, ServerStatus } from '../seam/executor.ts'
import { type ClientObserver, NO_OBSERVER } from '../seam/observer.ts'
import type { ReadBatch } from '../seam/read-batch.ts'
import { divideReads } from '../seam/read-part.ts'
import type { Server } from '../server-address.ts'
import { closedFor, type PoolDecisions, Slot } from './slot.ts'

/** Key that a probe reads; the server has no such item. */
const PROBE_KEY = 'memlane:probe'

/** Parts of a pool. */
export interface PoolInit {
  readonly server: Server
  /** Number of connections. All are multiplexed, so one is usually enough. */
  readonly connections?: number
  readonly options: ResolvedConnectionOptions
  readonly observer?: ClientObserver
  readonly decisions?: PoolDecisions
}

/** Connections to one server. A key always uses the same one, so that its commands keep their order. */
export class ServerPool implements Backend, ServerExecutor {
  readonly name: string
  readonly link: ServerLink
  readonly servers: readonly ServerExecutor[] = [this]
  readonly #first: Slot
  readonly #slots: readonly Slot[]
  readonly #flushPolicy: FlushPolicy
  /** Most unanswered commands; undefined: only the connections have limits. */
  readonly #maxInFlight: number | undefined
  #closed: MemcacheError | undefined
  /** Operation of the last probe. */
  #probe: Operation | undefined
  /** Running exchanges, each on its own connection. */
  readonly #exchanges: Map<Attempt, Promise<Buffer>> = new Map()

  constructor({ server, connections = 1, options, observer = NO_OBSERVER, decisions }: PoolInit) {
    this.name = server.name
    const target: ConnectionTarget = { server, options, observer, memory: createServerMemory() }
    this.link = new ServerLink(target)
    this.#maxInFlight = options.maxInFlight
    this.#flushPolicy = { afterReading: connections > 1 }
    const init = { ...target, decisions, flushPolicy: this.#flushPolicy }
    this.#slots = Array.from({ length: connections }, () => new Slot(init))
    this.#first = this.#slots[0]!
  }

  /** Whether there are other servers whose answers lead to commands for this one. */
  set hasPeers(hasPeers: boolean) {
    this.#flushPolicy.afterReading = hasPeers || this.#slots.length > 1
  }

  dispatch(operation: Operation): void {
    if (this.#maxInFlight !== undefined && this.#pending >= this.#maxInFlight) return this.#refuse(operation)
    if (this.#slots.length === 1) this.#first.dispatch(operation)
    else this.#slotFor(operation.key).dispatch(operation)
  }

  dispatchReads(batch: ReadBatch): void {
    const room = this.#maxInFlight === undefined ? Number.POSITIVE_INFINITY : this.#maxInFlight - this.#pending
    if (batch.keys.length <= room) return this.#takeReads(batch)
    const { parts, rest } = divideReads(batch, (index) => (index < room ? this : undefined))
    for (const part of parts.values()) this.#takeReads(part)
    for (const index of rest) if (batch.isOpen(index)) this.#refuse(batch.detach(index))
  }

  get #pending(): number {
    return this.#slots.length === 1 ? this.#first.pending : this.#slots.reduce((sum, slot) => sum + slot.pending, 0)
  }

  #refuse(operation: Operation): void {
    if (this.#closed !== undefined) return operation.fail(closedFor(operation, this.#closed))
    const { name: server } = this
    const message = `${operation.describe()}: ${this.#maxInFlight} commands are unanswered by ${server} (maxInFlight)`
    operation.fail(new OverloadedError(message, { server, delivery: operation.unsentDelivery, ...operation.about }))
  }

  #takeReads(batch: ReadBatch): void {
    if (this.#slots.length === 1) return this.#first.dispatchReads(batch)
    const { parts } = divideReads(batch, (index) => this.#slotFor(batch.keys[index]!))
    for (const [slot, part] of parts) slot.dispatchReads(part)
  }

  #slotFor(key: WireKey): Slot {
    return this.#slots[fnv1a32(typeof key === 'string' ? key : key.echo) % this.#slots.length]!
  }

  serverFor(): ServerExecutor {
    return this
  }

  get status(): ServerStatus {
    const slots = this.#slots.map((slot) => slot.status)
    const open = slots.filter((slot) => slot.open)
    const busy = open.filter((slot) => slot.pending > 0).length
    return {
      name: this.name,
      state: slots.every((slot) => slot.down) ? 'down' : slots.some((slot) => slot.lastError) ? 'suspect' : 'up',
      connections: { open: open.length, busy, idle: open.length - busy },
      pending: this.#pending,
      lastError: slots.find((slot) => slot.lastError !== undefined)?.lastError,
    }
  }

  exchange(exchange: Exchange): Promise<Buffer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const attempt = new Attempt()
    const reply = carryOutExchange(this.link.target, exchange, attempt)
    this.#exchanges.set(attempt, reply)
    return reply.finally(() => this.#exchanges.delete(attempt))
  }

  async connect(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.connect()))
  }

  /**
   * Asks the server whether it answers commands, on its first connection, which is made now if need be, whatever
   * happened before. The question is an ordinary read, because a server may shake hands and do nothing else; an error
   * reply counts as an answer. Rejects with the failure.
   */
  async probe(timeoutMs: number): Promise<void> {
    await this.#first.connect()
    await new Promise<void>((resolve, reject) => {
      const operation = new Operation(GET, PROBE_KEY, PROBE_KEY, timeoutMs, () => undefined)
      this.#probe = operation
      operation.resolve = () => resolve()
      operation.reject = (reason) => (isAnswer(reason) ? resolve() : reject(reason))
      this.#first.dispatch(operation)
    })
  }

  /** Checks whether the operation is the question of a probe: bound to this server. */
  isProbe(operation: Operation): boolean {
    return operation === this.#probe
  }

  /** Whether a command was answered in time, by any connection, since failures were last forgiven. */
  get answered(): boolean {
    return this.#slots.some((slot) => slot.answered)
  }

  /** Forgets failed attempts to connect, and past answers: the next commands show the state of the server. */
  forgive(): void {
    for (const slot of this.#slots) slot.forgive()
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.disconnect()))
  }

  async close(): Promise<void> {
    const error: ClosedError = closedError()
    this.#closed ??= error
    // A stream may have no end, so close() does not wait for it.
    this.link.destroy(error)
    await Promise.allSettled([...this.#slots.map((slot) => slot.close(error)), ...this.#exchanges.values()])
  }

  destroy(error: MemcacheError): void {
    this.#closed ??= error
    for (const slot of this.#slots) slot.destroy(error)
    for (const attempt of this.#exchanges.keys()) attempt.abort(error)
    this.link.destroy(error)
  }
}

function isAnswer(reason: unknown): boolean {
  return reason instanceof MemcacheError && reason.delivery === 'answered'
}
