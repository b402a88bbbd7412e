/** Points with their owners in order, each pair as one number: point × 65,536 + owner. Points have 32 bits. */
export type PlacedPoints = Float64Array

/** Factor of a point: two to the power of the bits of an owner. */
const OWNERS = 65_536
/** Fewest points for which buckets are faster than a sort. */
const MIN_BUCKETED = 4096
/** Number of buckets, for the first 16 bits of a point. */
const BUCKETS = 65_536
/** Width of a bucket in placed points. */
const BUCKET_WIDTH = 2 ** 32
/** Most points in a bucket. A hash that prefers some buckets has its points sorted without buckets. */
const MAX_PER_BUCKET = 64

/** Returns a point and its owner in one number. */
export function place(point: number, owner: number): number {
  return point * OWNERS + owner
}

/** Returns the point of a placed point. */
export function pointOf(placed: number): number {
  return Math.floor(placed / OWNERS)
}

/** Returns the owner of a placed point. */
export function ownerOf(placed: number): number {
  return placed - pointOf(placed) * OWNERS
}

/**
 * Sorts placed points. Takes a tenth of the time of the sort of typed arrays where hashes have spread the points evenly.
 */
export function sortPlaced(placed: PlacedPoints): PlacedPoints {
  const starts = placed.length < MIN_BUCKETED ? undefined : bucketStarts(placed)
  if (starts === undefined) return placed.toSorted()
  const sorted = new Float64Array(placed.length)
  for (let at = 0; at < placed.length; at++) sorted[starts[bucketOf(placed[at]!)]!++] = placed[at]!
  return sortNearlySorted(sorted)
}

/** Returns the position of each bucket's first point in the result; undefined if a bucket has too many points. */
function bucketStarts(placed: PlacedPoints): Uint32Array | undefined {
  const starts = new Uint32Array(BUCKETS)
  for (let at = 0; at < placed.length; at++) starts[bucketOf(placed[at]!)]!++
  let start = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const count = starts[bucket]!
    if (count > MAX_PER_BUCKET) return undefined
    starts[bucket] = start
    start += count
  }
  return starts
}

function bucketOf(placed: number): number {
  return Math.floor(placed / BUCKET_WIDTH)
}

/** Sorts in place, by insertion: for points none of which is far from its position. */
export function sortNearlySorted(placed: PlacedPoints): PlacedPoints {
  for (let at = 1; at < placed.length; at++) {
    const value = placed[at]!
    let to = at
    for (; to > 0 && placed[to - 1]! > value; to--) placed[to] = placed[to - 1]!
    placed[to] = value
  }
  return placed
}
