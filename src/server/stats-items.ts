import type { SlabCounters } from './counters.ts'
import type { Engine } from './engine.ts'
import { type Stat, statLines } from './stat-lines.ts'

/** Step of `stats sizes`, in bytes. */
const SIZE_STEP_BYTES = 32

interface ClassTotals {
  number: number
  bytes: number
  /** Server time of the oldest use. */
  oldest: number
}

/** Returns `stats items`. All items are cold: there is one order of use, without places for new or hot items. */
export function itemStats(engine: Engine): string {
  const stats: Stat[] = []
  for (const [slabClass, totals] of totalsOf(engine)) {
    const counted = engine.counters.slabs[slabClass]!
    for (const [name, value] of classStats(engine, totals, counted)) {
      stats.push([`items:${slabClass}:${name}`, value])
    }
  }
  return statLines(stats)
}

/** Returns the classes that have items, in order. Counted on request: no state is kept for it. */
function totalsOf({ store }: Engine): [number, ClassTotals][] {
  const classes = new Map<number, ClassTotals>()
  for (const item of store.byUse()) {
    const totals = classes.get(item.slabClass) ?? { number: 0, bytes: 0, oldest: item.usedAt }
    totals.number++
    totals.bytes += item.bytes
    totals.oldest = Math.min(totals.oldest, item.usedAt)
    classes.set(item.slabClass, totals)
  }
  return Array.from(classes).toSorted(([first], [second]) => first - second)
}

function classStats({ clock, settings }: Engine, totals: ClassTotals, counted: SlabCounters): Stat[] {
  return [
    ['number', totals.number],
    ['number_hot', 0],
    ['number_warm', 0],
    ['number_cold', totals.number],
    ...(settings.temporaryLru ? ([['number_temp', 0]] as const) : []),
    ['age_hot', 0],
    ['age_warm', 0],
    ['age', clock.seconds - totals.oldest],
    ['mem_requested', totals.bytes],
    ['evicted', counted.evicted],
    ['evicted_nonzero', counted.evictedNonzero],
    ['evicted_time', counted.evictedTime],
    ['outofmemory', counted.outOfMemory],
    ['tailrepairs', 0],
    ['reclaimed', counted.reclaimed],
    ['expired_unfetched', counted.expiredUnfetched],
    ['evicted_unfetched', counted.evictedUnfetched],
    ['evicted_active', 0],
    ['crawler_reclaimed', counted.crawlerReclaimed],
    ['crawler_items_checked', counted.crawlerItemsChecked],
    ['lrutail_reflocked', 0],
    ['moves_to_cold', 0],
    ['moves_to_warm', 0],
    ['moves_within_lru', 0],
    ['direct_reclaims', counted.evicted],
    ['hits_to_hot', 0],
    ['hits_to_warm', 0],
    ['hits_to_cold', counted.getHits],
    ['hits_to_temp', 0],
  ]
}

/** Returns `stats sizes`: the number of items of each size, if that was turned on. */
export function sizeStats({ store, showsSizes }: Engine): string {
  if (!showsSizes) return statLines([['sizes_status', 'disabled']])
  const counts = new Map<number, number>()
  for (const item of store.byUse()) {
    const size = Math.ceil(item.bytes / SIZE_STEP_BYTES) * SIZE_STEP_BYTES
    counts.set(size, (counts.get(size) ?? 0) + 1)
  }
  const sorted = Array.from(counts).toSorted(([first], [second]) => first - second)
  return statLines(sorted.map(([size, count]) => [String(size), count]))
}
