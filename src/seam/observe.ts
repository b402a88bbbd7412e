import { InvalidInputError } from '../errors.ts'
import type { Interpret, Operation } from '../protocol/operation.ts'
import type { Outcome } from '../protocol/reply.ts'
import { showValue } from '../show-value.ts'
import { throwLater } from '../throw-later.ts'
import type { OperationOutcome, OperationResult, Operation as PublicOperation } from './operation.ts'
import { operationOf } from './operation-view.ts'

type Present = Interpret['present']

/**
 * Watches how an operation ends: `settled` is called once, before its caller learns the result and after everything that
 * follows a reply (decompression, a second look at an empty item). Call this before the operation is handed on. A function
 * that throws does not touch the operation; the error is an uncaught exception.
 *
 * @experimental
 */
export function observe(operation: PublicOperation, settled: (outcome: OperationOutcome) => void): void {
  if (typeof settled !== 'function') {
    throw new InvalidInputError(`observe() takes a function, got ${showValue(settled)}`)
  }
  const inner = operationOf(operation, 'observe')
  const { resolve, reject } = inner
  whenSettled(
    inner,
    (value, present) => {
      callSafely(() => settled(outcomeOf(inner, value, present)))
      resolve(value, inner)
    },
    (error) => {
      callSafely(() => settled({ error }))
      reject(error, inner)
    },
  )
}

/**
 * Calls `succeeded` or `failed` once the operation has its final result; waits while the result is a promise.
 *
 * @param succeeded - Called with the operation's `present` as well, which the operation may have forgotten by then.
 */
export function whenSettled(
  operation: Operation,
  succeeded: (value: unknown, present: Present) => void,
  failed: (reason: unknown) => void,
): void {
  operation.reject = failed
  operation.resolve = (value) => {
    const { present } = operation.interpret
    if (value instanceof Promise) void value.then((final: unknown) => succeeded(final, present), failed)
    else succeeded(value, present)
  }
}

/** Returns the outcome that a caller's function is shown. */
export function outcomeOf(operation: Operation, value: unknown, present: Present): OperationOutcome {
  const { outcome, quiet } = operation
  const result = outcome === undefined ? (quiet ? 'sent' : 'done') : RESULTS[outcome]
  return { result, value: present === undefined ? value : present(value) }
}

const RESULTS: Readonly<Record<Outcome, OperationResult>> = {
  hit: 'hit',
  miss: 'miss',
  stored: 'stored',
  notStored: 'notStored',
  exists: 'exists',
  notFound: 'notFound',
  deleted: 'deleted',
  touched: 'touched',
  number: 'number',
  done: 'done',
  version: 'done',
  pong: 'done',
}

/** Calls a function of the caller's. Its error is thrown again later, so as not to interrupt a connection's work. */
export function callSafely(call: () => void): void {
  try {
    call()
  } catch (error) {
    throwLater(error)
  }
}
