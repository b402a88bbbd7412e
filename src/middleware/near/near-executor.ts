import type { MetaGetRequest } from '../../protocol/meta/request.ts'
import type { Operation } from '../../protocol/operation.ts'
import { isWrite } from '../../protocol/writes.ts'
import type { Executor } from '../../seam/executor.ts'
import type { ReadBatch } from '../../seam/read-batch.ts'
import { dispatchReads } from '../../seam/reads.ts'
import { nameOf } from './key-names.ts'
import { NearReads } from './near-reads.ts'
import type { NearStore } from './near-store.ts'

/** Answers reads from a near cache, fills it with the replies to others, and forgets what its client writes. */
export class NearExecutor implements Executor {
  readonly #next: Executor
  readonly #store: NearStore

  constructor(next: Executor, store: NearStore) {
    this.#next = next
    this.#store = store
  }

  dispatch(operation: Operation): void {
    const name = nameOf(operation.key)
    if (name === undefined || name === '' || this.#store.isEnded) return this.#next.dispatch(operation)
    const { request, interpret } = operation
    if (request.command === 'get') {
      const serde = interpret.madeBy
      if (serde === undefined) this.#next.dispatch(operation)
      else this.#read(operation, name, serde, undefined, request.fresh === true)
    } else if (request.command === 'mg' && interpret.looksBy !== undefined && request.isLook === true) {
      this.#read(operation, name, interpret.looksBy, request, request.fresh === true)
    } else {
      if (isWrite(request)) this.#forget(operation, name)
      this.#next.dispatch(operation)
    }
  }

  /** @param look - The request, of the look of a `getOrSet`. */
  #read(operation: Operation, name: string, serde: object, look: MetaGetRequest | undefined, isFresh: boolean): void {
    const store = this.#store
    const now = store.now()
    const entry = store.entries.get(name)
    const routing = store.names.routingOf(name, operation.routingKey)
    if (entry !== undefined && !isFresh) {
      const ttl = look === undefined ? undefined : store.ttlForLook(entry, routing, serde, look.flags, now)
      const isAnswered = look === undefined ? store.answers(entry, routing, serde, now) : ttl !== undefined
      if (isAnswered) return store.give(entry, ttl, (reply) => operation.settle(reply))
    }
    try {
      store.admit(name, entry, routing, now)?.watch(operation, serde)
    } catch (error) {
      return operation.fail(error)
    }
    this.#next.dispatch(operation)
  }

  /**
   * Forgets a key before it is written, and again when the write has settled: a layer below may have carried it out later than
   * reads that left after it, and after a failure it may still be carried out.
   */
  #forget(operation: Operation, name: string): void {
    const store = this.#store
    store.forget(name)
    const { resolve, reject } = operation
    operation.resolve = (value, same) => {
      store.forget(name)
      resolve(value, same)
    }
    operation.reject = (reason, same) => {
      store.forget(name)
      reject(reason, same)
    }
  }

  dispatchReads(batch: ReadBatch): void {
    const { request, madeBy } = batch
    if (madeBy === undefined || request.command !== 'get' || this.#store.isEnded) {
      return dispatchReads(this.#next, batch)
    }
    const rest = new NearReads(batch, madeBy)
    const now = this.#store.now()
    for (const index of batch.keys.keys()) this.#readOne(batch, index, madeBy, rest, now, request.fresh === true)
    if (rest.keys.length === batch.keys.length && !rest.keepsAny) return dispatchReads(this.#next, batch)
    if (rest.keys.length === 0) return
    batch.holder = rest
    dispatchReads(this.#next, rest)
  }

  #readOne(batch: ReadBatch, index: number, serde: object, rest: NearReads, now: number, isFresh: boolean): void {
    const store = this.#store
    const name = nameOf(batch.keys[index]!)
    if (name === undefined) return rest.add(index, undefined)
    const entry = store.entries.get(name)
    const routing = store.names.routingOf(name, batch.routingKey(index))
    if (entry !== undefined && !isFresh && store.answers(entry, routing, serde, now)) {
      return store.give(entry, undefined, (reply) => {
        if (entry.keeps === 'miss') batch.miss(index)
        else if (!batch.answer(index, reply)) batch.detach(index).settle(reply)
      })
    }
    try {
      rest.add(index, store.admit(name, entry, routing, now))
    } catch (error) {
      batch.fail(index, error)
    }
  }
}
