import { BatchError, MemcacheError } from '../errors.ts'
import type { Key } from '../protocol/key.ts'
import { rejectThrown } from './dispatcher.ts'

/** Reports a failure of a quiet write, about these keys of the caller's. */
export type ReportQuiet = (error: MemcacheError, keys: readonly Key[]) => void

/**
 * Makes a quiet write, whose promise need not be awaited: its rejection counts as handled, so that it never ends the process,
 * and is reported. Awaited, the promise rejects all the same.
 *
 * @param keys - The keys of the call, as far as they are known; a `BatchError` brings its own.
 */
export function unawaited(report: ReportQuiet, keys: readonly Key[], write: () => Promise<void>): Promise<void> {
  const written = rejectThrown(write)
  written.catch((reason: unknown) => {
    // An abort is the caller's own doing, and no error of ours.
    if (reason instanceof BatchError) report(reason, [...(reason.failed.keys() as Iterable<Key>)])
    else if (reason instanceof MemcacheError) report(reason, keys)
  })
  return written
}
