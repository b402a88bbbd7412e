import type { SlabCounters } from './counters.ts'
import type { Engine } from './engine.ts'
import { chunkBytesOf } from './slab-class.ts'
import { type Stat, statLines } from './stat-lines.ts'

const PAGE_BYTES = 1024 * 1024

/**
 * Returns `stats slabs`. There are no slabs here: pages and chunks are those that memcached would need for the same
 * items, the counters are real.
 */
export function slabStats(engine: Engine): string {
  const used = new Map<number, number>()
  for (const item of engine.store.byUse()) used.set(item.slabClass, (used.get(item.slabClass) ?? 0) + 1)
  const stats: Stat[] = []
  let pages = 0
  const classes = Array.from(used).toSorted(([first], [second]) => first - second)
  for (const [slabClass, items] of classes) {
    const chunks = chunksPerPage(slabClass)
    pages += Math.ceil(items / chunks)
    const lines = [...chunkStats(slabClass, items, chunks), ...commandStats(engine.counters.slabs[slabClass]!)]
    for (const [name, value] of lines) stats.push([`${slabClass}:${name}`, value])
  }
  return statLines([...stats, ['active_slabs', classes.length], ['total_malloced', pages * PAGE_BYTES]])
}

/** Returns the pages that memcached would need for the items of a class; 0 for the pool of free pages. */
export function pagesOf({ store }: Engine, slabClass: number): number {
  let items = 0
  for (const item of store.byUse()) if (item.slabClass === slabClass) items++
  return Math.ceil(items / chunksPerPage(slabClass))
}

function chunksPerPage(slabClass: number): number {
  return Math.floor(PAGE_BYTES / chunkBytesOf(slabClass))
}

function chunkStats(slabClass: number, items: number, perPage: number): Stat[] {
  const pages = Math.ceil(items / perPage)
  return [
    ['chunk_size', chunkBytesOf(slabClass)],
    ['chunks_per_page', perPage],
    ['total_pages', pages],
    ['total_chunks', pages * perPage],
    ['used_chunks', items],
    ['free_chunks', pages * perPage - items],
    ['free_chunks_end', 0],
  ]
}

function commandStats(counted: SlabCounters): Stat[] {
  return [
    ['get_hits', counted.getHits],
    ['cmd_set', counted.cmdSet],
    ['delete_hits', counted.deleteHits],
    ['incr_hits', counted.incrHits],
    ['decr_hits', counted.decrHits],
    ['cas_hits', counted.casHits],
    ['cas_badval', counted.casBadval],
    ['touch_hits', counted.touchHits],
  ]
}
