import type { ResolvedConnectionOptions } from '../connection/options.ts'
import type { ClosedError, MemcacheError } from '../errors.ts'
import type { Backend, ServerExecutor } from '../executor.ts'
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

  /** @param connections - How many; all are multiplexed, so one is enough for nearly everybody. */
  constructor(server: Server, connections: number, options: ResolvedConnectionOptions, listener: PoolListener) {
    this.name = server.name
    const init = { server, options, listener, memory: { refusedMetaAs: undefined, shareLinesFrom: 0 } }
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

  async connect(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.connect()))
  }

  async disconnect(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.disconnect()))
  }

  async close(): Promise<void> {
    const error: ClosedError = closedError()
    await Promise.all(this.#slots.map((slot) => slot.close(error)))
  }

  destroy(error: MemcacheError): void {
    for (const slot of this.#slots) slot.destroy(error)
  }
}
