import type { HotKeys } from '../keys/hot-keys.ts'

/** Reads of one server that were seen, and how many there were for each of them. */
export interface SeenReads {
  readonly server: string
  readonly hot: HotKeys
  /** Reads for each that was seen: 1 where the server wrote all of its log. */
  readonly factor: number
  /** Milliseconds that were watched. */
  readonly ms: number
}

/** Reads of a key a second. */
export interface KeyRate {
  readonly key: string
  readonly server: string
  readonly perSecond: number
  /** From 0 to 1. */
  readonly hitShare: number
  /** Bytes of its value; undefined where it was never hit. */
  readonly size: number | undefined
}

/** Misses of a prefix a second. */
export interface PrefixRate {
  readonly prefix: string
  readonly perSecond: number
}

/** Reads of all servers: rates are estimates where the servers dropped a part of their log. */
export interface HotReport {
  readonly seconds: number
  readonly perSecond: number
  readonly hitShare: number
  /** Reads for each that was seen. */
  readonly factor: number
  /** Hottest first. */
  readonly keys: readonly KeyRate[]
  /** Most missed first. */
  readonly prefixes: readonly PrefixRate[]
}

/** Sums up what was seen; `limit` is the number of keys, and of prefixes. */
export function hotReport(seen: readonly SeenReads[], limit: number): HotReport {
  const watched = seen.filter(({ ms }) => ms > 0)
  const rate = (count: number, { factor, ms }: SeenReads): number => (count * factor * 1000) / ms
  const total = (count: (hot: HotKeys) => number): number =>
    watched.reduce((sum, one) => sum + rate(count(one.hot), one), 0)
  const reads = total((hot) => hot.reads)
  return {
    seconds: Math.max(0, ...watched.map(({ ms }) => ms)) / 1000,
    perSecond: reads,
    hitShare: total((hot) => hot.hits) / reads,
    factor: reads / watched.reduce((sum, { hot, ms }) => sum + (hot.reads * 1000) / ms, 0),
    keys: top(
      watched.flatMap((one) =>
        one.hot.keys.map(({ key, reads: count, hits, size }) => ({
          key,
          server: one.server,
          perSecond: rate(count, one),
          hitShare: hits / count,
          size,
        })),
      ),
      limit,
    ),
    prefixes: top(mergePrefixes(watched, rate), limit),
  }
}

function mergePrefixes(seen: readonly SeenReads[], rate: (count: number, one: SeenReads) => number): PrefixRate[] {
  const rates = new Map<string, number>()
  for (const one of seen) {
    for (const { prefix, misses } of one.hot.prefixes) rates.set(prefix, (rates.get(prefix) ?? 0) + rate(misses, one))
  }
  return Array.from(rates, ([prefix, perSecond]) => ({ prefix, perSecond }))
}

function top<T extends { readonly perSecond: number }>(rates: readonly T[], limit: number): T[] {
  return rates.toSorted((a, b) => b.perSecond - a.perSecond).slice(0, limit)
}
