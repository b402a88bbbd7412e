import type { Memcache } from '../../client/memcache.ts'
import { numberIn, StatsSampler } from '../stats/stats-sampler.ts'

/** Number of items of all servers; NaN where a server does not answer. */
export async function countItems(client: Memcache, signal: AbortSignal): Promise<number> {
  const samples = await new StatsSampler(client, { signal }).sample()
  return samples.reduce((sum, { stats }) => sum + numberIn(stats, 'curr_items'), 0)
}
