import type { Executor } from '../seam/executor.ts'
import { NEAR, type NearCacheHost, type NearCachePart } from '../seam/near-cache.ts'

/** A near cache at the place that it has in a mock: outside its failures and retries, and on its clock. */
export interface MockNearCache {
  /** The option for the client. */
  readonly part: NearCachePart
  /** Puts the near cache around an executor, once the client is made. */
  readonly around: (next: Executor) => Executor
}

/**
 * Prepares the option `nearCache` for a mock. What is no such option is left to the client, which refuses it.
 *
 * @param now - Returns the time of the mock, in milliseconds.
 */
export function mockNearCache(part: NearCachePart | undefined, now: () => number): MockNearCache | undefined {
  if (typeof part?.[NEAR] !== 'function') return undefined
  let around = (next: Executor): Executor => next
  const create = (host: NearCacheHost): ReturnType<NearCachePart[typeof NEAR]> => {
    const layer = part[NEAR]({ keyPrefix: host.keyPrefix, encodeKey: (key) => host.encodeKey(key), now })
    around = (next) => layer.around(next)
    return {
      view: layer.view,
      observing: layer.observing,
      // The executor of the mock is in front of the servers.
      around: (next) => next,
      keeping: (serde) => layer.keeping(serde),
      clear: () => layer.clear(),
      end: () => layer.end(),
      metrics: () => layer.metrics(),
      reset: () => layer.reset(),
    }
  }
  return { part: { options: part.options, [NEAR]: create }, around: (next) => around(next) }
}
