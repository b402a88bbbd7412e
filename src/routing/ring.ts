import { InvalidInputError } from '../errors.ts'
import { ownerOf, type PlacedPoints, pointOf } from './placed-points.ts'
import { type PointSource, type RingPart, type RingPoints, ringPoints } from './ring-points.ts'

/** Most points of a ring, at 14 bytes each while they are sorted. */
const MAX_POINTS = 4_194_304

/**
 * Point of a ring that owns a key: the first at or above its hash (libketama), the first above it (Python's bisect), or
 * the last at or below it (Dalli). The end of the ring joins its beginning.
 */
export type RingSide = 'atOrAbove' | 'above' | 'atOrBelow'

/** Owner of a point that two servers share: the first or the last of them in the list. */
export type PointWinner = 'first' | 'last'

/** Rules by which a ring is made of servers. */
export interface RingShape {
  readonly source: PointSource
  readonly side: RingSide
  readonly winner: PointWinner
}

/** Most bits of the index of a ring: 256 kB. */
const MAX_INDEX_BITS = 16

/**
 * Points of servers on a circle of 2³². Flat arrays, no object per point, and an index by the first bits of a hash:
 * without the index the binary search costs half as much as the hash.
 */
export class Ring {
  readonly #points: Uint32Array
  readonly #owners: Uint16Array
  /**
   * Position of the first point at or above the beginning of each part of the circle; the last entry is their number.
   */
  readonly #index: Uint32Array
  /** Number of bits by which a hash is shifted for the number of its part. */
  readonly #shift: number
  // Points are whole numbers: the first above `hash` is the first at or above `hash + 1`, and the last at or below
  // `hash` is the one before that.
  readonly #above: number
  readonly #back: number
  /** Points of which the ring of the next list can be made. */
  readonly all: RingPoints

  /** @param previous - Points of the ring before this one: see {@link ringPoints}. */
  constructor({ source, side, winner }: RingShape, parts: readonly RingPart[], previous?: RingPoints) {
    this.all = ringPoints(source, parts, previous)
    const [points, owners] = winningPoints(this.all.placed, winner)
    const bits = Math.min(MAX_INDEX_BITS, 1 + Math.ceil(Math.log2(points.length + 1)))
    this.#points = points
    this.#owners = owners
    this.#shift = 32 - bits
    this.#index = indexOf(points, bits)
    this.#above = side === 'atOrAbove' ? 0 : 1
    this.#back = side === 'atOrBelow' ? 1 : 0
  }

  /** Returns the server of a hash. */
  owner(hash: number): number {
    return this.#owners[this.#position(hash)]!
  }

  /** Returns the owners of the points from the hash on, once around; an owner comes as often as it has points. */
  *walk(hash: number): Generator<number, void, undefined> {
    const owners = this.#owners
    const start = this.#position(hash)
    for (let at = start; at < owners.length; at++) yield owners[at]!
    for (let at = 0; at < start; at++) yield owners[at]!
  }

  #position(hash: number): number {
    const points = this.#points
    const wanted = hash + this.#above
    const part = hash >>> this.#shift
    let low = this.#index[part]!
    let high = this.#index[part + 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      if (points[middle]! < wanted) low = middle + 1
      else high = middle
    }
    const found = low - this.#back
    if (found < 0) return points.length - 1
    return found === points.length ? 0 : found
  }
}

/** Returns the points in order, and their owners; of equal points only the winner's. */
function winningPoints(placed: PlacedPoints, winner: PointWinner): [points: Uint32Array, owners: Uint16Array] {
  const points = new Uint32Array(placed.length)
  const owners = new Uint16Array(placed.length)
  let to = 0
  for (let at = 0; at < placed.length; at++) {
    const point = pointOf(placed[at]!)
    const isShared = to > 0 && points[to - 1] === point
    if (isShared && winner === 'first') continue
    if (isShared) to--
    points[to] = point
    owners[to++] = ownerOf(placed[at]!)
  }
  return [points.subarray(0, to), owners.subarray(0, to)]
}

/** Divides the circle into 2 to the power of `bits` equal parts, and finds the first point in or after each. */
function indexOf(points: Uint32Array, bits: number): Uint32Array {
  const index = new Uint32Array(2 ** bits + 1)
  let next = 0
  for (let at = 0; at < points.length; at++) {
    const part = points[at]! >>> (32 - bits)
    while (next <= part) index[next++] = at
  }
  return index.fill(points.length, next)
}

/** Refuses rings that weights have made too large. */
export function checkPointCount(count: number): void {
  if (count <= MAX_POINTS) return
  throw new InvalidInputError(
    `the servers' weights ask for more than ${MAX_POINTS} points on the ring: divide them by a common factor`,
  )
}
