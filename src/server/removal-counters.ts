import type { Counters } from './counters.ts'
import type { Item } from './item.ts'

/** Counts an item that has ended, if it was never read. */
export function countUnfetched(counters: Counters, item: Item): void {
  if (item.fetched) return
  counters.expiredUnfetched++
  counters.slabs[item.slabClass]!.expiredUnfetched++
}

/** Counts an item that has ended and made room for another. */
export function countReclaimed(counters: Counters, item: Item): void {
  counters.reclaimed++
  counters.slabs[item.slabClass]!.reclaimed++
  countUnfetched(counters, item)
}

/** Counts an item that had to make room for another. */
export function countEvicted(counters: Counters, item: Item, seconds: number): void {
  const slab = counters.slabs[item.slabClass]!
  counters.evictions++
  slab.evicted++
  slab.evictedTime = seconds - item.usedAt
  if (item.expiresAt !== 0) slab.evictedNonzero++
  if (item.fetched) return
  counters.evictedUnfetched++
  slab.evictedUnfetched++
}

/** Counts an item that the crawler checked. */
export function countCrawled(counters: Counters, item: Item, ended: boolean): void {
  const slab = counters.slabs[item.slabClass]!
  counters.crawlerItemsChecked++
  slab.crawlerItemsChecked++
  if (!ended) return
  counters.crawlerReclaimed++
  slab.crawlerReclaimed++
  countUnfetched(counters, item)
}
