import type { Buffer } from 'node:buffer'
import { carryOutExchange } from '../connection/exchange.ts'
import type { ServerMemory } from '../connection/handshake.ts'
import type { ResolvedConnectionOptions } from '../connection/options.ts'
import type { ClosedError, MemcacheError } from '../errors.ts'
import type { Backend, ServerExecutor, ServerStatus } from '../executor.ts'
import type { Exchange } from '../protocol/exchange.ts'
import type { Operation } from '../protocol/operation.ts'
import { fnv1a32 } from '../routing/hash/fnv1a.ts'
import type { Server } from '../server-address.ts'
import { closedError, type PoolListener, Slot } from './slot.ts'

/** The connections to one server. A key always takes the same one, so that its commands keep their order. */
export class ServerPool implements Backend, ServerExecutor {
  readonly name: string
  readonly servers: readonly ServerExecutor[] = [this]
  readonly #first: Slot
  readonly #slots: readonly Slot[]
  readonly #server: Server
  readonly #options: ResolvedConnectionOptions
  readonly #memory: ServerMemory = { refusedMetaAs: undefined, shareLinesFrom: 0, refuses: new Set<string>() }
  #closed: MemcacheError | undefined

  /** @param connections - How many; all are multiplexed, so one is enough for nearly everybody. */
  constructor(server: Server, connections: number, options: ResolvedConnectionOptions, listener: PoolListener) {
    this.name = server.name
    this.#server = server
    this.#options = options
    const init = { server, options, listener, memory: this.#memory }
    this.#slots = Array.from({ length: connections }, () => new Slot(init))
    this.#first = this.#slots[0]!
  }

  dispatch(operation: Operation): void {
    if (this.#slots.length === 1) this.#first.dispatch(operation)
    else this.#slotFor(operation).dispatch(operation)
  }

  #slotFor(operation: Operation): Slot {
    const { key } = operation
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
      pending: slots.reduce((sum, slot) => sum + slot.pending, 0),
      lastError: slots.find((slot) => slot.lastError !== undefined)?.lastError,
    }
  }

  exchange(exchange: Exchange): Promise<Buffer> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return carryOutExchange(this.#server, this.#options, this.#memory, exchange)
  }

  async connect(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.connect()))
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.disconnect()))
  }

  async close(): Promise<void> {
    const error: ClosedError = closedError()
    this.#closed ??= error
    await Promise.all(this.#slots.map((slot) => slot.close(error)))
  }

  destroy(error: MemcacheError): void {
    this.#closed ??= error
    for (const slot of this.#slots) slot.destroy(error)
  }
}
