export { nearCache } from '../middleware/near/near-cache.ts'
export type { NearCacheOptions } from '../middleware/near/options.ts'
export type { Key } from '../protocol/key.ts'
export type { HotKey, NearCacheMetrics, NearCachePart, NearCacheView } from '../seam/near-cache.ts'
