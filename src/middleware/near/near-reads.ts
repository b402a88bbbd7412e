import type { Key, WireKey } from '../../protocol/key.ts'
import type { Operation } from '../../protocol/operation.ts'
import type { Patience } from '../../protocol/patience.ts'
import { MISS, type Reply } from '../../protocol/reply.ts'
import type { ReadBatch, ReadHolder } from '../../seam/read-batch.ts'
import type { Fill } from './fill.ts'

/** The reads of a batch that the near cache does not answer, with what keeps their replies. */
export class NearReads implements ReadBatch, ReadHolder {
  readonly request: ReadBatch['request']
  readonly timeoutMs: number
  readonly patience: Patience | undefined
  readonly call: object
  readonly keys: WireKey[] = []
  deadline: number
  holder: ReadHolder | undefined = undefined
  readonly #whole: ReadBatch
  readonly #serde: object
  /** Index in the whole batch, for each read. */
  readonly #indexes: number[] = []
  /** Fill that keeps the reply of each read; undefined where the reply is not kept, or was kept already. */
  readonly #fills: (Fill | undefined)[] = []
  /** Whether any reply is to be kept. */
  keepsAny = false

  /** @param serde - Makes the values of the batch. */
  constructor(whole: ReadBatch, serde: object) {
    this.#whole = whole
    this.#serde = serde
    this.request = whole.request
    this.timeoutMs = whole.timeoutMs
    this.patience = whole.patience
    this.call = whole.call ?? whole
    this.deadline = whole.deadline
  }

  /** Adds a read of the whole batch. */
  add(index: number, fill: Fill | undefined): void {
    this.#indexes.push(index)
    this.keys.push(this.#whole.keys[index]!)
    this.#fills.push(fill)
    if (fill !== undefined) this.keepsAny = true
  }

  routingKey(index: number): Key {
    return this.#whole.routingKey(this.#indexes[index]!)
  }

  isOpen(index: number): boolean {
    return this.#whole.isOpen(this.#indexes[index]!)
  }

  answer(index: number, reply: Reply): boolean {
    const at = this.#indexes[index]!
    const fill = this.#fills[index]
    if (fill === undefined) return this.#whole.answer(at, reply)
    const isAnswered = fill.note(reply, this.#serde, () => this.#whole.answer(at, reply))
    // Otherwise the detached operation takes note of it.
    if (isAnswered) this.#take(index)?.commit()
    return isAnswered
  }

  borrows(clientFlags: number): boolean {
    return this.#whole.borrows(clientFlags)
  }

  miss(index: number): void {
    const at = this.#indexes[index]!
    const fill = this.#take(index)
    if (fill === undefined) return this.#whole.miss(at)
    fill.note(MISS, this.#serde, () => this.#whole.miss(at))
    fill.commit()
  }

  fail(index: number, error: unknown): void {
    this.#take(index)?.giveUp()
    this.#whole.fail(this.#indexes[index]!, error)
  }

  detach(index: number): Operation {
    const operation = this.#whole.detach(this.#indexes[index]!)
    operation.deadline = this.deadline
    this.#take(index)?.watch(operation, this.#serde)
    return operation
  }

  describe(index: number): string {
    return this.#whole.describe(this.#indexes[index]!)
  }

  cancelReads(): void {
    this.holder?.cancelReads(this)
    for (const index of this.#fills.keys()) this.#take(index)?.giveUp()
  }

  /** Returns the fill that keeps the reply of a read, once. */
  #take(index: number): Fill | undefined {
    const fill = this.#fills[index]
    this.#fills[index] = undefined
    return fill
  }
}
