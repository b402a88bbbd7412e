export type { AdapterOptions, CacheOrServers } from '../adapters/host-client.ts'
export { cacheHandler, type NextCacheHandler, type NextOptions } from '../adapters/next.ts'
export type { NextCacheEntry } from '../adapters/next-entry.ts'
export {
  incrementalCacheHandler,
  type NextCacheControl,
  type NextContext,
  type NextHandlerInit,
  type NextIncrementalClass,
  type NextIncrementalEntry,
  type NextIncrementalHandler,
  type NextValue,
} from '../adapters/next-incremental.ts'
export type { TagDurations } from '../adapters/next-tags.ts'
