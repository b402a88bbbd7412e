import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Patience } from '../protocol/patience.ts'
import { MISS, type Reply } from '../protocol/reply.ts'
import type { ReadBatch, ReadHolder } from './read-batch.ts'

/** Decides for a wrapper about the reads of a batch. */
export interface ReadDeriver {
  /**
   * Makes the operation by which the wrapper would have carried out a read that came alone. Not dispatched: the
   * result of the read in the batch settles it.
   */
  derive(outer: Operation): Operation
  /** Whether a value goes to the caller without a look by the wrapper. */
  passes(reply: Reply): boolean
  /** Whether a miss goes to the caller as it is. */
  readonly passesMisses: boolean
}

/**
 * A batch as a wrapper hands it on. A result that the wrapper acts on settles the wrapper's own operation for that read,
 * which goes on as if it had been dispatched alone.
 */
export class DerivedReads implements ReadBatch, ReadHolder {
  readonly request: ReadBatch['request']
  readonly keys: readonly WireKey[]
  readonly timeoutMs: number
  readonly patience: Patience | undefined
  readonly call: object
  deadline: number
  holder: ReadHolder | undefined = undefined
  readonly #outer: ReadBatch
  readonly #deriver: ReadDeriver

  constructor(outer: ReadBatch, deriver: ReadDeriver) {
    this.#outer = outer
    this.#deriver = deriver
    this.request = outer.request
    this.keys = outer.keys
    this.timeoutMs = outer.timeoutMs
    this.patience = outer.patience
    this.call = outer.call ?? outer
    this.deadline = outer.deadline
    outer.holder = this
  }

  routingKey(index: number): Key {
    return this.#outer.routingKey(index)
  }

  isOpen(index: number): boolean {
    return this.#outer.isOpen(index)
  }

  answer(index: number, reply: Reply): boolean {
    return this.#deriver.passes(reply) && this.#outer.answer(index, reply)
  }

  borrows(clientFlags: number): boolean {
    return this.#outer.borrows(clientFlags)
  }

  miss(index: number): void {
    if (this.#deriver.passesMisses) this.#outer.miss(index)
    else this.detach(index).settle(MISS)
  }

  fail(index: number, error: unknown): void {
    this.detach(index).fail(error)
  }

  detach(index: number): Operation {
    const operation = this.#deriver.derive(this.#outer.detach(index))
    operation.deadline = this.deadline
    return operation
  }

  describe(index: number): string {
    return this.#outer.describe(index)
  }

  cancelReads(): void {
    this.holder?.cancelReads(this)
  }
}
