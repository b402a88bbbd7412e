/** What the server counts, by memcached's names where it has them. All start at 0; `stats reset` puts them back. */
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
  totalConnections: number
  rejectedConnections: number
}

/** Counters at 0. */
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
    totalConnections: 0,
    rejectedConnections: 0,
  }
}
