import { refused } from '../option-checks.ts'

/**
 * Treatment of commands that fail, because the server is down, too slow, or refuses.
 *
 * - `throw`: the call rejects.
 * - `missReads`: a read that fails is a miss.
 * - `miss`: a write that fails is `false` as well, a counter `undefined`.
 *
 * Bad input, `cas`, `pop` and `update` always reject. An absorbed failure is reported as a `commandError` event.
 */
export type Failures = 'throw' | 'missReads' | 'miss'

/** Checks the option `failures` of a client or of a call. */
export function checkFailures(failures: Failures): Failures {
  if (failures === 'throw' || failures === 'missReads' || failures === 'miss') return failures
  throw refused('failures', "'throw', 'missReads' or 'miss'", failures)
}
