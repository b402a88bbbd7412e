import { ttlFromMs } from '../ttl.ts'

/** memcached keeps points in time as signed 32-bit numbers: nothing ends later than in January 2038. */
const LAST_MS = (2 ** 31 - 1) * 1000

/** Returns the ttl for an item that is not to be read for longer than so many milliseconds. 0: for ever. */
export function atMostSeconds(milliseconds: number): number {
  return withoutLast(ttlFromMs(milliseconds))
}

/** Returns the ttl for an item that must be there for so many milliseconds, because its host looks at the time. 0: for ever. */
export function atLeastSeconds(milliseconds: number): number {
  return withoutLast(ttlFromMs(milliseconds, { atLeast: true }))
}

/** Returns the seconds, or 0 where they would end later than memcached can store: such an item does not end. */
function withoutLast(seconds: number): number {
  return Date.now() + seconds * 1000 < LAST_MS ? seconds : 0
}
