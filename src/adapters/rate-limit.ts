import type { Memcache } from '../client/memcache.ts'
import { FastifyLimit, type FastifyOptions, type FastifyRateLimitStore } from './fastify-limit.ts'
import type { CacheOrServers } from './host-client.ts'
import { Limits } from './limits.ts'
import type { RateLimitOptions } from './rate-limit-options.ts'
import type { WindowHits } from './window-counter.ts'

/** The hits of a client, as express-rate-limit takes them. */
export interface ClientHits {
  /** Hits in the present window. */
  readonly totalHits: number
  /** When the window ends. */
  readonly resetTime: Date
}

/** Window of a store whose host does not say another, in milliseconds, as express-rate-limit has it. */
const DEFAULT_WINDOW_MS = 60_000

/**
 * Store for express-rate-limit and hono-rate-limiter. A hit is one round trip, and atomic: of 500 at a time each gets a number
 * of its own. Each limiter takes a store of its own.
 *
 * @example
 * ```ts
 * app.use(rateLimit({ windowMs: 60_000, limit: 100, store: new RateLimitStore('localhost:11211') }))
 * ```
 */
export class RateLimitStore {
  /** Says to express-rate-limit that all processes count together. */
  readonly localKeys: false = false
  /** In front of every key: express-rate-limit compares it when it looks for hits that are counted twice. */
  readonly prefix: string
  readonly #limits: Limits
  #windowMs: number = DEFAULT_WINDOW_MS
  /** Makes every count begin anew, with one command; there is none without the option `clearable`. */
  readonly resetAll?: () => Promise<void>

  /**
   * @param cache - A `Memcache`, which the store never closes, or servers, `localhost:11211` when left out.
   * @param options - Checked here: a bad one throws `InvalidInputError` that names it.
   */
  constructor(cache?: CacheOrServers, options: RateLimitOptions = {}) {
    this.#limits = new Limits('RateLimitStore', cache, options, 'rl:')
    this.prefix = this.#limits.prefix
    const { clear } = this.#limits.calls
    if (clear !== undefined) this.resetAll = clear
  }

  /** The client that the store uses. */
  get cache(): Memcache {
    return this.#limits.client.cache
  }

  /** Called by the limiter: the length of its windows. */
  init(options: { readonly windowMs: number }): void {
    this.#windowMs = options.windowMs
  }

  /** Counts a hit. */
  async increment(key: string): Promise<ClientHits> {
    const windowMs = this.#windowMs
    return toClientHits(await this.#limits.count(key, windowMs, () => this.#limits.counter.hit(key, windowMs)))
  }

  /** Reads the hits, and counts none; `undefined` where there were none. */
  async get(key: string): Promise<ClientHits | undefined> {
    const found = await this.#limits.counter.peek(key, this.#windowMs)
    return found && toClientHits(found)
  }

  /** Takes a hit back. */
  decrement(key: string): Promise<void> {
    return this.#limits.counter.undo(key, this.#windowMs)
  }

  /** Forgets the hits of a client. */
  resetKey(key: string): Promise<void> {
    return this.#limits.counter.reset(key, this.#windowMs)
  }

  /** Closes the client, if the store has made it. */
  shutdown(): Promise<void> {
    return this.#limits.client.close()
  }
}

function toClientHits({ hits, endsAt }: WindowHits): ClientHits {
  return { totalHits: hits, resetTime: new Date(endsAt) }
}

/** The option `store` of `@fastify/rate-limit`. */
export type FastifyRateLimitStoreClass = new (options: object) => FastifyRateLimitStore

/**
 * Returns the option `store` for `@fastify/rate-limit`. The options `continueExceeding` and `exponentialBackoff` take a second
 * round trip for hits beyond the limit, and need `align: 'first-hit'`.
 *
 * @param cache - A `Memcache`, or servers: a client is made for them when Fastify makes the store; it ends with the process, and
 * an idle one does not keep the process alive.
 *
 * @example
 * ```ts
 * await app.register(rateLimit, { max: 100, timeWindow: '1 minute', store: fastifyRateLimitStore('localhost:11211') })
 * ```
 */
export function fastifyRateLimitStore(
  cache?: CacheOrServers,
  options: RateLimitOptions = {},
): FastifyRateLimitStoreClass {
  const limits = new Limits('fastifyRateLimitStore', cache, options, 'frl:')
  return class extends FastifyLimit {
    constructor(hostOptions: FastifyOptions) {
      super(limits, hostOptions, '')
    }
  }
}
