import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** memcached keeps points in time as signed 32-bit numbers: nothing ends later than in January 2038. */
const LAST_MS = 2 ** 31 * 1000

/**
 * Returns the ttl of an item that must not be read for much longer than so many milliseconds: whole seconds, rounded up, 1 or
 * more. memcached counts in ticks of a second, so an item with a ttl of n lives between n - 1 and n seconds.
 */
export function atMostSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(finite(milliseconds) / 1000))
}

/**
 * Returns the ttl of an item that must be there for so many milliseconds, because its host checks the time itself: one second
 * more. 0, for ever, where it would end after January 2038, which memcached cannot store.
 */
export function atLeastSeconds(milliseconds: number): number {
  if (milliseconds === Number.POSITIVE_INFINITY) return 0
  const seconds = atMostSeconds(milliseconds) + 1
  return Date.now() + seconds * 1000 < LAST_MS ? seconds : 0
}

function finite(milliseconds: number): number {
  if (Number.isFinite(milliseconds)) return milliseconds
  throw new InvalidInputError(`a time to live must be a number of milliseconds, got ${showValue(milliseconds)}`)
}
