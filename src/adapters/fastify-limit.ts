import { InvalidInputError } from '../errors.ts'
import { callWith } from './callbacks.ts'
import type { Limits } from './limits.ts'
import type { WindowHits } from './window-counter.ts'

/** Called with the hits of a key, and the milliseconds until its window ends. */
export type FastifyRateLimitCallback = (
  error: Error | null,
  result?: { readonly current: number; readonly ttl: number },
) => void

/** A store of `@fastify/rate-limit`. */
export interface FastifyRateLimitStore {
  /** Counts a hit. */
  incr(key: string, callback: FastifyRateLimitCallback, timeWindow: number, max: number): void
  /** Reads the hits, and counts none. */
  read(key: string, callback: FastifyRateLimitCallback, timeWindow: number): void
  /** Returns the store of a route with limits of its own. */
  child(routeOptions: object): FastifyRateLimitStore
}

/** Options of `@fastify/rate-limit` and of its routes that a store has to know. */
export interface FastifyOptions {
  readonly continueExceeding?: boolean
  readonly exponentialBackoff?: boolean
  readonly routeInfo?: { readonly method?: string | readonly string[]; readonly url?: string }
}

/** Longest time that a client is kept out by `exponentialBackoff`, in milliseconds: 30 days. */
const MAX_BACKOFF_MS = 2_592_000_000

/** A store of `@fastify/rate-limit`: that of the limiter, or of a route with limits of its own. */
export class FastifyLimit implements FastifyRateLimitStore {
  readonly #limits: Limits
  readonly #options: FastifyOptions
  /** In front of the keys of a route with limits of its own. */
  readonly #route: string

  constructor(limits: Limits, options: FastifyOptions, route: string) {
    this.#limits = limits
    this.#options = options
    this.#route = route
    if ((options.continueExceeding || options.exponentialBackoff) && limits.isByClock) throw needsFirstHit()
  }

  incr(key: string, callback: FastifyRateLimitCallback, timeWindow: number, max: number): void {
    const own = this.#route + key
    call(
      this.#limits.count(own, timeWindow, () => this.#hit(own, timeWindow, max)),
      callback,
    )
  }

  async #hit(key: string, timeWindow: number, max: number): Promise<WindowHits> {
    const { counter } = this.#limits
    const counted = await counter.hit(key, timeWindow)
    const extendMs = counted.hits > max ? this.#extension(counted.hits - max, timeWindow) : undefined
    if (extendMs === undefined) return counted
    if (counted.byClock) throw needsFirstHit()
    await counter.extend(key, extendMs)
    return { ...counted, endsAt: Date.now() + extendMs }
  }

  /** Milliseconds for which a client is kept out from now on; undefined: its window is left as it is. */
  #extension(beyond: number, timeWindow: number): number | undefined {
    const { continueExceeding, exponentialBackoff } = this.#options
    if (continueExceeding) return timeWindow
    return exponentialBackoff ? Math.min(timeWindow * 2 ** (beyond - 1), MAX_BACKOFF_MS) : undefined
  }

  read(key: string, callback: FastifyRateLimitCallback, timeWindow: number): void {
    const own = this.#route + key
    const none: WindowHits = { hits: 0, endsAt: 0, byClock: false }
    call(
      this.#limits.count(own, timeWindow, async () => (await this.#limits.counter.peek(own, timeWindow)) ?? none),
      callback,
    )
  }

  child(routeOptions: FastifyOptions): FastifyRateLimitStore {
    const { method = '', url = '' } = routeOptions.routeInfo ?? {}
    return new FastifyLimit(this.#limits, routeOptions, `${this.#route}${String(method)}${url}-`)
  }
}

function needsFirstHit(): InvalidInputError {
  return new InvalidInputError(
    "continueExceeding and exponentialBackoff need align: 'first-hit', and a server that speaks the meta protocol",
  )
}

/** Gives the hits to the callback, with the milliseconds that are left. */
function call(outcome: Promise<WindowHits>, callback: FastifyRateLimitCallback): void {
  const result = outcome.then(({ hits, endsAt }) => ({ current: hits, ttl: Math.max(0, endsAt - Date.now()) }))
  callWith(result, callback)
}
