import { ownerOf, type PlacedPoints, place, pointOf, sortNearlySorted, sortPlaced } from './placed-points.ts'

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
  const added: number[] = []
  for (const part of parts) addPoints(added, source, part, known.get(part.name)?.digests ?? 0)
  const sorted = sortPlaced(new Float64Array(added))
  return { source, parts, placed: before === undefined ? sorted : changed(before, parts, sorted) }
}

function byName(parts: readonly RingPart[]): Map<string, RingPart> {
  return new Map(parts.map((part) => [part.name, part]))
}

/** Adds the points of a server's digests from a number on. */
function addPoints(placed: number[], source: PointSource, { name, owner, digests }: RingPart, from: number): void {
  for (let at = from; at < digests; at++) {
    const words = source.digest(name, at)
    for (let word = 0; word < source.size; word++) placed.push(place(words[word]! >>> 0, owner))
  }
}

/** Changes points into those of another list. */
function changed(
  { source, parts: before, placed }: RingPoints,
  parts: readonly RingPart[],
  added: PlacedPoints,
): PlacedPoints {
  const kept = byName(parts)
  const dropped: number[] = []
  const owners = before.map((part) => {
    const now = kept.get(part.name)
    if (now !== undefined) addPoints(dropped, source, part, now.digests)
    return now?.owner ?? GONE
  })
  return merge(placed, owners, added, sortPlaced(new Float64Array(dropped)))
}

/** Merges placed points, with the new indexes of their owners and without those that are dropped, with added ones. */
function merge(
  placed: PlacedPoints,
  owners: readonly number[],
  added: PlacedPoints,
  dropped: PlacedPoints,
): PlacedPoints {
  const merged = new Float64Array(placed.length + added.length)
  let [to, next, drop] = [0, 0, 0]
  for (let at = 0; at < placed.length; at++) {
    const value = placed[at]!
    const owner = owners[ownerOf(value)]!
    if (value === dropped[drop]) drop++
    else if (owner !== GONE) {
      while (added[next]! < value) merged[to++] = added[next++]!
      merged[to++] = place(pointOf(value), owner)
    }
  }
  while (next < added.length) merged[to++] = added[next++]!
  // Owners of one point may have changed their order.
  return sortNearlySorted(merged.slice(0, to))
}
