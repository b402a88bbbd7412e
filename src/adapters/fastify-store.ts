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
