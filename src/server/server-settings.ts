import type { Dialect } from './dialect.ts'

/** Whole numbers that `extstore` sets, by memcached's names. */
export interface ExtstoreCounts {
  itemSize: number
  itemAge: number
  lowTtl: number
  recacheRate: number
  compactUnder: number
  dropUnder: number
  maxSleep: number
}

/**
 * Settings of `extstore`, `lru`, `lru_crawler`, `slabs` and `verbosity`. Only the crawler's switch has an effect;
 * `stats settings` shows all.
 */
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
  /** Whether there is an LRU for items with a ttl of `temporaryTtl` seconds or less. */
  temporaryLru: boolean
  temporaryTtl: number
  /** 0 off, 1 on, 2 aggressive. */
  automove: number
  automoveRatio: number
  automoveFreeRatio: number
  automoveWindow: number
  readonly extstore: ExtstoreCounts
  extstoreMaxFrag: number
  extstoreDropUnread: boolean
}

/** Creates memcached's default settings. */
export function createSettings({ afterDebian12 }: Dialect): ServerSettings {
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
    temporaryLru: false,
    temporaryTtl: 61,
    automove: 1,
    automoveRatio: 0.8,
    automoveFreeRatio: 0.01,
    automoveWindow: afterDebian12 ? 10 : 30,
    extstore: {
      itemSize: 512,
      itemAge: 4_294_967_295,
      lowTtl: 0,
      recacheRate: 2000,
      compactUnder: 0,
      dropUnder: 0,
      maxSleep: 1_000_000,
    },
    extstoreMaxFrag: 0.8,
    extstoreDropUnread: false,
  }
}
