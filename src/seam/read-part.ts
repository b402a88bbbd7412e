import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation, OperationWatch } from '../protocol/operation.ts'
import type { Patience } from '../protocol/patience.ts'
import type { Reply } from '../protocol/reply.ts'
import type { ReadBatch, ReadHolder } from './read-batch.ts'

/** Reads of a batch that go the same way: to one server, or over one connection. */
export class ReadPart implements ReadBatch, OperationWatch {
  readonly request: ReadBatch['request']
  readonly timeoutMs: number
  readonly patience: Patience | undefined
  readonly keys: WireKey[] = []
  readonly madeBy: object | undefined
  readonly call: object
  /** Deadline of this part alone: a connection that adds the time of a long turn does not add it for other servers. */
  deadline: number
  holder: ReadHolder | undefined = undefined
  /** Called when every read of the part has settled. Set before the part is dispatched. */
  onSettled: (() => void) | undefined = undefined
  #settled = 0
  readonly #whole: ReadBatch
  /** Index in the whole batch, for each read of the part. */
  readonly #indexes: number[] = []

  constructor(whole: ReadBatch) {
    this.#whole = whole
    this.request = whole.request
    this.timeoutMs = whole.timeoutMs
    this.patience = whole.patience
    this.madeBy = whole.madeBy
    this.call = whole.call ?? whole
    this.deadline = whole.deadline
  }

  /** Adds a read of the whole batch. */
  add(index: number): void {
    this.#indexes.push(index)
    this.keys.push(this.#whole.keys[index]!)
  }

  routingKey(index: number): Key {
    return this.#whole.routingKey(this.#indexes[index]!)
  }

  isOpen(index: number): boolean {
    return this.#whole.isOpen(this.#indexes[index]!)
  }

  answer(index: number, reply: Reply): boolean {
    const isSettled = this.#whole.answer(this.#indexes[index]!, reply)
    if (isSettled && this.onSettled !== undefined) this.settled()
    return isSettled
  }

  borrows(clientFlags: number): boolean {
    return this.#whole.borrows(clientFlags)
  }

  miss(index: number): void {
    this.#whole.miss(this.#indexes[index]!)
    if (this.onSettled !== undefined) this.settled()
  }

  fail(index: number, error: unknown): void {
    this.#whole.fail(this.#indexes[index]!, error)
    if (this.onSettled !== undefined) this.settled()
  }

  detach(index: number): Operation {
    const operation = this.#whole.detach(this.#indexes[index]!)
    operation.deadline = this.deadline
    if (this.onSettled !== undefined) operation.watch = this
    return operation
  }

  describe(index: number): string {
    return this.#whole.describe(this.#indexes[index]!)
  }

  /** Counts a read that has settled. */
  settled(): void {
    if (++this.#settled === this.keys.length) this.onSettled?.()
  }
}

/** A batch that was divided, and its parts. */
class DividedReads<T> implements ReadHolder {
  readonly parts: Map<T, ReadPart> = new Map()

  cancelReads(): void {
    for (const part of this.parts.values()) part.holder?.cancelReads(part)
  }
}

/**
 * Divides the reads of a batch by where they go.
 *
 * @param choose - Returns where a read goes; undefined: it is left over.
 * @returns a batch for each of these, and the indexes that are left over.
 */
export function divideReads<T>(
  batch: ReadBatch,
  choose: (index: number) => T | undefined,
): { readonly parts: ReadonlyMap<T, ReadBatch>; readonly rest: readonly number[] } {
  const divided = new DividedReads<T>()
  const { parts } = divided
  const rest: number[] = []
  const { length } = batch.keys
  for (let index = 0; index < length; index++) {
    const chosen = choose(index)
    if (chosen === undefined) rest.push(index)
    else partFor(parts, chosen, batch).add(index)
  }
  // All reads go to the same place: hand on the batch itself.
  if (parts.size === 1 && rest.length === 0) return { parts: new Map([[[...parts.keys()][0]!, batch]]), rest }
  batch.holder = divided
  return { parts, rest }
}

function partFor<T>(parts: Map<T, ReadPart>, chosen: T, batch: ReadBatch): ReadPart {
  const known = parts.get(chosen)
  if (known !== undefined) return known
  const part = new ReadPart(batch)
  parts.set(chosen, part)
  return part
}
