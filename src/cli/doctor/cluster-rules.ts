import { formatCount, formatRate } from '../format.ts'
import type { ClusterRule } from './rule.ts'
import type { ServerFacts } from './server-facts.ts'

/** Times the mean that a server may have. */
const UNEVEN = 1.5
/** Fewer items, or reads, say nothing about shares. */
const MIN_ITEMS = 1000

/** Rules about servers beside each other. */
export const CLUSTER_RULES: readonly ClusterRule[] = [
  {
    name: 'versions',
    fields: ['version'],
    fix: 'Upgrade the older ones, so that all servers know the same commands',
    judge: (servers) => {
      const versions = new Set(servers.map(({ stats }) => String(stats['version'])))
      const [first] = servers
      if (versions.size < 2 || first === undefined) return []
      return [{ server: first.server, level: 'info', text: `the servers have ${[...versions].join(', ')}` }]
    },
  },
  {
    name: 'uneven-items',
    fields: ['curr_items'],
    fix: 'Compare weights and --distribution of all clients; memlane keys --summary shows what it has',
    judge: (servers) =>
      aboveMean(servers, (facts) => facts.count('curr_items'), MIN_ITEMS).map(({ facts, value, mean }) => ({
        server: facts.server,
        level: 'warning',
        text: `it has ${formatCount(value)} items, a server in the mean ${formatCount(mean)}`,
      })),
  },
  {
    name: 'uneven-reads',
    fields: ['cmd_get'],
    fix: 'Look for a hot key with memlane hot; a near cache in the clients takes its reads',
    judge: (servers) =>
      aboveMean(servers, (facts) => facts.grown('cmd_get'), MIN_ITEMS).map(({ facts, value, mean }) => ({
        server: facts.server,
        level: 'warning',
        text: `it has ${formatRate(value / facts.seconds)} reads a second, a server in the mean ${formatRate(mean / facts.seconds)}`,
      })),
  },
]

function aboveMean(
  servers: readonly ServerFacts[],
  numberOf: (facts: ServerFacts) => number,
  least: number,
): { readonly facts: ServerFacts; readonly value: number; readonly mean: number }[] {
  const mean = servers.reduce((sum, facts) => sum + numberOf(facts), 0) / servers.length
  return servers
    .map((facts) => ({ facts, value: numberOf(facts), mean }))
    .filter(({ value }) => value >= least && value > UNEVEN * mean)
}
