import { InvalidInputError } from '../errors.ts'
import type { Executor, Middleware } from '../seam/operation.ts'
import { toInner, toMiddleware, viewOf } from '../seam/operation-view.ts'
import { showValue } from '../show-value.ts'
import { type FallbackOptions, withFallback } from './fallback.ts'
import { type RetryOptions, withRetry } from './retry.ts'

/**
 * Tries commands again that failed, within their own time. Never one that may have been carried out, unless carrying it
 * out twice is the same as once (reads, `set`, `touch`); what was certainly not sent is always safe to repeat. When all
 * attempts fail the call gives the last failure, or the last of those that may have been carried out if any may.
 *
 * Reads that may win the right to load a value (those of `getOrSet` and `getOrSetMany`, `has`, `inspect`, and reads of
 * `MetaClient`) are repeated after an error line, which carried no win token, and not where the reply is unknown. Writes
 * other than `set` and `touch` are not repeated after an error line: a proxy answers `SERVER_ERROR` also where the server
 * behind it has carried out the command. A token that such a server handed out is lost as if the process that won it had
 * died: the next load waits for the lease to end.
 */
export function retry(options: RetryOptions = {}): Middleware {
  return toMiddleware(withRetry(options))
}

/**
 * Looks up what a cluster does not have in older ones, in their order: for changing over from one to another. Writes go
 * to the first cluster; `delete` and `invalidate` to all of them, or else the old value would come back. A failure of an
 * older cluster counts as a miss, so that it can be switched off first.
 *
 * A read with a cas number copies the item to the first cluster whatever `refill` says, because its number is of use
 * there only.
 *
 * @param older - What to ask, one after the other.
 */
export function fallback(older: readonly Executor[], options: FallbackOptions = {}): Middleware {
  if (!Array.isArray(older))
    throw new InvalidInputError(`fallback() takes a list of executors, got ${showValue(older)}`)
  const layer = withFallback(older.map(toInner), options, (error, operation) =>
    options.onError?.(error, viewOf(operation)),
  )
  return toMiddleware(layer)
}
