import { ConnectError, MemcacheError, TimeoutError } from '../errors.ts'
import type { Holder, Operation } from '../protocol/operation.ts'
import type { Executor } from '../seam/executor.ts'

/** Holds commands until the first list of servers arrives, each within its own time. */
export class WaitingRoom implements Holder {
  readonly server = 'the cluster'
  readonly #waiting: Map<Operation, NodeJS.Timeout | undefined> = new Map()
  readonly #lastError: () => unknown

  /** @param lastError - Returns the reason for the missing list, if the source gives one. */
  constructor(lastError: () => unknown) {
    this.#lastError = lastError
  }

  hold(operation: Operation): void {
    if (operation.deadline === 0) operation.deadline = performance.now() + operation.timeoutMs
    operation.holder = this
    this.#waiting.set(operation, this.#startTimer(operation))
  }

  #startTimer(operation: Operation): NodeJS.Timeout | undefined {
    if (operation.deadline === Number.POSITIVE_INFINITY) return undefined
    const expire = (): void => {
      this.#waiting.delete(operation)
      operation.fail(this.#timeoutError(operation))
    }
    return setTimeout(expire, Math.max(0, operation.deadline - performance.now()))
  }

  #timeoutError(operation: Operation): TimeoutError {
    const cause = this.#lastError()
    const why = cause instanceof Error ? ` (${cause.message})` : ''
    const message = `${operation.describe()} timed out after ${operation.timeoutMs} ms, waiting for the list of servers${why}`
    return new TimeoutError(message, { delivery: 'not-sent', cause })
  }

  cancel(operation: Operation, reason: unknown): void {
    clearTimeout(this.#waiting.get(operation))
    this.#waiting.delete(operation)
    operation.fail(reason)
  }

  /** Dispatches all commands in the order in which they came: the list is known. */
  release(to: Executor): void {
    for (const operation of this.#takeAll()) {
      if (operation.settled) continue
      operation.holder = undefined
      to.dispatch(operation)
    }
  }

  /** Fails all commands: there will be no list. */
  fail(error: MemcacheError): void {
    for (const operation of this.#takeAll()) operation.fail(error)
  }

  #takeAll(): Operation[] {
    const operations = [...this.#waiting.keys()]
    for (const timer of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
    return operations
  }
}

/** Returns the error for a source of servers that failed. */
export function sourceError(cause: unknown): MemcacheError {
  if (cause instanceof MemcacheError) return cause
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ConnectError(`the list of servers could not be had: ${why}`, { cause })
}
