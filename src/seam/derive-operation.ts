import { Buffer } from 'node:buffer'
import { InvalidInputError } from '../errors.ts'
import type { Operation } from '../protocol/operation.ts'
import { isStore, type Request } from '../protocol/request.ts'
import { showValue } from '../show-value.ts'
import { copyOperation, DerivedOperation } from './derived-operation.ts'
import { callSafely, outcomeOf, whenSettled } from './observe.ts'
import type { OperationOutcome, Operation as PublicOperation } from './operation.ts'
import { operationOf, viewOf } from './operation-view.ts'

/**
 * Options of {@link deriveOperation}.
 *
 * @experimental
 */
export interface DeriveOptions {
  /** Time for the new operation, in milliseconds. @defaultValue what is left of the first one's time */
  readonly timeoutMs?: number
  /**
   * Called once with how the new operation ended. With this option the new operation settles nothing by itself: call
   * `settleFirst` to give the first operation the same result. Without it, the new operation settles the first.
   */
  readonly settled?: (outcome: OperationOutcome, settleFirst: () => void) => void
}

/**
 * Makes an operation that asks the same as another, for this cluster or a second one: to try again, to ask elsewhere, to
 * send a copy. Dispatch it like any other. An abort of the call ends it, unless the first operation is dispatched itself:
 * then it ends in its own time. With `settled` it has a copy of the bytes that it stores, because they belong to the caller
 * again once the first has settled.
 *
 * @throws `InvalidInputError` - the first operation has settled, or an option cannot be used.
 * @experimental
 */
export function deriveOperation(operation: PublicOperation, options: DeriveOptions = {}): PublicOperation {
  const first = operationOf(operation, 'deriveOperation')
  if (first.settled) throw new InvalidInputError(`${first.describe()} has settled: nothing can be derived of it`)
  const { timeoutMs, settled } = options
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new InvalidInputError(`timeoutMs must be a number of milliseconds above 0, got ${showValue(timeoutMs)}`)
  }
  if (settled !== undefined && typeof settled !== 'function') {
    throw new InvalidInputError(`settled must be a function, got ${showValue(settled)}`)
  }
  const derived = nextOf(first)
  const endsApart = settled !== undefined || !(first.holder instanceof DerivedOperation)
  if (endsApart) derived.request = withOwnBody(first.request)
  if (timeoutMs !== undefined) limitTime(derived, timeoutMs)
  if (settled === undefined) settleTogether(first, derived)
  else settleApart(first, derived, settled)
  return viewOf(derived)
}

function nextOf(first: Operation): Operation {
  const { holder } = first
  if (holder === undefined) return new DerivedOperation(first).next()
  if (holder instanceof DerivedOperation) return holder.next()
  const copy = copyOperation(first, first.request, first.interpret, first.timeoutMs)
  copy.deadline = first.deadline
  return copy
}

function limitTime(derived: Operation, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs
  if (derived.deadline === 0 || deadline < derived.deadline) derived.deadline = deadline
}

function settleTogether(first: Operation, derived: Operation): void {
  derived.resolve = (value) => first.succeedAs(derived, value)
  derived.reject = (reason) => first.fail(reason)
}

function settleApart(first: Operation, derived: Operation, settled: NonNullable<DeriveOptions['settled']>): void {
  whenSettled(
    derived,
    (value, present) =>
      callSafely(() => settled(outcomeOf(derived, value, present), () => first.succeedAs(derived, value))),
    (error) => {
      callSafely(() => settled({ error }, () => first.fail(error)))
      // The call is over, whatever the function has done.
      if (first.holder instanceof DerivedOperation && first.holder.aborted) first.fail(error)
    },
  )
}

function withOwnBody(request: Request): Request {
  return isStore(request) && typeof request.data !== 'string'
    ? { ...request, data: Buffer.from(request.data) }
    : request
}
