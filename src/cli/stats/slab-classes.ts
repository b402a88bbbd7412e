import type { Stats } from '../../client/stats.ts'
import { numberIn } from './stats-sampler.ts'

/** Slab class of a server: chunks of one size, and the items in them. Numbers that the server does not report are NaN. */
export interface SlabClass {
  readonly id: number
  /** Bytes of a chunk. */
  readonly chunkSize: number
  readonly chunksPerPage: number
  readonly pages: number
  readonly chunks: number
  readonly usedChunks: number
  readonly freeChunks: number
  /** Bytes that the items asked for: the rest of their chunks is padding. */
  readonly requested: number
  readonly items: number
  /** Seconds since the last access of the oldest item. */
  readonly age: number
  /** Items evicted since the start, and those of them that were never read. */
  readonly evicted: number
  readonly evictedUnread: number
  /** Seconds since the last access of the item that was evicted last. */
  readonly evictedTime: number
  /** Stores that were refused for lack of memory. */
  readonly outOfMemory: number
}

/** Reads the slab classes out of `stats slabs` and `stats items`, smallest chunks first. */
export function slabClasses(slabs: Stats, items: Stats): SlabClass[] {
  const ids = new Set(Object.keys(slabs).flatMap((name) => /^(\d+):chunk_size$/.exec(name)?.[1] ?? []))
  return Array.from(ids, Number)
    .toSorted((a, b) => a - b)
    .map((id) => readClass(id, slabs, items))
}

function readClass(id: number, slabs: Stats, items: Stats): SlabClass {
  const slab = (name: string): number => numberIn(slabs, `${id}:${name}`)
  // A class without items has no lines among the items.
  const item = (name: string): number => (`items:${id}:number` in items ? numberIn(items, `items:${id}:${name}`) : 0)
  return {
    id,
    chunkSize: slab('chunk_size'),
    chunksPerPage: slab('chunks_per_page'),
    pages: slab('total_pages'),
    chunks: slab('total_chunks'),
    usedChunks: slab('used_chunks'),
    freeChunks: slab('free_chunks'),
    // Before memcached 1.6 it was reported with the chunks.
    requested: `${id}:mem_requested` in slabs ? slab('mem_requested') : item('mem_requested'),
    items: item('number'),
    age: item('age'),
    evicted: item('evicted'),
    evictedUnread: item('evicted_unfetched'),
    evictedTime: item('evicted_time'),
    outOfMemory: item('outofmemory'),
  }
}

/** Bytes of a class: of all its chunks, of what items asked for, and of the padding in their chunks. */
export interface SlabBytes {
  readonly total: number
  readonly requested: number
  readonly padding: number
}

/** Returns what the memory of a class is used for; the rest is free. */
export function slabBytes({ chunkSize, chunks, usedChunks, requested }: SlabClass): SlabBytes {
  const used = usedChunks * chunkSize
  const asked = Math.min(used, Number.isNaN(requested) ? used : requested)
  return { total: chunks * chunkSize, requested: asked, padding: used - asked }
}

/** Whole pages of a class that hold no item. */
export function freePages({ freeChunks, chunksPerPage }: SlabClass): number {
  return chunksPerPage > 0 ? Math.floor(freeChunks / chunksPerPage) : 0
}
