import { Buffer } from 'node:buffer'
import { encodeKeyBytes, type Key, type WireKey } from '../../src/protocol/key.ts'
import { describeRequest, type Interpret, Operation } from '../../src/protocol/operation.ts'
import type { Patience } from '../../src/protocol/patience.ts'
import type { Reply } from '../../src/protocol/reply.ts'
import { GET } from '../../src/protocol/request.ts'
import type { ReadBatch, ReadHolder } from '../../src/seam/read-batch.ts'

/** How a batch of a test is made. */
export interface RecordedReadsOptions {
  readonly request?: ReadBatch['request']
  readonly timeoutMs?: number
  readonly patience?: Patience
  /** Every reply needs an operation. */
  readonly indirect?: boolean
}

/** The text of a hit with its cas number where it has one; what came of anything else. */
export const readText: Interpret = (reply) => {
  if (reply.outcome !== 'hit') return reply.outcome
  const text = reply.bytes.toString('utf8', reply.start, reply.end)
  return reply.cas() === 0n ? text : `${text} with a cas number`
}

/** A batch that takes note of what becomes of each read. */
export class RecordedReads implements ReadBatch {
  readonly request: ReadBatch['request']
  readonly keys: readonly WireKey[]
  readonly timeoutMs: number
  readonly patience: Patience | undefined
  deadline: number
  holder: ReadHolder | undefined = undefined
  /** What came of each read, or how often it was settled when that was not once. */
  readonly outcomes: unknown[]
  /** Operations that were asked for, by index. */
  readonly detached: Map<number, Operation> = new Map()
  /** Settles when every read has. */
  readonly settled: Promise<readonly unknown[]>
  readonly #callerKeys: readonly Key[]
  readonly #indirect: boolean
  readonly #isOpen: boolean[]
  readonly #times: number[]
  #left: number
  #finish: () => void = () => undefined

  constructor(keys: readonly Key[], options: RecordedReadsOptions = {}) {
    this.#callerKeys = keys
    this.request = options.request ?? GET
    this.keys = keys.map((key) => encodeKeyBytes(Buffer.from(key)))
    this.timeoutMs = options.timeoutMs ?? 5000
    this.patience = options.patience
    this.deadline = performance.now() + this.timeoutMs
    this.#indirect = options.indirect === true
    this.#isOpen = keys.map(() => true)
    this.#times = keys.map(() => 0)
    this.#left = keys.length
    this.outcomes = keys.map(() => 'pending')
    this.settled = new Promise((resolve) => {
      this.#finish = () => resolve(this.outcomes)
    })
  }

  /** The call is given up. */
  cancel(reason: unknown): void {
    this.#isOpen.fill(false)
    this.holder?.cancelReads(this)
    for (const operation of this.detached.values()) operation.cancel(reason)
  }

  routingKey(index: number): Key {
    return this.#callerKeys[index]!
  }

  isOpen(index: number): boolean {
    return this.#isOpen[index]!
  }

  answer(index: number, reply: Reply): boolean {
    if (this.#indirect) return false
    this.#settle(index, readText(reply, this.#operation(index)))
    return true
  }

  borrows(): boolean {
    return true
  }

  miss(index: number): void {
    this.#settle(index, 'miss')
  }

  fail(index: number, error: unknown): void {
    this.#settle(index, error)
  }

  detach(index: number): Operation {
    if (!this.isOpen(index)) throw new Error(`${this.describe(index)} is not open, and is to be detached`)
    const operation = this.#operation(index)
    operation.deadline = this.deadline
    operation.patience = this.patience
    operation.resolve = (value) => this.#settle(index, value)
    operation.reject = (reason) => this.#settle(index, reason)
    this.#isOpen[index] = false
    this.detached.set(index, operation)
    return operation
  }

  describe(index: number): string {
    return describeRequest(this.request, this.#callerKeys[index]!)
  }

  #operation(index: number): Operation {
    return new Operation(this.request, this.keys[index]!, this.#callerKeys[index]!, this.timeoutMs, readText)
  }

  #settle(index: number, outcome: unknown): void {
    this.#isOpen[index] = false
    this.#times[index]!++
    this.outcomes[index] = this.#times[index] === 1 ? outcome : `settled ${this.#times[index]} times`
    if (--this.#left === 0) this.#finish()
  }
}
