import type { Executor } from '../seam/executor.ts'
import { NEAR, type NearCacheHost, type NearCachePart, type NearLayer } from '../seam/near-cache.ts'

/** A near cache at the place that it has in a mock: outside its failures and retries, and on its clock. */
export interface MockNearCache {
  /** The option for the client. */
  readonly part: NearCachePart
  /** Puts the near cache around an executor, once the client is made. */
  readonly around: (next: Executor) => Executor
}

/**
 * Prepares the option `nearCache` for a mock. Any other value is left to the client, which refuses it.
 *
 * @param now - Returns the time of the mock, in milliseconds.
 */
export function mockNearCache(part: NearCachePart | undefined, now: () => number): MockNearCache | undefined {
  if (typeof part?.[NEAR] !== 'function') return undefined
  let layer: NearLayer | undefined
  const create = (host: NearCacheHost): NearLayer => {
    const made = part[NEAR]({ keyPrefix: host.keyPrefix, encodeKey: (key) => host.encodeKey(key), now })
    layer = made
    return {
      view: made.view,
      observing: made.observing,
      // The executor of the mock is in front of the servers.
      around: (next) => next,
      keeping: (serde) => made.keeping(serde),
      clear: () => made.clear(),
      end: () => made.end(),
      metrics: () => made.metrics(),
      reset: () => made.reset(),
    }
  }
  return { part: { options: part.options, [NEAR]: create }, around: (next) => layer?.around(next) ?? next }
}
