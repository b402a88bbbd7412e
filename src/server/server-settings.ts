/** What `lru`, `lru_crawler` and `verbosity` set. Nothing here obeys it, but for the crawler's switch; `stats settings` shows it. */
export interface ServerSettings {
  verbosity: number
  crawlerEnabled: boolean
  crawlerSleep: number
  crawlerToCrawl: number
  segmented: boolean
  hotPercent: number
  warmPercent: number
  hotMaxFactor: number
  warmMaxFactor: number
  /** -1: there is no LRU for items with a short ttl. */
  temporaryTtl: number
}

/** memcached's defaults. */
export function createSettings(): ServerSettings {
  return {
    verbosity: 0,
    crawlerEnabled: true,
    crawlerSleep: 100,
    crawlerToCrawl: 0,
    segmented: true,
    hotPercent: 20,
    warmPercent: 40,
    hotMaxFactor: 0.2,
    warmMaxFactor: 2,
    temporaryTtl: -1,
  }
}
