import { InvalidInputError } from './errors.ts'
import { checkOptions } from './known-options.ts'
import { flag } from './option-checks.ts'
import { showValue } from './show-value.ts'

/**
 * Time that an item lives. A number is whole seconds, 0 = never expires, of any length that ends before 2038.
 * A `Date` is a point in time: sent as the seconds until then, rounded up; one that has passed is an error.
 */
export type Ttl = number | Date

/** Time to live of an item that never expires: 0 seconds, with a name, for clients with the option `requireTtl`. */
export const FOREVER = 0

/** memcached takes a larger exptime for a point in time (`REALTIME_MAXDELTA`): 30 days, in seconds. */
export const MAX_RELATIVE_SECONDS: number = 60 * 60 * 24 * 30

/** memcached keeps an exptime as a signed 32-bit number. */
const EXPTIME_LIMIT = 2 ** 31

/**
 * Encodes a ttl as the exptime on the wire: seconds up to 30 days, an absolute unix time beyond.
 *
 * @param ttl - What the caller gave; anything but a usable `Ttl` is an `InvalidInputError`.
 * @param nowMs - The wall clock, in milliseconds since 1970.
 * @param option - What the error calls it.
 */
export function encodeExptime(ttl: Ttl, nowMs: number, option = 'ttl'): number {
  if (typeof ttl === 'number') return encodeSeconds(ttl, nowMs, option)
  const timeMs = timeOf(ttl)
  if (timeMs !== undefined) return encodeDate(timeMs, nowMs, option)
  throw new InvalidInputError(`${option} must be whole seconds (0 = never expires) or a Date, got ${showValue(ttl)}`)
}

function encodeSeconds(seconds: number, nowMs: number, option: string): number {
  // `+ 0` makes a 0 of -0.
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_RELATIVE_SECONDS) return seconds + 0
  if (!Number.isInteger(seconds) || seconds < 0) {
    throw new InvalidInputError(`${option} must be whole seconds, 0 (never expires) or more, got ${showValue(seconds)}`)
  }
  const exptime = Math.ceil(nowMs / 1000) + seconds
  if (exptime < EXPTIME_LIMIT) return exptime
  throw new InvalidInputError(
    `${option} ${seconds} ends after January 2038, which memcached cannot store; 0 never expires, a point in time is given as a Date`,
  )
}

function encodeDate(timeMs: number, nowMs: number, option: string): number {
  if (Number.isNaN(timeMs)) throw new InvalidInputError(`${option} is an invalid Date`)
  if (timeMs < nowMs) throw new InvalidInputError(`${option} ${showTime(timeMs)} has passed`)
  // Never 0: rounding must not make an item immortal.
  const seconds = Math.max(1, Math.ceil((timeMs - nowMs) / 1000))
  if (seconds <= MAX_RELATIVE_SECONDS) return seconds
  const exptime = Math.ceil(timeMs / 1000)
  if (exptime < EXPTIME_LIMIT) return exptime
  throw new InvalidInputError(`${option} ${showTime(timeMs)} is after January 2038, which memcached cannot store`)
}

/**
 * Returns the exptime of an item that may not live longer than `maxTtl` seconds. A negative one is left as it is: the item
 * expires at once.
 *
 * @param nowMs - The wall clock, in milliseconds since 1970.
 */
export function capExptime(exptime: number, maxTtl: number, nowMs: number): number {
  if (exptime < 0) return exptime
  const now = Math.floor(nowMs / 1000)
  const seconds = exptime > MAX_RELATIVE_SECONDS ? exptime - now : exptime
  if (exptime !== 0 && seconds <= maxTtl) return exptime
  return maxTtl > MAX_RELATIVE_SECONDS ? Math.min(now + maxTtl, EXPTIME_LIMIT - 1) : maxTtl
}

/** Whether a ttl is a point in time, and no longer ahead. */
export function hasPassed(ttl: Ttl | undefined, nowMs: number): boolean {
  const timeMs = timeOf(ttl)
  return timeMs !== undefined && timeMs <= nowMs
}

/** The time of a Date, of another realm (jest, `node:vm`) too, where `instanceof` fails; undefined for anything else. */
function timeOf(value: unknown): number | undefined {
  try {
    return Date.prototype.getTime.call(value as Date)
  } catch {
    return undefined
  }
}

function showTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

/** Returns an exptime that is some seconds later: beyond 30 days, a point in time. */
export function lengthen(exptime: number, graceSeconds: number, nowMs: number): number {
  const sum = exptime + graceSeconds
  if (exptime > MAX_RELATIVE_SECONDS || sum <= MAX_RELATIVE_SECONDS) return Math.min(sum, EXPTIME_LIMIT - 1)
  return Math.min(Math.ceil(nowMs / 1000) + sum, EXPTIME_LIMIT - 1)
}

/** Options of `ttlFromMs`. */
export interface TtlFromMsOptions {
  /**
   * Whether the item must live for the whole time: one second more. memcached's clock ticks once a second, so that an item
   * with a ttl of n seconds lives between n - 1 and n. For callers that check the time themselves. @defaultValue `false`
   */
  readonly atLeast?: boolean
}

/**
 * Returns the ttl for a time in milliseconds: whole seconds, rounded up, and never below 1, because a ttl of 0 never expires. A
 * time that is over already becomes 1 too: delete the item instead. `Infinity` gives 0.
 *
 * @throws `InvalidInputError` - `ms` is not a number, or NaN.
 *
 * @example
 * ```ts
 * await cache.set('session', data, { ttl: ttlFromMs(cookie.maxAge) }) // 1500 ms: 2 seconds
 * ```
 */
export function ttlFromMs(ms: number, options: TtlFromMsOptions = {}): number {
  checkOptions(options, ['atLeast'], 'ttlFromMs')
  if (typeof ms !== 'number' || Number.isNaN(ms)) {
    throw new InvalidInputError(`ttlFromMs takes a number of milliseconds, got ${showValue(ms)}`)
  }
  if (ms === Number.POSITIVE_INFINITY) return 0
  return Math.max(1, Math.ceil(ms / 1000)) + (flag('atLeast', options.atLeast, false) ? 1 : 0)
}
