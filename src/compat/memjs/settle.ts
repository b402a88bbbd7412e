import type { MemjsCallback } from './api.ts'

/** Arguments of a callback. */
export interface CallbackValues<T> {
  /** Besides null. */
  readonly done: (value: T) => readonly unknown[]
  /** Besides the error: so many nulls. */
  readonly failed: number
}

/**
 * Gives the outcome of a call as the caller wants it: a promise, or one call of the callback, by itself. A callback that is
 * null gets nothing. An error that a callback throws is an uncaught exception, and reaches no other call.
 */
export function settle<T>(
  outcome: Promise<T>,
  callback: MemjsCallback | null | undefined,
  { done, failed }: CallbackValues<T>,
): Promise<T> | undefined {
  if (!isWanted(callback)) return outcome
  outcome.then(
    (value) => process.nextTick(callBack, callback, null, done(value)),
    (error: unknown) =>
      process.nextTick(
        callBack,
        callback,
        error,
        Array.from({ length: failed }, () => null),
      ),
  )
  return undefined
}

/** Whether a caller gets its outcome by a callback: what is neither a function nor null is none, as `set` has it. */
export function isWanted(callback: unknown): callback is MemjsCallback | null {
  return typeof callback === 'function' || callback === null
}

function callBack(callback: MemjsCallback | null, error: Error | null, values: readonly unknown[]): void {
  callback?.(error, ...values)
}
