import { ownerOf, type PlacedPoints, place, sortNearlySorted, sortPlaced } from './placed-points.ts'

/** Digests of which the points of servers are made. */
export interface PointSource {
  /** Number of words of each digest that are points, from its beginning. */
  readonly size: number
  /**
   * Returns the words of a server's digest, given by its number; signed or not.
   *
   * @returns may be one array for every call: read it before the next one.
   */
  digest(name: string, at: number): ArrayLike<number>
}

/** Share of a server in a ring. */
export interface RingPart {
  /** Text of which the points are made. */
  readonly name: string
  /** Index of the server in the list. */
  readonly owner: number
  /** Number of the server's digests; a whole number. */
  readonly digests: number
}

/** New index of a server that is not in the list. */
const GONE = -1
/** Point above all others. */
const NONE = Number.POSITIVE_INFINITY

/** All points of a list of servers, with those that several servers share. */
export interface RingPoints {
  readonly source: PointSource
  readonly parts: readonly RingPart[]
  readonly placed: PlacedPoints
}

/** Returns a part for each server of a list. */
export function partsOf(names: readonly string[], digests: readonly number[]): RingPart[] {
  return names.map((name, owner) => ({ name, owner, digests: digests[owner]! }))
}

/**
 * Makes the points of a list of servers.
 *
 * @param previous - Points of the list before, with one part for each server. If they have the same source, the points
 * that both lists have are neither hashed nor sorted again; the result is the same.
 */
export function ringPoints(source: PointSource, parts: readonly RingPart[], previous?: RingPoints): RingPoints {
  const before = previous?.source === source ? previous : undefined
  const known = byName(before?.parts ?? [])
  const added = placePoints(source, parts, ({ name }) => known.get(name)?.digests ?? 0)
  return { source, parts, placed: before === undefined ? added : changed(before, parts, added) }
}

function byName(parts: readonly RingPart[]): Map<string, RingPart> {
  return new Map(parts.map((part) => [part.name, part]))
}

/** Makes the points of servers' digests, of each server those from a number on. */
function placePoints(source: PointSource, parts: readonly RingPart[], first: (part: RingPart) => number): PlacedPoints {
  let count = 0
  for (const part of parts) count += Math.max(0, part.digests - first(part))
  const placed = new Float64Array(count * source.size)
  let to = 0
  for (const part of parts) {
    for (let at = first(part); at < part.digests; at++) {
      const words = source.digest(part.name, at)
      for (let word = 0; word < source.size; word++) placed[to++] = place(words[word]! >>> 0, part.owner)
    }
  }
  return sortPlaced(placed)
}

/** Changes points into those of another list. */
function changed(
  { source, parts: before, placed }: RingPoints,
  parts: readonly RingPart[],
  added: PlacedPoints,
): PlacedPoints {
  const kept = byName(parts)
  const dropped = placePoints(source, before, ({ name, digests }) => kept.get(name)?.digests ?? digests)
  const owners = before.map(({ name }) => kept.get(name)?.owner ?? GONE)
  const count = parts.reduce((sum, { digests }) => sum + digests, 0) * source.size
  const merged = merge(placed, owners, added, dropped, count)
  // Owners that changed their order may do so at a point that they share.
  return isRising(owners.filter((owner) => owner !== GONE)) ? merged : sortNearlySorted(merged)
}

/**
 * Merges placed points, with the new indexes of their owners and without those that are dropped, with added ones.
 *
 * @param count - Number of points of the result.
 */
function merge(
  placed: PlacedPoints,
  owners: readonly number[],
  added: PlacedPoints,
  dropped: PlacedPoints,
  count: number,
): PlacedPoints {
  const merged = new Float64Array(count)
  let [to, addedAt, droppedAt] = [0, 0, 0]
  let [nextAdded, nextDropped] = [added[0] ?? NONE, dropped[0] ?? NONE]
  for (let at = 0; at < placed.length; at++) {
    const value = placed[at]!
    const owner = ownerOf(value)
    const newOwner = owners[owner]!
    if (value === nextDropped) nextDropped = dropped[++droppedAt] ?? NONE
    else if (newOwner !== GONE) {
      const newValue = value - owner + newOwner
      for (; nextAdded < newValue; nextAdded = added[++addedAt] ?? NONE) merged[to++] = nextAdded
      merged[to++] = newValue
    }
  }
  merged.set(added.subarray(addedAt), to)
  return merged
}

function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, at) => at === 0 || numbers[at - 1]! < number)
}
