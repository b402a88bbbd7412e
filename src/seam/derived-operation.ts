import { type Holder, type Interpret, Operation } from '../protocol/operation.ts'
import type { Request } from '../protocol/request.ts'

/**
 * Holds the caller's operation while operations of a wrapper's own carry it out, one after the other: a late reply to one
 * that was given up cannot settle the caller's.
 */
export class DerivedOperation implements Holder {
  readonly outer: Operation
  #inner: Operation | undefined
  /** Ends the pause that the call is in. */
  #endPause: (() => void) | undefined
  #aborted = false

  constructor(outer: Operation) {
    this.outer = outer
    outer.holder = this
  }

  get server(): string {
    return this.#inner?.holder?.server ?? 'the cluster'
  }

  /**
   * Makes the next operation, within the caller's time.
   *
   * @param request - Left out: the caller's.
   * @param interpret - Left out: the caller's.
   */
  next(request: Request = this.outer.request, interpret: Interpret = this.outer.interpret): Operation {
    const { outer } = this
    const inner = copyOperation(outer, request, interpret, outer.timeoutMs)
    inner.deadline = outer.deadline
    this.#inner = inner
    return inner
  }

  /** Milliseconds that the caller's time still lasts. */
  get remainingMs(): number {
    const { outer } = this
    // No layer has started it: it failed before that.
    if (outer.deadline === 0) outer.deadline = performance.now() + outer.timeoutMs
    return outer.deadline - performance.now()
  }

  /** Takes over the deadline of the inner operation, which the executor that took it has started. */
  keepDeadline(inner: Operation): void {
    if (this.outer.deadline === 0) this.outer.deadline = inner.deadline
  }

  /**
   * Calls back later, unless the caller's operation is over by then.
   *
   * @param pauses - Holds what ends the pause now, as long as it lasts.
   */
  later(delayMs: number, pauses: Set<() => void>, callback: () => void): void {
    const hurry = (): void => {
      this.#endPause?.()
      if (!this.outer.settled) callback()
    }
    const timer = setTimeout(hurry, delayMs)
    pauses.add(hurry)
    this.#endPause = () => {
      clearTimeout(timer)
      pauses.delete(hurry)
    }
  }

  /** Whether the call was ended from outside. A failure after that is not tried anywhere else. */
  get aborted(): boolean {
    return this.#aborted
  }

  cancel(operation: Operation, reason: unknown): void {
    this.#aborted = true
    this.#endPause?.()
    const inner = this.#inner
    if (inner === undefined || inner.settled) operation.fail(reason)
    else inner.cancel(reason)
  }
}

/** Makes an operation for the same key and server as another, with time of its own. */
export function copyOperation(
  { key, callerKey, routingKey, homeOnly, zone, patience, quiet, awaitsBarrier }: Operation,
  request: Request,
  interpret: Interpret,
  timeoutMs: number,
): Operation {
  const copy = new Operation(request, key, callerKey, timeoutMs, interpret)
  copy.routingKey = routingKey
  copy.homeOnly = homeOnly
  copy.zone = zone
  copy.patience = patience
  copy.quiet = quiet
  copy.awaitsBarrier = awaitsBarrier
  return copy
}
