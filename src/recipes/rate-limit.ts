import { CounterCalls } from '../adapters/counter-calls.ts'
import { hostKey } from '../adapters/host-key.ts'
import { MAX_LIMIT, SlidingWindow } from '../adapters/sliding-window.ts'
import type { ClientAccess } from '../client/client-access.ts'
import { isAbsorbable } from '../client/dispatcher.ts'
import type { MemcacheError } from '../errors.ts'
import { checkOptions } from '../known-options.ts'
import { refused } from '../option-checks.ts'
import { MAX_RELATIVE_SECONDS } from '../ttl.ts'
import { checkName, type RecipeOwner, recipeAccessOf } from './owner.ts'

/** A limit of calls. Every call about a key gives the same one. */
export interface RateLimitRule {
  /** Most calls that are let through in a window: a whole number, 1 to 1,000,000,000. */
  readonly limit: number
  /** Length of the window, in whole seconds: 1 to 2,592,000 (30 days). */
  readonly windowSeconds: number
  /**
   * Outcome of a call that cannot be counted, because the cache fails: let through, or refused. There is no default. The client
   * reports the failure as a `commandError` event.
   */
  readonly onFailure: 'allow' | 'deny'
}

/** Outcome of a call of `rateLimit`. */
export interface RateLimitOutcome {
  /** Whether the call is let through. */
  readonly allowed: boolean
  /** Calls that were let through in the window and count now, this one included if it was: at most `limit`. 0 if `degraded`. */
  readonly used: number
  /**
   * Whole seconds, rounded up, until one more call would be let through, if none is before: for a header `Retry-After`. 0: at
   * once, or not known (`degraded`).
   */
  readonly resetSeconds: number
  /** Whether the cache failed: `allowed` is what `onFailure` says, and the call may or may not be counted. */
  readonly degraded: boolean
}

const OPTIONS: readonly (keyof RateLimitRule)[] = ['limit', 'windowSeconds', 'onFailure']

/** In front of every key: a promise of the data format. */
const PREFIX = 'rate:'

/** The counters of a client or of a namespace. */
interface Limiter {
  readonly access: ClientAccess
  readonly calls: CounterCalls
  readonly window: SlidingWindow
}

const limiters: WeakMap<object, Limiter> = new WeakMap()

/**
 * Counts a call and says whether it is let through: at most `limit` in any `windowSeconds`, over all processes. A caller that
 * never pauses gets 8 of 9 calls that the limit allows; one that stays below that share is never refused. Refused calls do
 * not count. One round trip; the first refused call in an eighth of the window writes once more, without waiting for it.
 *
 * More calls get through when the cache loses counters: by eviction, a restart, or an outage that moves keys to another server.
 * Windows are those of this machine's clock: with clocks that differ by d seconds, a window is d seconds shorter. Clocks that
 * differ by an eighth of the window or more may let twice the limit through.
 *
 * @param cache - A `Memcache` or a namespace. Counters are items `rate:<key>:<windowSeconds>:<part>`.
 * @param key - What is limited, such as `login:${address}`. Limits of other lengths have counters of their own.
 * @returns never rejects because the cache fails: see `onFailure`.
 * @throws `InvalidInputError` - an option cannot be used, or the client's `maxTtl` is shorter than the counters must live.
 * @throws `ClosedError` - the client is closed.
 *
 * @example
 * ```ts
 * const { allowed, resetSeconds } = await rateLimit(cache, `login:${address}`, {
 *   limit: 5,
 *   windowSeconds: 60,
 *   onFailure: 'allow',
 * })
 * if (!allowed) return tooManyRequests({ 'Retry-After': resetSeconds })
 * ```
 */
export async function rateLimit(cache: RecipeOwner, key: string, options: RateLimitRule): Promise<RateLimitOutcome> {
  const { access, calls, window } = limiterOf(cache)
  hostKey(checkName('rateLimit', 'key', key))
  const { limit, windowSeconds, onFailure } = checkRule(options, access.parts.options.maxTtl)
  try {
    const { allowed, used, waitMs } = await window.hit(key, limit, windowSeconds)
    return { allowed, used, resetSeconds: Math.ceil(waitMs / 1000), degraded: false }
  } catch (error) {
    if (!isAbsorbable(error)) throw error
    return guess(error, calls, key, onFailure)
  }
}

function guess(error: MemcacheError, calls: CounterCalls, key: string, onFailure: 'allow' | 'deny'): RateLimitOutcome {
  calls.report(error, key)
  return { allowed: onFailure === 'allow', used: 0, resetSeconds: 0, degraded: true }
}

function limiterOf(cache: RecipeOwner): Limiter {
  const access = recipeAccessOf('rateLimit', cache)
  const known = limiters.get(cache)
  if (known !== undefined) return known
  const calls = new CounterCalls(access, PREFIX)
  const limiter = { access, calls, window: new SlidingWindow(calls) }
  limiters.set(cache, limiter)
  return limiter
}

function checkRule(options: RateLimitRule, maxTtl: number | undefined): RateLimitRule {
  checkOptions(options, OPTIONS, 'rateLimit')
  const { limit, windowSeconds, onFailure } = options
  if (!isWhole(limit, MAX_LIMIT)) throw refused('limit', `a whole number from 1 to ${MAX_LIMIT}`, limit)
  if (!isWhole(windowSeconds, MAX_RELATIVE_SECONDS))
    throw refused('windowSeconds', `a whole number from 1 to ${MAX_RELATIVE_SECONDS}`, windowSeconds)
  if (onFailure !== 'allow' && onFailure !== 'deny') throw refused('onFailure', "'allow' or 'deny'", onFailure)
  const longest = maxTtl === undefined ? MAX_RELATIVE_SECONDS : Math.floor((maxTtl - 2) * (8 / 9))
  if (windowSeconds <= longest || maxTtl === undefined) return options
  throw refused('windowSeconds', `at most ${longest}, because of the client's maxTtl ${maxTtl}`, windowSeconds)
}

function isWhole(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most
}
