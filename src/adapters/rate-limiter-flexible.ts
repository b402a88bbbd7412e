import { accessOf } from '../client/client-access.ts'
import type { Memcache } from '../client/memcache.ts'
import { InvalidInputError } from '../errors.ts'
import { showValue } from '../show-value.ts'
import { type CounterCalls, openCounters } from './counter-calls.ts'
import { addToCounter, type Counter, READ_COUNTER, REMOVE_COUNTER, storeCounter } from './counter-commands.ts'
import { atMostSeconds } from './seconds.ts'

/** Options of `rate-limiter-flexible` that the store reads. */
export interface FlexibleOptions {
  /** The client, which the limiter never closes. */
  readonly storeClient: Memcache
}

/** The class `RateLimiterMemcache` of `rate-limiter-flexible`. */
export type FlexibleLimiterClass<Options, Limiter> = new (options: Options) => Limiter

/** A count, in the form of which the package makes a result. */
interface FlexibleCount {
  readonly consumedPoints: number
  /** -1: the window does not end. */
  readonly msBeforeNext: number
}

type Base = new (options: FlexibleOptions) => object

/**
 * Returns a class of limiters for `rate-limiter-flexible`: its class `RateLimiterMemcache` over a `Memcache`, with one round
 * trip for each call instead of two or three, and with a `reward()` that works. The class takes the options of that
 * class, with a `Memcache` as `storeClient`. Calls that fail reject, whatever the client's option `failures`, or go to
 * the `insuranceLimiter`. Needs the meta protocol: memcached 1.6.10 or newer.
 *
 * @throws `InvalidInputError` - the class is another one.
 *
 * @example
 * ```ts
 * const RateLimiterMemlane = rateLimiterFlexible(RateLimiterMemcache)
 * const limiter = new RateLimiterMemlane({ storeClient: cache, points: 10, duration: 60 })
 * ```
 */
export function rateLimiterFlexible<Options extends object, Limiter extends object>(
  limiterClass: FlexibleLimiterClass<Options, Limiter>,
): FlexibleLimiterClass<Options & FlexibleOptions, Limiter> {
  const made = createLimiterClass(checkClass(limiterClass))
  return made as unknown as FlexibleLimiterClass<Options & FlexibleOptions, Limiter>
}

/** A class whose results are made as those of `RateLimiterMemcache`: what its subclass gives must fit. */
function checkClass(limiterClass: unknown): Base {
  try {
    const { _getRateLimiterRes: toResult } = (limiterClass as { prototype: { _getRateLimiterRes: ToResult } }).prototype
    const result = toResult.call({ points: 3 }, '', 2, { consumedPoints: 2, msBeforeNext: 1000 })
    if (result.remainingPoints === 1 && result.isFirstInDuration && result.msBeforeNext === 1000)
      return limiterClass as Base
  } catch {
    // Not that class: refused below.
  }
  throw new InvalidInputError(
    `rateLimiterFlexible takes the class RateLimiterMemcache of rate-limiter-flexible, got ${showValue(limiterClass)}`,
  )
}

type ToResult = (
  this: { readonly points: number },
  key: string,
  changedPoints: number,
  count: FlexibleCount,
) => { readonly remainingPoints: number; readonly isFirstInDuration: boolean; readonly msBeforeNext: number }

/** The methods of the package that use the client; it makes the keys, prefix included. */
function createLimiterClass(Limiter: Base): Base {
  return class RateLimiterMemlane extends Limiter {
    readonly #calls: CounterCalls

    constructor(options: FlexibleOptions) {
      super(options)
      this.#calls = openCounters(checkClient(options.storeClient), '', false)
    }

    async _upsert(key: string, points: number, durationMs: number, isForced = false): Promise<FlexibleCount> {
      if (!Number.isSafeInteger(points))
        throw new InvalidInputError(`points must be a whole number, got ${showValue(points)}`)
      const ttl = durationMs > 0 ? atMostSeconds(durationMs) : 0
      if (isForced) return this.#store(key, Math.max(0, points), ttl)
      const name = points < 0 ? 'decr' : 'incr'
      return toCount(await this.#calls.run<Counter>(name, key, addToCounter(points, ttl)))
    }

    async #store(key: string, value: number, ttl: number): Promise<FlexibleCount> {
      await this.#calls.run('set', key, storeCounter('set', value, ttl))
      return toCount({ value, ttl: ttl === 0 ? -1 : ttl })
    }

    async _get(key: string): Promise<FlexibleCount | null> {
      const counter = await this.#calls.run<Counter | undefined>('get', key, READ_COUNTER)
      return counter === undefined ? null : toCount(counter)
    }

    _delete(key: string): Promise<boolean> {
      return this.#calls.run<boolean>('delete', key, REMOVE_COUNTER)
    }
  }
}

function toCount({ value, ttl }: Counter): FlexibleCount {
  return { consumedPoints: value, msBeforeNext: ttl < 0 ? -1 : ttl * 1000 }
}

function checkClient(client: unknown): Memcache {
  const access = accessOf(client)
  if (access !== undefined && access.namespaceKeys === undefined) return client as Memcache
  throw new InvalidInputError(`the option storeClient must be a Memcache of memlane, got ${showValue(client)}`)
}
