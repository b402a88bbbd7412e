import type { Holder } from '../protocol/operation.ts'
import type { Reply } from '../protocol/reply.ts'
import type { Executor } from './executor.ts'
import type { ReadBatch } from './read-batch.ts'

/** Hands a batch of reads to an executor; one without `dispatchReads` is given single operations. */
export function dispatchReads(executor: Executor, batch: ReadBatch): void {
  if (executor.dispatchReads === undefined) detachAll(batch, executor)
  else executor.dispatchReads(batch)
}

/** Carries out a batch of reads as single operations. */
export function detachAll(batch: ReadBatch, executor: Executor): void {
  const { length } = batch.keys
  // A batch that is given up meanwhile has no open reads.
  for (let index = 0; index < length; index++) if (batch.isOpen(index)) executor.dispatch(batch.detach(index))
}

/**
 * Settles a read of a batch by the value that was found.
 *
 * @param holder - Names the server that answered.
 */
export function answerRead(batch: ReadBatch, index: number, reply: Reply, holder: Holder): void {
  if (batch.answer(index, reply)) return
  const operation = batch.detach(index)
  operation.holder = holder
  operation.settle(reply)
}
