import type { MemcacheOptions } from '../../client/options.ts'
import type { Distribution, Router } from '../../routing/distribution.ts'

/** Number of keys remembered; beyond it all are forgotten. */
const MAX_KEYS = 10_000

/** Returns the options with a distribution that is called once for each key: it is pure, and runs in another thread. */
export function memoizeDistribution(options: unknown): MemcacheOptions | undefined {
  const given = options as MemcacheOptions | undefined
  const distribution = given?.cluster?.distribution
  if (distribution === undefined) return given
  return { ...given, cluster: { ...given!.cluster, distribution: (servers) => new MemoRouter(distribution, servers) } }
}

class MemoRouter implements Router {
  readonly #router: Router
  readonly #picks: Map<string, number> = new Map()

  constructor(distribution: Distribution, servers: Parameters<Distribution>[0]) {
    this.#router = distribution(servers)
  }

  pick(key: Parameters<Router['pick']>[0]): number {
    if (typeof key !== 'string') return this.#router.pick(key)
    const known = this.#picks.get(key)
    if (known !== undefined) return known
    if (this.#picks.size >= MAX_KEYS) this.#picks.clear()
    const index = this.#router.pick(key)
    this.#picks.set(key, index)
    return index
  }

  order(key: Parameters<Router['order']>[0]): Iterable<number> {
    return this.#router.order(key)
  }
}
