import type { Operation } from '../../protocol/operation.ts'
import { DerivedReads } from '../../seam/derived-reads.ts'
import type { ReadBatch } from '../../seam/read-batch.ts'
import { dispatchReads } from '../../seam/reads.ts'
import { isPlaceholder } from '../item-copy.ts'
import type { WaitingRead } from './waiting-reads.ts'
import type { ZoneContext } from './zone-context.ts'
import { ZoneRead } from './zone-read.ts'

/**
 * The plain reads of one call: as one batch to the local zone. A read that the batch does not answer with a value goes on as a
 * read of its own.
 */
export class ZoneReads implements WaitingRead {
  since = 0
  previous: WaitingRead | undefined = undefined
  next: WaitingRead | undefined = undefined
  readonly #batch: ReadBatch
  readonly #context: ZoneContext
  #inner: DerivedReads | undefined

  constructor(batch: ReadBatch, context: ZoneContext) {
    this.#batch = batch
    this.#context = context
  }

  start(): void {
    const batch = this.#batch
    const { local, readOn, waiting } = this.#context
    local.reads += batch.keys.length
    const inner = new DerivedReads(batch, {
      derive: (outer) => this.#read(outer).derive(),
      passes: (reply) => !local.mayOwe && !isPlaceholder(reply),
      passesMisses: readOn === 'error',
    })
    this.#inner = inner
    this.since = performance.now()
    waiting.add(this)
    dispatchReads(local.executor, inner)
  }

  #read(outer: Operation): ZoneRead {
    return new ZoneRead(outer, this.#context.local, this.#context)
  }

  onLate(): void {
    const batch = this.#batch
    const late: Operation[] = []
    for (let index = 0; index < batch.keys.length; index++) {
      if (batch.isOpen(index)) late.push(batch.detach(index))
    }
    if (late.length === 0) return
    // The local zone is asked again: its answers to the batch have no reads to settle any more.
    this.#inner!.cancelReads()
    const deadline = this.#inner!.deadline || this.since + batch.timeoutMs
    for (const operation of late) {
      operation.deadline = deadline
      this.#read(operation).startLate()
    }
  }
}
