import { whenAborted } from '../abort-listener.ts'
import { BatchError, type Delivery, MemcacheError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { Key } from '../protocol/key.ts'
import type { Operation } from '../protocol/operation.ts'
import { Patience } from '../protocol/patience.ts'
import type { Dispatcher } from './dispatcher.ts'
import { inSlices, MAX_SLICE, type Slices } from './slices.ts'

/** Limits of what a batch may have under way at a time, so that a batch alone never overloads a connection. */
export interface BatchWindow {
  readonly operations: number
  readonly bytes: number
}

/** At most this many operations of one batch are under way. */
const MAX_WINDOW = 10_000

/** Limits of what may wait on a connection, and for a server. */
export interface PendingLimits {
  readonly maxPending: number
  readonly maxInFlight: number | undefined
  readonly maxPendingBytes: number
}

/** Half of what a connection and a server take, so that a batch leaves room for other calls. */
export function batchWindow(limits: PendingLimits): BatchWindow {
  const { operations, bytes } = halfOf(limits)
  return { operations: Math.min(MAX_WINDOW, operations), bytes }
}

/** Returns the window of a batch that leaves in one turn: without answers, what is under way is not known. */
export function quietWindow(limits: PendingLimits): BatchWindow {
  return halfOf(limits)
}

function halfOf({ maxPending, maxInFlight = maxPending, maxPendingBytes }: PendingLimits): BatchWindow {
  return { operations: Math.max(1, Math.min(maxPending, maxInFlight) >> 1), bytes: Math.max(1, maxPendingBytes >> 1) }
}

/** Target of the operations of a batch. */
export interface BatchTarget {
  dispatch(operation: Operation): void
  /** Keeps a place for an operation that is dispatched later. */
  reserve(operation: Operation): void
}

/**
 * Runs many operations as one call: fed in slices, one deadline, one promise, which settles when every operation has;
 * only an abort ends it earlier.
 */
export class Batch {
  readonly #operations: readonly Operation[]
  readonly #target: BatchTarget
  readonly #window: BatchWindow
  /** The caller's keys that failed, and why. */
  readonly failed: Map<Key, unknown> = new Map()
  #next = 0
  #underWay = 0
  #bytesUnderWay = 0
  /** Bytes that each operation under way counts with: its body may be compressed, or stored in chunks, meanwhile. */
  readonly #bytes: number[] = []
  #feeding = false
  #aborted = false
  #finish: () => void = () => undefined
  #onResult: (value: unknown, operation: Operation) => void = () => undefined
  #isReserved = false
  #hasRun = false

  constructor(operations: readonly Operation[], window: BatchWindow, target: BatchTarget) {
    this.#operations = operations
    this.#window = window
    this.#target = target
  }

  /**
   * Keeps places for all operations of a batch that is larger than a slice and than its window, before it runs: the
   * places for what is left after the first window would be too many for one turn of the event loop.
   */
  *reservePlaces(): Slices {
    const operations = this.#operations
    if (operations.length <= MAX_SLICE || fitsWindow(operations, this.#window)) return
    this.#isReserved = true
    yield* inSlices(operations.length, (from, end) => {
      for (let index = from; index < end; index++) {
        this.#bind(operations[index]!, index)
        this.#target.reserve(operations[index]!)
      }
    })
  }

  /** Gives up the places of a batch that will not run. One that has run does so by itself. */
  abandon(reason: unknown): void {
    if (this.#hasRun) return
    for (const operation of this.#operations) operation.cancel(reason)
  }

  /**
   * Runs it.
   *
   * @param onResult - Called with the result of each operation that did not fail.
   * @param keepsOrder - Later calls for its keys are carried out after it. Reads do without: of a key that is not asked
   * for yet they may see what a later call wrote.
   * @param startedAt - When the time of the call began.
   */
  run(
    onResult: (value: unknown, operation: Operation) => void,
    signal: AbortSignal | undefined,
    keepsOrder = true,
    startedAt: number = performance.now(),
  ): Promise<void> {
    this.#hasRun = true
    this.#onResult = onResult
    for (let index = 0; index < this.#operations.length; index++) {
      const operation = this.#operations[index]!
      if (!this.#isReserved) this.#bind(operation, index)
      operation.deadline = startedAt + operation.timeoutMs
    }
    return new Promise((resolve, reject) => {
      this.#finish = resolve
      // An error that it throws rejects, and nothing is handed over.
      if (signal !== undefined) this.#abortWith(signal, resolve, reject)
      this.#feed()
      if (keepsOrder && !this.#isReserved) this.#reserveRest()
    })
  }

  #bind(operation: Operation, index: number): void {
    operation.index = index
    operation.resolve = this.#resolveOne
    operation.reject = this.#rejectOne
  }

  // Two functions for all operations, not two for each: the second argument says which one it is.
  readonly #resolveOne = (value: unknown, operation: Operation): void => {
    if (value instanceof Promise) return this.#follow(value, operation)
    this.#onResult(value, operation)
    this.#settled(operation)
  }

  readonly #rejectOne = (reason: unknown, operation: Operation): void => {
    this.failed.set(operation.callerKey, reason)
    this.#settled(operation)
  }

  /** The reply was not all of it: a value is being decompressed, or something had to be asked or put right first. */
  #follow(result: Promise<unknown>, operation: Operation): void {
    // Through `operation.reject`, which a middleware may have wrapped to see the failure.
    const { reject } = operation
    result.then(
      (value) => this.#resolveOne(value, operation),
      (reason: unknown) => reject(reason, operation),
    )
  }

  #abortWith(signal: AbortSignal, resolve: () => void, reject: (reason: unknown) => void): void {
    signal.throwIfAborted()
    const patience = new Patience(performance.now())
    for (const operation of this.#operations) operation.patience = patience
    const onAbort = (): void => {
      patience.leave(performance.now())
      reject(signal.reason)
      // Operations that were not handed over yet never are.
      this.#aborted = true
      for (const operation of this.#operations) operation.cancel(signal.reason)
    }
    const leave = whenAborted(signal, onAbort)
    this.#finish = () => {
      leave()
      resolve()
    }
  }

  /** Commands for a key stay in the order of the calls: the later ones wait for what is not dispatched yet. */
  #reserveRest(): void {
    for (let index = this.#next; index < this.#operations.length; index++) {
      this.#target.reserve(this.#operations[index]!)
    }
  }

  #feed(): void {
    if (this.#aborted) return
    this.#feeding = true
    while (this.#next < this.#operations.length && this.#hasRoom()) this.#start(this.#operations[this.#next++]!)
    this.#feeding = false
    if (this.#underWay === 0 && this.#next === this.#operations.length) this.#finish()
  }

  #start(operation: Operation): void {
    // Ended where its place was kept: the client is destroyed.
    if (operation.settled) return
    this.#underWay++
    this.#bytes[operation.index] = operation.bodyBytes
    this.#bytesUnderWay += operation.bodyBytes
    this.#target.dispatch(operation)
  }

  #hasRoom(): boolean {
    // One operation always fits, however large its body.
    return (
      this.#underWay === 0 || (this.#underWay < this.#window.operations && this.#bytesUnderWay < this.#window.bytes)
    )
  }

  #settled(operation: Operation): void {
    // Not handed over yet.
    if (operation.index >= this.#next) return
    this.#underWay--
    this.#bytesUnderWay -= this.#bytes[operation.index]!
    if (this.#underWay > 0 && this.#next === this.#operations.length) return
    // An operation that fails at once settles inside `#feed`, whose loop goes on by itself.
    if (!this.#feeding && (this.#underWay === 0 || this.#next < this.#operations.length)) this.#feed()
  }
}

/** Whether all of the operations may be under way at a time; one always may. */
export function fitsWindow(operations: readonly Operation[], window: BatchWindow): boolean {
  const bytes = operations.reduce((sum, operation) => sum + operation.bodyBytes, 0)
  return operations.length === 1 || (operations.length <= window.operations && bytes <= window.bytes)
}

/** A batch to be prepared and run. */
export interface BatchRun {
  /** Number of keys that the caller gave. */
  readonly given: number
  /** Makes the operations, and fails the call where something is wrong with it. */
  readonly preparation: Slices
  /** Makes the batch, once, when its operations are there. */
  readonly create: () => Batch
  readonly onResult: (value: unknown, operation: Operation) => void
  readonly signal: AbortSignal | undefined
}

/** Prepares a batch, in slices if it is large, and runs it; gives it when all of its operations have settled. */
export async function runBatch(dispatcher: Pick<Dispatcher, 'startBatch'>, run: BatchRun): Promise<Batch> {
  const { given, preparation, create, onResult, signal } = run
  let batch: Batch | undefined
  const created = (): Batch => (batch ??= create())
  try {
    await dispatcher.startBatch(given, preparation, signal, {
      prepare: () => created().reservePlaces(),
      dispatch: (startedAt) => created().run(onResult, signal, true, startedAt),
    })
  } catch (error) {
    batch?.abandon(error)
    throw error
  }
  return created()
}

/** The error of a batch of which some keys failed; it carries the rest. The first word of `what` is its command. */
export function batchError<K, V>(
  what: string,
  failed: Map<K, unknown>,
  total: number,
  found: Map<K, V>,
  done: K[],
): BatchError<K, V> {
  const errors = [...failed.values()]
  const cause = errors[0]
  const server = cause instanceof MemcacheError ? cause.server : undefined
  const reason = messageOf(cause)
  return new BatchError(
    `${what}: ${failed.size} of ${total} failed; the first: ${reason}`,
    { found, done, failed },
    { server, delivery: worstDelivery(errors), cause, command: what.split(' ', 1)[0] },
  )
}

/** May it be repeated? Only as safely as the most doubtful of its keys. */
function worstDelivery(errors: readonly unknown[]): Delivery {
  const deliveries = errors.map((error) => (error instanceof MemcacheError ? error.delivery : 'unknown'))
  if (deliveries.includes('unknown')) return 'unknown'
  return deliveries.includes('answered') ? 'answered' : 'not-sent'
}
