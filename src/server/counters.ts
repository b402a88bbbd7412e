import { MAX_SLAB_CLASSES } from './slab-class.ts'

/** Counters of each slab class, by memcached's names. */
export interface SlabCounters {
  getHits: number
  cmdSet: number
  deleteHits: number
  incrHits: number
  decrHits: number
  casHits: number
  casBadval: number
  touchHits: number
  evicted: number
  evictedNonzero: number
  /** Seconds since the last use of the item that was evicted last. */
  evictedTime: number
  evictedUnfetched: number
  expiredUnfetched: number
  outOfMemory: number
  reclaimed: number
  crawlerReclaimed: number
  crawlerItemsChecked: number
}

/** Counters of the server, by memcached's names if it has them. All start at 0; `stats reset` resets them. */
export interface Counters {
  cmdGet: number
  cmdSet: number
  cmdFlush: number
  cmdTouch: number
  cmdMeta: number
  getHits: number
  getMisses: number
  getExpired: number
  getFlushed: number
  deleteMisses: number
  deleteHits: number
  incrMisses: number
  incrHits: number
  decrMisses: number
  decrHits: number
  casMisses: number
  casHits: number
  casBadval: number
  touchHits: number
  touchMisses: number
  storeTooLarge: number
  storeNoMemory: number
  authCmds: number
  authErrors: number
  idleKicks: number
  bytesRead: number
  bytesWritten: number
  totalItems: number
  evictions: number
  evictedUnfetched: number
  expiredUnfetched: number
  reclaimed: number
  crawlerStarts: number
  crawlerReclaimed: number
  crawlerItemsChecked: number
  watcherSent: number
  watcherSkipped: number
  totalConnections: number
  rejectedConnections: number
  /** Counters by slab class; 0 is no class. */
  slabs: readonly SlabCounters[]
}

/** Creates counters at 0. */
export function createCounters(): Counters {
  return {
    cmdGet: 0,
    cmdSet: 0,
    cmdFlush: 0,
    cmdTouch: 0,
    cmdMeta: 0,
    getHits: 0,
    getMisses: 0,
    getExpired: 0,
    getFlushed: 0,
    deleteMisses: 0,
    deleteHits: 0,
    incrMisses: 0,
    incrHits: 0,
    decrMisses: 0,
    decrHits: 0,
    casMisses: 0,
    casHits: 0,
    casBadval: 0,
    touchHits: 0,
    touchMisses: 0,
    storeTooLarge: 0,
    storeNoMemory: 0,
    authCmds: 0,
    authErrors: 0,
    idleKicks: 0,
    bytesRead: 0,
    bytesWritten: 0,
    totalItems: 0,
    evictions: 0,
    evictedUnfetched: 0,
    expiredUnfetched: 0,
    reclaimed: 0,
    crawlerStarts: 0,
    crawlerReclaimed: 0,
    crawlerItemsChecked: 0,
    watcherSent: 0,
    watcherSkipped: 0,
    totalConnections: 0,
    rejectedConnections: 0,
    slabs: Array.from({ length: MAX_SLAB_CLASSES }, createSlabCounters),
  }
}

function createSlabCounters(): SlabCounters {
  return {
    getHits: 0,
    cmdSet: 0,
    deleteHits: 0,
    incrHits: 0,
    decrHits: 0,
    casHits: 0,
    casBadval: 0,
    touchHits: 0,
    evicted: 0,
    evictedNonzero: 0,
    evictedTime: 0,
    evictedUnfetched: 0,
    expiredUnfetched: 0,
    outOfMemory: 0,
    reclaimed: 0,
    crawlerReclaimed: 0,
    crawlerItemsChecked: 0,
  }
}
