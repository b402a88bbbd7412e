import { BatchError, type Delivery, MemcacheError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'

/** How much of a batch may be under way at a time, so that a batch alone never overloads a connection. */
export interface BatchWindow {
  readonly operations: number
  readonly bytes: number
}

/** What a batch came to. */
export interface BatchResults<K> {
  /** Results by position; positions of failed keys are left out. */
  readonly values: Map<number, unknown>
  /** The keys that failed, and why. */
  readonly failed: Map<K, unknown>
}

/**
 * Runs many operations as one call: fed in slices, one deadline, one promise. It settles when every operation has;
 * only an abort ends it earlier.
 */
export class Batch<K> {
  readonly #keys: readonly K[]
  readonly #operations: readonly Operation[]
  readonly #dispatch: (operation: Operation) => void
  readonly #window: BatchWindow
  readonly failed: Map<K, unknown> = new Map()
  #next = 0
  #underWay = 0
  #bytesUnderWay = 0
  #feeding = false
  #finish: () => void = () => undefined

  /** @param keys - The caller's key of each operation. */
  constructor(keys: readonly K[], operations: readonly Operation[], window: BatchWindow, dispatch: (operation: Operation) => void) {
    this.#keys = keys
    this.#operations = operations
    this.#window = window
    this.#dispatch = dispatch
  }

  /**
   * Runs it.
   *
   * @param onResult - Called with the result of each operation that did not fail.
   */
  run(onResult: (value: unknown, operation: Operation) => void, signal: AbortSignal | undefined): Promise<void> {
    const start = performance.now()
    for (let index = 0; index < this.#operations.length; index++) {
      const operation = this.#operations[index]!
      operation.index = index
      operation.deadline = start + operation.timeoutMs
      operation.resolve = (value) => {
        onResult(value, operation)
        this.#settled(operation)
      }
      operation.reject = (reason) => {
        this.failed.set(this.#keys[index]!, reason)
        this.#settled(operation)
      }
    }
    return new Promise((resolve, reject) => {
      this.#finish = resolve
      if (signal !== undefined) this.#abortWith(signal, resolve, reject)
      if (signal?.aborted !== true) this.#feed()
    })
  }

  #abortWith(signal: AbortSignal, resolve: () => void, reject: (reason: unknown) => void): void {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      reject(signal.reason)
      // What was not handed over yet never is.
      this.#next = this.#operations.length
      for (const operation of this.#operations) operation.cancel(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#finish = () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
  }

  #feed(): void {
    this.#feeding = true
    while (this.#next < this.#operations.length && this.#hasRoom()) {
      const operation = this.#operations[this.#next++]!
      this.#underWay++
      this.#bytesUnderWay += bodyBytes(operation)
      this.#dispatch(operation)
    }
    this.#feeding = false
    if (this.#underWay === 0 && this.#next === this.#operations.length) this.#finish()
  }

  #hasRoom(): boolean {
    // One operation always fits, however large its body.
    return this.#underWay === 0 || (this.#underWay < this.#window.operations && this.#bytesUnderWay < this.#window.bytes)
  }

  #settled(operation: Operation): void {
    this.#underWay--
    this.#bytesUnderWay -= bodyBytes(operation)
    // An operation that fails at once settles inside `#feed`, whose loop goes on by itself.
    if (!this.#feeding && (this.#underWay === 0 || this.#next < this.#operations.length)) this.#feed()
  }
}

function bodyBytes(operation: Operation): number {
  return 'bytes' in operation.request ? operation.request.bytes : 0
}

/** The error of a batch of which some keys failed; it carries the rest. */
export function batchError<K, V>(what: string, failed: Map<K, unknown>, total: number, found: Map<K, V>, done: K[]): BatchError<K, V> {
  const errors = [...failed.values()]
  const cause = errors[0]
  const server = cause instanceof MemcacheError ? cause.server : undefined
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new BatchError(
    `${what}: ${failed.size} of ${total} failed; the first: ${reason}`,
    { found, done, failed },
    { server, delivery: worstDelivery(errors), cause },
  )
}

/** May it be repeated? Only as safely as the most doubtful of its keys. */
function worstDelivery(errors: readonly unknown[]): Delivery {
  const deliveries = errors.map((error) => (error instanceof MemcacheError ? error.delivery : 'unknown'))
  if (deliveries.includes('unknown')) return 'unknown'
  return deliveries.includes('answered') ? 'answered' : 'not-sent'
}
