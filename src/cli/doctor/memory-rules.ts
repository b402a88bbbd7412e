import { formatBytes, formatCount, formatDuration, formatPercent, plural } from '../format.ts'
import { slabBytes } from '../stats/slab-classes.ts'
import { type Rule, shareOf, verdict } from './rule.ts'
import type { ServerFacts } from './server-facts.ts'

const MEGABYTE = 1024 * 1024
/** memcached's default for -m. */
const DEFAULT_LIMIT = 64 * MEGABYTE

/** Rules about hits, evictions and memory. */
export const MEMORY_RULES: readonly Rule[] = [
  {
    name: 'hit-ratio',
    fields: ['get_hits', 'get_misses'],
    fix: 'Find the prefixes that are missed with memlane hot, and look at evictions and times to live',
    judge: (facts) => {
      const { hits, gets, when } = recentGets(facts)
      const share = shareOf(hits, gets)
      const level = share < 0.8 ? 'warning' : 'info'
      return verdict(
        gets >= 1000 && share < 0.9,
        level,
        () => `${formatPercent(share)} % of ${formatCount(gets)} reads hit${when}`,
      )
    },
  },
  {
    name: 'evicting',
    fields: ['evictions', 'limit_maxbytes'],
    fix: 'Give it more memory (-m) or another server, or store less; where memory is free, see the rule starved-class',
    judge: (facts) => {
      const rate = facts.perMinute('evictions')
      const limit = facts.count('limit_maxbytes')
      const used = shareOf(facts.malloced, limit)
      return verdict(rate > 1, used < 0.9 ? 'bad' : 'warning', () => {
        return `${formatCount(rate)} items a minute are evicted, with ${formatPercent(used)} % of ${formatBytes(limit)} in use`
      })
    },
  },
  {
    name: 'evicted-unread',
    fields: ['evictions', 'evicted_unfetched'],
    fix: 'Store only what is read, or give it more memory (-m)',
    judge: (facts) => {
      const evictions = facts.count('evictions')
      const share = shareOf(facts.count('evicted_unfetched'), evictions)
      return verdict(evictions >= 100 && share > 0.5, 'warning', () => {
        return `${formatPercent(share)} % of ${formatCount(evictions)} evicted items were never read`
      })
    },
  },
  {
    name: 'expired-unread',
    fields: ['total_items', 'expired_unfetched'],
    fix: 'Store only what is read; memlane keys --summary shows the prefixes that are never read',
    judge: (facts) => {
      const stored = facts.count('total_items')
      const share = shareOf(facts.count('expired_unfetched'), stored)
      return verdict(stored >= 1000 && share > 0.5, 'info', () => {
        return `${formatPercent(share)} % of ${formatCount(stored)} stored items expired without being read`
      })
    },
  },
  {
    name: 'starved-class',
    fields: ['slab_automove', 'slab_reassign'],
    fix: 'Set slab_automove to 1 (slabs automove 1), or move pages with slabs reassign; memlane slabs shows the classes',
    judge: (facts) => {
      const starved = evictingClasses(facts)[0]
      const rich = facts.classes.find(
        ({ id, freeChunks, chunkSize }) => facts.classGrown(id, 'evicted') === 0 && freeChunks * chunkSize > MEGABYTE,
      )
      return verdict(starved !== undefined && rich !== undefined, 'bad', () => {
        const free = formatBytes(rich!.freeChunks * rich!.chunkSize)
        return `class ${starved!.id} (items up to ${formatBytes(starved!.chunkSize)}) evicts while class ${rich!.id} has ${free} free`
      })
    },
  },
  {
    name: 'young-evictions',
    fields: ['evictions'],
    fix: 'Give it more memory (-m): items are evicted while they are in use',
    judge: (facts) => {
      const young = evictingClasses(facts).find(({ evictedTime }) => evictedTime < 300)
      return verdict(young !== undefined, 'warning', () => {
        const age = formatDuration(young!.evictedTime * 1000)
        return `class ${young!.id} evicts items that were used ${age} before`
      })
    },
  },
  {
    name: 'no-memory',
    fields: ['store_no_memory', 'malloc_fails'],
    fix: 'Give it more memory (-m), and look for large items; with -M items are never evicted',
    judge: (facts) => {
      const refused = facts.classes.reduce((sum, { outOfMemory }) => sum + (outOfMemory || 0), 0)
      const total = refused + facts.count('store_no_memory') + facts.count('malloc_fails')
      const now = facts.grown('store_no_memory') + facts.grown('malloc_fails')
      return verdict(total > 0, now > 0 ? 'bad' : 'warning', () => {
        return `${formatCount(total)} times there was no memory for an item${now > 0 ? ', and it goes on' : ''}`
      })
    },
  },
  {
    name: 'padding',
    fields: ['growth_factor', 'slab_chunk_max'],
    fix: 'Start it with a smaller growth factor (-f 1.08), so that chunks fit the items better',
    judge: ({ classes }) => {
      const bytes = classes.map((one) => slabBytes(one))
      const padding = bytes.reduce((sum, one) => sum + one.padding, 0)
      const used = bytes.reduce((sum, one) => sum + one.padding + one.requested, 0)
      return verdict(used > MEGABYTE && padding / used > 0.2, 'warning', () => {
        return `${formatPercent(padding / used)} % of the memory of items (${formatBytes(padding)}) is padding`
      })
    },
  },
  {
    name: 'too-large',
    fields: ['store_too_large', 'item_size_max'],
    fix: 'Raise -I, or store large values in chunks (memlane/chunks); the server has removed the old values',
    judge: (facts) => {
      const total = facts.count('store_too_large')
      const isGrowing = facts.grown('store_too_large') > 0
      const limit = formatBytes(Number(facts.setting('item_size_max') ?? 0))
      return verdict(total > 0, isGrowing ? 'warning' : 'info', () => {
        return `${plural(total, 'store')} refused since the start: larger than ${limit}${isGrowing ? ', and it goes on' : ''}`
      })
    },
  },
  {
    name: 'default-memory',
    fields: ['limit_maxbytes', 'evictions'],
    fix: 'Start it with -m: megabytes for items',
    judge: (facts) =>
      verdict(facts.count('limit_maxbytes') === DEFAULT_LIMIT && facts.count('evictions') > 0, 'warning', () => {
        return 'it evicts with the 64 MB that memcached has where -m is not given'
      }),
  },
  {
    name: 'hash-table',
    fields: ['curr_items', 'hash_power_level', 'hash_is_expanding'],
    fix: 'Start it with -o hashpower=, so that the table need not grow under load',
    judge: (facts) => {
      const items = facts.count('curr_items')
      const power = facts.count('hash_power_level')
      const isGrowing = facts.stats['hash_is_expanding'] === true || facts.count('hash_is_expanding') > 0
      if (isGrowing) return { level: 'info', text: 'the hash table is growing, which takes time from commands' }
      return verdict(power > 0 && items > 1.5 * 2 ** power, 'warning', () => {
        return `the hash table has 2^${power} places for ${formatCount(items)} items`
      })
    },
  },
  {
    name: 'tail-repairs',
    fields: ['lrutail_reflocked'],
    fix: 'Upgrade memcached: items were held for hours, which is a leak of references',
    judge: (facts) => {
      const repairs = facts.classes.reduce((sum, { id }) => sum + facts.ofClass(id, 'tailrepairs'), 0)
      return verdict(repairs > 0, 'warning', () => `${plural(repairs, 'item')} had to be freed although still held`)
    },
  },
]

/** Reads of the time between the samples, or since the start where these are few. */
function recentGets(facts: ServerFacts): { readonly hits: number; readonly gets: number; readonly when: string } {
  const hits = facts.grown('get_hits')
  const gets = hits + facts.grown('get_misses')
  if (gets >= 1000) return { hits, gets, when: '' }
  const all = facts.count('get_hits')
  return { hits: all, gets: all + facts.count('get_misses'), when: ' since the start' }
}

function evictingClasses(facts: ServerFacts): ServerFacts['classes'] {
  return facts.classes.filter(({ id }) => facts.classGrown(id, 'evicted') > 0)
}
