import type { ReadRequest, RenewingReadRequest } from '../protocol/classic-request.ts'
import type { Key, WireKey } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import type { Patience } from '../protocol/patience.ts'
import type { Reply } from '../protocol/reply.ts'

/**
 * Many plain reads of one call as one object: one request, one deadline, one time, and a key for each index. Each index
 * is settled exactly once: by `answer`, `miss` or `fail`, or by the operation that `detach` gives. An executor that takes
 * a batch holds all of its reads: each is open, and nothing of it was written.
 */
export interface ReadBatch {
  /** The request of every read. */
  readonly request: ReadRequest | RenewingReadRequest
  /** The keys on the wire, by index. */
  readonly keys: readonly WireKey[]
  /** Serde that makes the values, as for single reads. */
  readonly madeBy?: object | undefined
  /** Time for every read, in milliseconds; may be Infinity. */
  readonly timeoutMs: number
  /** End of that time, on the monotonic clock; 0: not started. */
  deadline: number
  /** Time that the caller waits, where that may be shorter than `timeoutMs`. */
  readonly patience: Patience | undefined
  /** Identifies the call, where its reads may be several batches. */
  readonly call?: object
  /** Executor that holds the batch, and takes it back when the call is given up. */
  holder: ReadHolder | undefined
  /** Returns the key that decides which server a read goes to. */
  routingKey(index: number): Key
  /** Whether a read is neither settled nor detached. */
  isOpen(index: number): boolean
  /**
   * Settles a read by the value that was found, while the reply's bytes are valid.
   *
   * @returns false, with nothing done, when the reply needs an operation: settle the detached one by it. `answerRead`
   * does both.
   */
  answer(index: number, reply: Reply): boolean
  /** Whether values with these client flags are read without keeping their bytes. */
  borrows(clientFlags: number): boolean
  /** Settles a read as a miss. */
  miss(index: number): void
  /** Settles a read with a failure. */
  fail(index: number, error: unknown): void
  /** Makes the operation that carries out a read by itself and settles it: for another try, another server, another form. */
  detach(index: number): Operation
  /** Names a read in messages: `get "user:1"`. */
  describe(index: number): string
}

/** An executor that holds a batch. */
export interface ReadHolder {
  /** Takes a batch back whose call was given up. None of its reads is open any more. */
  cancelReads(batch: ReadBatch): void
}
