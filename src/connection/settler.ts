import { ValueTooLargeError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import { answerRead } from '../seam/reads.ts'
import type { HeldBodies } from './held-bodies.ts'
import type { ReadRun } from './read-run.ts'
import { isRun, type SentEntry } from './sent-queue.ts'

/** Limits of a settler. */
export interface SettlerInit {
  readonly server: string
  readonly maxValueBytes: number
}

/** Destination of a large data block: a buffer for the caller to keep, a reused one, or none. */
export type BlockUse = 'keep' | 'borrow' | 'skip'

/** Settles operations by their replies, and records whether a reply came in time. */
export class Settler {
  readonly #init: SettlerInit
  readonly #held: HeldBodies
  /** Whether a reply settled an operation that was still waiting, since this was last cleared. */
  answeredInTime = false

  constructor(init: SettlerInit, held: HeldBodies) {
    this.#init = init
    this.#held = held
  }

  /** Settles the operation by its reply; an operation that was given up stays unchanged. */
  settle(reply: Reply, operation: Operation): void {
    if (operation.settled) return
    this.answeredInTime = true
    if (reply.size > this.#init.maxValueBytes && (reply.type === 'VALUE' || reply.type === 'VA')) {
      operation.settlePassedOver(reply, this.#tooLarge(reply, operation))
    } else if (operation.bodyPending) this.#held.hold(operation, reply)
    else operation.settle(reply)
  }

  /** Settles the found read of a run, as `settle` does. */
  settleRead(reply: Reply, run: ReadRun): void {
    const { batch, found, holder } = run
    if (!batch.isOpen(found)) return
    this.answeredInTime = true
    if (reply.size <= this.#init.maxValueBytes) return answerRead(batch, found, reply, holder)
    const operation = run.detach(found)
    operation.settlePassedOver(reply, this.#tooLarge(reply, operation))
  }

  /** Settles the reads of a run without a value. */
  settleMisses(run: ReadRun): void {
    run.forEachOpen((index) => {
      this.answeredInTime = true
      run.batch.miss(index)
    })
  }

  /** Decides the use of a large data block for its owner, by the header of its reply. */
  useOfBlock(reply: Reply, owner: SentEntry): BlockUse {
    const isGivenUp = isRun(owner) ? !owner.batch.isOpen(owner.found) : owner.settled
    if (isGivenUp || reply.size > this.#init.maxValueBytes) return 'skip'
    const { clientFlags } = reply
    const borrows = isRun(owner) ? owner.batch.borrows(clientFlags) : owner.interpret.borrows?.(clientFlags) === true
    return borrows ? 'borrow' : 'keep'
  }

  #tooLarge(reply: Reply, operation: Operation): ValueTooLargeError {
    const { server, maxValueBytes } = this.#init
    const message = `${operation.describe()}: the value has ${reply.size} bytes, more than maxValueBytes (${maxValueBytes})`
    return new ValueTooLargeError(message, { server, delivery: 'answered' })
  }
}
