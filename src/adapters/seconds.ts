import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'

/** memcached keeps points in time as signed 32-bit numbers: nothing ends later than in January 2038. */
const LAST_MS = 2 ** 31 * 1000

/**
 * Returns the ttl of an item that is not to be read for longer than so many milliseconds: whole seconds, rounded up, 1 or more;
 * 0, for ever, where it would end after January 2038. memcached counts in ticks of a second, so an item with a ttl of n lives
 * between n - 1 and n seconds.
 */
export function atMostSeconds(milliseconds: number): number {
  return wholeSeconds(milliseconds, 0)
}

/**
 * Returns the ttl of an item that must be there for so many milliseconds, because its host looks at the time itself: as
 * {@link atMostSeconds}, and one second more.
 */
export function atLeastSeconds(milliseconds: number): number {
  return wholeSeconds(milliseconds, 1)
}

function wholeSeconds(milliseconds: number, more: number): number {
  if (typeof milliseconds !== 'number' || Number.isNaN(milliseconds))
    throw new InvalidInputError(`a time to live must be a number of milliseconds, got ${showValue(milliseconds)}`)
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000)) + more
  return Date.now() + seconds * 1000 < LAST_MS - 1000 ? seconds : 0
}
