import { InvalidInputError } from '../errors.ts'
import { ownerOf, type PlacedPoints, place, pointOf } from './placed-points.ts'
import { type PointSource, type RingPart, type RingPoints, ringPoints } from './ring-points.ts'

/** Most points of a ring, at 8 bytes each. */
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
 * Points of servers on a circle of 2³². One flat array, no object per point, and an index by the first bits of a hash:
 * without the index the binary search costs half as much as the hash.
 */
export class Ring {
  /** Points of which the ring of the next list can be made. */
  readonly all: RingPoints
  readonly #placed: PlacedPoints
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
  /** Distance from a shared point to the next one in the direction of the point that counts. */
  readonly #toWinner: number

  /** @param previous - Points of the ring before this one: see {@link ringPoints}. */
  constructor({ source, side, winner }: RingShape, parts: readonly RingPart[], previous?: RingPoints) {
    this.all = ringPoints(source, parts, previous)
    this.#placed = this.all.placed
    const bits = Math.min(MAX_INDEX_BITS, 1 + Math.ceil(Math.log2(this.#placed.length + 1)))
    this.#shift = 32 - bits
    this.#index = indexOf(this.#placed, bits)
    this.#above = side === 'atOrAbove' ? 0 : 1
    this.#back = side === 'atOrBelow' ? 1 : 0
    this.#toWinner = winner === 'first' ? -1 : 1
  }

  /** Returns the server of a hash. */
  owner(hash: number): number {
    return ownerOf(this.#placed[this.#position(hash)]!)
  }

  /** Returns the owners of the points from the hash on, once around; an owner comes as often as it has points. */
  *walk(hash: number): Generator<number, void, undefined> {
    const placed = this.#placed
    const start = this.#position(hash)
    for (let at = start; at < placed.length; at++) if (!this.#isShared(at)) yield ownerOf(placed[at]!)
    for (let at = 0; at < start; at++) if (!this.#isShared(at)) yield ownerOf(placed[at]!)
  }

  #position(hash: number): number {
    const placed = this.#placed
    const wanted = place(hash + this.#above, 0)
    const part = hash >>> this.#shift
    let low = this.#index[part]!
    let high = this.#index[part + 1]!
    while (low < high) {
      const middle = (low + high) >>> 1
      if (placed[middle]! < wanted) low = middle + 1
      else high = middle
    }
    let found = low - this.#back
    if (found < 0) found = placed.length - 1
    else if (found === placed.length) found = 0
    while (this.#isShared(found)) found += this.#toWinner
    return found
  }

  /** Checks whether a point does not count, because its neighbour is the same point of the winner. */
  #isShared(at: number): boolean {
    const neighbour = at + this.#toWinner
    if (neighbour < 0 || neighbour >= this.#placed.length) return false
    return pointOf(this.#placed[neighbour]!) === pointOf(this.#placed[at]!)
  }
}

/** Divides the circle into 2 to the power of `bits` equal parts, and finds the first point in or after each. */
function indexOf(placed: PlacedPoints, bits: number): Uint32Array {
  const index = new Uint32Array(2 ** bits + 1)
  const size = place(2 ** (32 - bits), 0)
  let next = 0
  for (let at = 0; at < placed.length; at++) {
    const part = Math.floor(placed[at]! / size)
    while (next <= part) index[next++] = at
  }
  return index.fill(placed.length, next)
}

/** Refuses rings that weights have made too large. */
export function checkPointCount(count: number): void {
  if (count <= MAX_POINTS) return
  throw new InvalidInputError(
    `the servers' weights ask for more than ${MAX_POINTS} points on the ring: divide them by a common factor`,
  )
}
